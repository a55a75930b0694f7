"""Looking more than once: tests that may stop early, and what each look at a frozen test set may spend."""

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from overread.measures.inputs import (
    Floats,
    checked_alpha,
    checked_choice,
    checked_count,
    checked_flags,
    checked_open,
    checked_scores,
)


@dataclass(frozen=True)
class SprtResult:
    """Where a sequential probability ratio test stands after the outcomes it used."""

    decision: str
    n_used: int
    log_likelihood_ratio: float
    lower_bound: float
    upper_bound: float
    path: tuple[float, ...]


@dataclass(frozen=True)
class CusumResult:
    """A cumulative-sum chart and the index of its first alarm."""

    path: tuple[float, ...]
    first_alarm: int | None
    n: int


def sprt(outcomes: ArrayLike, *, p0: float, p1: float, alpha: float = 0.05, beta: float = 0.1) -> SprtResult:
    """Test a miss rate of p0 against p1 as outcomes come in, and stop at the first answer.

    Parameters
    ----------
    outcomes : (n,) of 0 and 1
        In order; 1 is a missed finding.
    p0, p1 : float
        Tolerable and intolerable rate, 0 < p0 < p1 < 1.
    alpha, beta : float
        Chance of accepting h1 under p0, and h0 under p1; beta < 1 - alpha.

    Returns
    -------
    SprtResult
        `decision` is "accept-h0", "accept-h1" or "continue"; `path` is the log likelihood ratio to the stop.

    References
    ----------
    Wald A. Ann Math Stat 1945; 16: 117-186.
    """
    misses = checked_flags(outcomes, "outcomes")
    null, alternative = _checked_rates(p0, p1)
    checked_alpha(alpha)
    if checked_open(beta, "beta") >= 1 - alpha:
        raise ValueError("beta must be below 1 - alpha")
    lower, upper = math.log(beta / (1 - alpha)), math.log((1 - beta) / alpha)
    ratios = np.cumsum(_weights(misses, null, alternative))
    stops = np.flatnonzero((ratios >= upper) | (ratios <= lower))
    path = tuple(ratios[: int(stops[0]) + 1].tolist() if stops.size else ratios.tolist())
    last = path[-1] if path else 0.0
    decision = "continue"
    if stops.size:
        decision = "accept-h1" if last >= upper else "accept-h0"
    return SprtResult(decision, len(path), last, lower, upper, path)


def cusum(outcomes: ArrayLike, *, p0: ArrayLike, p1: ArrayLike, threshold: float) -> CusumResult:
    """Chart evidence that a miss rate has moved from p0 to p1; an alarm does not reset it.

    Parameters
    ----------
    outcomes : (n,) of 0 and 1
        In order; 1 is a missed finding.
    p0, p1 : float or (n,)
        Rate in control and out of it, 0 < p0 < p1 < 1; per case when risk-adjusted.
    threshold : float
        Alarm at this height, above 0.

    References
    ----------
    Page ES. Biometrika 1954; 41: 100-115. Steiner SH, Cook RJ, Farewell VT, Treasure T. Biostatistics
    2000; 1: 441-452.
    """
    misses = checked_flags(outcomes, "outcomes")
    null, alternative = _checked_rates(p0, p1)
    if null.ndim and null.size != misses.size:
        raise ValueError(f"lengths differ: {misses.size} outcomes, {null.size} rates")
    if not (math.isfinite(threshold) and threshold > 0):
        raise ValueError(f"threshold must be above 0, not {threshold!r}")
    path: list[float] = []
    height = 0.0
    for weight in _weights(misses, null, alternative).tolist():
        height = max(0.0, height + weight)
        path.append(height)
    alarm = next((i for i, height in enumerate(path) if height >= threshold), None)
    return CusumResult(tuple(path), alarm, misses.size)


def alpha_spending(
    information: ArrayLike, *, alpha: float = 0.025, kind: str = "obrien-fleming"
) -> tuple[float, ...]:
    """Cumulative alpha that may be spent by each fraction of the information.

    Parameters
    ----------
    information : (n_looks,)
        Strictly increasing fractions in (0, 1].
    alpha : float
        One-sided, in (0, 0.5].
    kind : {"obrien-fleming", "pocock", "linear"}

    References
    ----------
    Lan KKG, DeMets DL. Biometrika 1983; 70: 659-663.
    """
    checked_choice(kind, ("obrien-fleming", "pocock", "linear"), "kind")
    total, t = checked_alpha(alpha), checked_scores(information, "information")
    if ((t <= 0) | (t > 1)).any() or (np.diff(t) <= 0).any():
        raise ValueError("information must rise strictly inside (0, 1]")
    spent = {
        "obrien-fleming": 2 * scipy.special.ndtr(scipy.special.ndtri(total / 2) / np.sqrt(t)),
        "pocock": total * np.log1p((math.e - 1) * t),
        "linear": total * t,
    }
    return tuple(np.asarray(spent[kind]).tolist())


def reuse_alpha(look: int, *, alpha: float = 0.025, looks: int = 10, kind: str = "bonferroni") -> float:
    """Alpha that this use of a frozen test set may spend.

    Parameters
    ----------
    look : int
        Which use this is, from 1.
    alpha : float
        One-sided error over all uses, in (0, 0.5].
    looks : int
        Uses planned; only "bonferroni" needs it.
    kind : {"bonferroni", "basel"}
        Equal shares until the planned looks are used up, or alpha * 6 / (pi look)^2 without end.

    Returns
    -------
    float
        0 when the planned looks are used up: the set may not decide any more.
    """
    checked_choice(kind, ("bonferroni", "basel"), "kind")
    total = checked_alpha(alpha)
    this, planned = checked_count(look, "look", at_least=1), checked_count(looks, "looks", at_least=1)
    if kind == "basel":
        return total * 6 / (math.pi**2 * this**2)
    return total / planned if this <= planned else 0.0


def _checked_rates(p0: ArrayLike, p1: ArrayLike) -> tuple[Floats, Floats]:
    """Return both rates as arrays of one shape, either scalar or per case."""
    ndim = 1 if np.ndim(p0) else 0
    null, alternative = checked_scores(p0, "p0", ndim=ndim), checked_scores(p1, "p1", ndim=ndim)
    if null.shape != alternative.shape:
        raise ValueError(f"lengths differ: {null.size} values of p0, {alternative.size} of p1")
    if not ((null > 0) & (null < alternative) & (alternative < 1)).all():
        raise ValueError("0 < p0 < p1 < 1 is needed")
    return null, alternative


def _weights(misses: np.ndarray, p0: Floats, p1: Floats) -> Floats:
    """Return each outcome's log likelihood ratio of p1 against p0."""
    return np.where(misses, np.log(p1 / p0), np.log1p(-p1) - np.log1p(-p0))
