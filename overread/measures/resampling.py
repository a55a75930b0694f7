"""Limits for any statistic by resampling whole patients, the same draw for every score."""

import math
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from overread.domain.estimates import Estimate
from overread.measures.inputs import (
    Codes,
    Floats,
    checked_choice,
    checked_count,
    checked_flags,
    checked_groups,
    checked_level,
    checked_scores,
    same_length,
)
from overread.measures.results import NAN


@dataclass(frozen=True)
class BootstrapEstimate(Estimate):
    """A statistic with bootstrap limits."""

    n_resamples: int
    n_failed: int
    n_clusters: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Draws:
    """How patients are drawn: `n_resamples` times from `seed`, "bca" or "percentile" limits at `level`."""

    n_resamples: int = 2000
    seed: int
    level: float = 0.95
    method: str = "bca"

    def __post_init__(self) -> None:
        """Refuse draws that give no limits."""
        checked_choice(self.method, ("bca", "percentile"), "method")
        checked_level(self.level)
        checked_count(self.n_resamples, "n_resamples", at_least=1)


class FilmsByPatient(NamedTuple):
    """Row numbers sorted by patient, and where each patient's begin and how many they are."""

    rows: Codes
    starts: Codes
    counts: Codes

    @classmethod
    def of(cls, codes: Codes, k: int) -> "FilmsByPatient":
        """Group the rows of k patients by their 0-based code."""
        counts = np.bincount(codes, minlength=k)
        return cls(np.argsort(codes, kind="stable"), np.cumsum(counts) - counts, counts)

    def of_all(self, patients: Codes) -> Codes:
        """Return the rows of these patients, as often as each is named."""
        counts = self.counts[patients]
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.asarray(self.rows[np.repeat(self.starts[patients], counts) + within])


def bca_limits(
    estimate: float, replicates: ArrayLike, jackknife: ArrayLike, *, level: float = 0.95
) -> tuple[float, float]:
    """Bias-corrected and accelerated limits from replicates and leave-one-out values.

    Parameters
    ----------
    estimate : float
        The statistic on all the data; NaN gives NaN limits.
    replicates : (n_resamples,)
        The statistic on each resample, finite; none gives NaN limits.
    jackknife : (n_units,)
        The statistic without each unit, finite; none means no acceleration.
    level : float
        Two-sided, inside (0, 1).

    References
    ----------
    Efron B. J Am Stat Assoc 1987; 82: 171-185.
    """
    drawn, left_out = checked_scores(replicates, "replicates"), checked_scores(jackknife, "jackknife")
    tail = (1 - checked_level(level)) / 2
    if drawn.size == 0 or math.isnan(estimate):
        return NAN, NAN
    if np.ptp(drawn) == 0:
        return float(drawn[0]), float(drawn[0])
    half = 0.5 / drawn.size
    below = ((drawn < estimate).sum() + (drawn == estimate).sum() / 2) / drawn.size
    bias = scipy.special.ndtri(np.clip(below, half, 1 - half))
    shifted = bias + scipy.special.ndtri(np.array([tail, 1 - tail]))
    with np.errstate(divide="ignore"):
        probabilities = scipy.special.ndtr(bias + shifted / (1 - _acceleration(left_out) * shifted))
    lower, upper = np.quantile(drawn, probabilities)
    return float(lower), float(upper)


def bootstrap_interval(
    y_true: ArrayLike,
    *scores: ArrayLike,
    statistic: Callable[..., float],
    cluster: Iterable[Hashable] | None = None,
    level: float = 0.95,
    method: str = "bca",
    n_resamples: int = 2000,
    seed: int,
) -> BootstrapEstimate:
    """Limits of `statistic(y_true, *scores)` by drawing patients with replacement.

    Parameters
    ----------
    y_true : (n_films,) of 0 and 1
    *scores : (n_films,) each
        Finite; all are resampled by the same draw, so paired comparisons stay paired.
    statistic : callable
        Takes the truth and every score as arrays, returns a float; NaN where a resample does not define it.
    cluster : (n_films,), optional
        Patient of each film, any hashable; without it each row is its own.
    level : float
        Two-sided, inside (0, 1).
    method : {"bca", "percentile"}
    n_resamples : int
        Draws, at least 1.
    seed : int
        The same seed gives the same answer.

    Returns
    -------
    BootstrapEstimate
        n is the rows; `n_failed` counts the draws that gave NaN and were left out.

    References
    ----------
    Efron B, Tibshirani RJ. An Introduction to the Bootstrap. Chapman & Hall 1993.
    """
    asked = checked_count(n_resamples, "n_resamples", at_least=1)
    draws = Draws(n_resamples=asked, seed=seed, level=level, method=method)
    columns = (checked_flags(y_true).astype(np.int64), *(checked_scores(score) for score in scores))
    same_length(*columns)
    n = columns[0].size
    codes, k = (np.arange(n), n) if cluster is None else checked_groups(cluster, n)
    if n == 0:
        return bootstrap_estimate(NAN, np.array([]), np.array([]), draws, n=0, k=0)
    films = FilmsByPatient.of(codes, k)

    def of_patients(patients: Codes) -> float:
        chosen = films.of_all(patients)
        return float(statistic(*(column[chosen] for column in columns)))

    rng, everyone = np.random.default_rng(seed), np.arange(k)
    estimate = float(statistic(*(column.copy() for column in columns)))  # it may sort them where they lie
    replicates = np.array([of_patients(rng.integers(0, k, k)) for _ in range(asked)])
    left_out = range(k) if method == "bca" and k > 1 else ()
    without = np.array([of_patients(np.delete(everyone, i)) for i in left_out])
    return bootstrap_estimate(estimate, replicates, without, draws, n=n, k=k)


def bootstrap_estimate(
    estimate: float, replicates: Floats, without: Floats, draws: Draws, *, n: int, k: int
) -> BootstrapEstimate:
    """Return the estimate with its limits.

    `replicates` and `without`, each of the k patients left out, may hold NaN, n counts the films.
    """
    defined = replicates[~np.isnan(replicates)]
    if draws.method == "percentile":
        lower, upper = _percentiles(defined, draws.level)
    else:
        lower, upper = bca_limits(estimate, defined, without[~np.isnan(without)], level=draws.level)
    failed = replicates.size - defined.size
    return BootstrapEstimate(
        estimate, lower, upper, float(draws.level), draws.method, n, draws.n_resamples, failed, k
    )


def _acceleration(jackknife: Floats) -> float:
    if jackknife.size == 0 or np.ptp(jackknife) == 0:
        return 0.0
    u = jackknife.mean() - jackknife
    squares = float((u**2).sum())
    return float((u**3).sum()) / (6 * squares**1.5) if squares > 0 else 0.0


def _percentiles(replicates: Floats, level: float) -> tuple[float, float]:
    if replicates.size == 0:
        return NAN, NAN
    lower, upper = np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2])
    return float(lower), float(upper)
