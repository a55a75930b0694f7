"""How far a current window lies from its reference: distances and tests of one column, and of embeddings."""

import math
import warnings
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from overread.measures.inputs import Floats, checked_count, checked_scores, listed_labels
from overread.measures.results import NAN

_SMALLEST_SHARE = 1e-4  # an empty bin would make the population stability index infinite
_BATCH = 128  # permutations at once: memory is cases x this


@dataclass(frozen=True)
class DriftResult:
    """One comparison of a current window with its reference; p is NaN where the method defines none."""

    statistic: float
    p_value: float
    method: str
    n_reference: int
    n_current: int


@dataclass(frozen=True)
class ChiSquareDrift(DriftResult):
    """A comparison of label counts, with its effect size."""

    df: int
    cramers_v: float


@dataclass(frozen=True)
class MmdDrift(DriftResult):
    """A comparison of embeddings, with the width of its Gaussian kernel."""

    bandwidth: float


def ks(reference: ArrayLike, current: ArrayLike) -> DriftResult:
    """Two-sided Kolmogorov-Smirnov test: the largest gap between two cumulative distributions.

    Parameters
    ----------
    reference, current : (n,)
        Finite values of one column; either side empty gives NaN.

    References
    ----------
    Hodges JL. Ark Mat 1958; 3: 469-486.
    """
    before, now = checked_scores(reference, "reference"), checked_scores(current, "current")
    if not (before.size and now.size):
        return DriftResult(NAN, NAN, "ks", before.size, now.size)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", RuntimeWarning
        )  # where the exact p fails, scipy says so and uses the asymptotic
        test = scipy.stats.ks_2samp(before, now)
    return DriftResult(float(test.statistic), float(test.pvalue), "ks", before.size, now.size)


def psi(reference: ArrayLike, current: ArrayLike, *, n_bins: int = 10) -> DriftResult:
    """Stability index of a population over quantile bins of the reference.

    Parameters
    ----------
    reference, current : (n,)
        Finite values of one column; either side empty gives NaN.
    n_bins : int
        Bins asked for; tied quantiles make fewer.

    Returns
    -------
    DriftResult
        Method "psi", 0 or more; an empty bin counts as a share of 1e-4.

    References
    ----------
    Siddiqi N. Credit Risk Scorecards. Wiley 2006.
    """
    before, now = checked_scores(reference, "reference"), checked_scores(current, "current")
    bins = checked_count(n_bins, "n_bins", at_least=1)
    if not (before.size and now.size):
        return DriftResult(NAN, NAN, "psi", before.size, now.size)
    edges = np.unique(np.quantile(before, np.arange(1, bins) / bins))
    r, c = _shares(before, edges), _shares(now, edges)
    return DriftResult(float(((c - r) * np.log(c / r)).sum()), NAN, "psi", before.size, now.size)


def chi_square(
    reference: Iterable[Hashable] | ArrayLike, current: Iterable[Hashable] | ArrayLike
) -> ChiSquareDrift:
    """Pearson's test that two windows hold the same mix of labels, without correction.

    Parameters
    ----------
    reference, current : (n,)
        Labels, none missing; either side empty gives NaN.

    Returns
    -------
    ChiSquareDrift
        Method "chi-square". Cramer's v is sqrt(chi2 / N); one label in all gives 0, df 0, p 1.

    References
    ----------
    Pearson K. Philos Mag 1900; 50: 157-175.
    """
    before, now = listed_labels(reference, "reference"), listed_labels(current, "current")
    if not (before and now):
        return ChiSquareDrift(NAN, NAN, "chi-square", len(before), len(now), 0, NAN)
    earlier, later = Counter(before), Counter(now)
    labels = list(earlier | later)
    observed = np.array(
        [[counts[label] for label in labels] for counts in (earlier, later)], dtype=np.float64
    )
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0)) / observed.sum()
    statistic = float(((observed - expected) ** 2 / expected).sum()) if len(labels) > 1 else 0.0
    df = len(labels) - 1
    p_value = float(scipy.stats.chi2.sf(statistic, df)) if df else 1.0
    effect = math.sqrt(statistic / (len(before) + len(now)))
    return ChiSquareDrift(statistic, p_value, "chi-square", len(before), len(now), df, effect)


def wasserstein(reference: ArrayLike, current: ArrayLike) -> DriftResult:
    """First-order Wasserstein distance, in the unit of the column.

    Parameters
    ----------
    reference, current : (n,)
        Finite values of one column; either side empty gives NaN.

    References
    ----------
    Ramdas A, Garcia Trillos N, Cuturi M. Entropy 2017; 19: 47.
    """
    before, now = checked_scores(reference, "reference"), checked_scores(current, "current")
    distance = float(scipy.stats.wasserstein_distance(before, now)) if before.size and now.size else NAN
    return DriftResult(distance, NAN, "wasserstein", before.size, now.size)


def mmd(
    reference: ArrayLike,
    current: ArrayLike,
    *,
    n_permutations: int = 1000,
    seed: int,
    bandwidth: float | None = None,
) -> MmdDrift:
    """Unbiased squared maximum mean discrepancy of two sets of embeddings, with a permutation test.

    Parameters
    ----------
    reference, current : (n, n_features) or (n,)
        Finite; fewer than two rows on a side gives NaN.
    n_permutations : int
        At least 1; the smallest p is 1 / (1 + this).
    seed : int
        The same seed gives the same p.
    bandwidth : float, optional
        s of the kernel exp(-|x - y|^2 / (2 s^2)); by default the median distance of the pooled rows.

    Notes
    -----
    Memory grows with the square of the pooled rows.

    References
    ----------
    Gretton A et al. J Mach Learn Res 2012; 13: 723-773.
    """
    draws = checked_count(n_permutations, "n_permutations", at_least=1)
    if bandwidth is not None and not (math.isfinite(bandwidth) and bandwidth > 0):
        raise ValueError(f"bandwidth must be above 0, not {bandwidth!r}")
    before, now = _rows(reference, "reference"), _rows(current, "current")
    m, n = len(before), len(now)
    if min(m, n) < 2:  # noqa: PLR2004 - the unbiased form needs a pair on each side
        return MmdDrift(NAN, NAN, "mmd", m, n, NAN if bandwidth is None else float(bandwidth))
    if before.shape[1] != now.shape[1]:
        raise ValueError(f"reference has {before.shape[1]} columns, current {now.shape[1]}")
    distances = scipy.spatial.distance.pdist(np.vstack([before, now]))
    width = float(np.median(distances)) if bandwidth is None else float(bandwidth)
    # the kernel's diagonal stays 0: the unbiased form leaves it out
    kernel = scipy.spatial.distance.squareform(_gaussian(distances, width))
    membership = (np.arange(m + n) < m).astype(np.float64)
    observed = float(_discrepancies(kernel, membership[:, None])[0])
    rng = np.random.default_rng(seed)
    reached = 0
    for start in range(0, draws, _BATCH):
        count = min(_BATCH, draws - start)
        shuffled = np.stack([rng.permutation(membership) for _ in range(count)], axis=1)
        reached += int((_discrepancies(kernel, shuffled) >= observed - 1e-12).sum())
    return MmdDrift(observed, (1 + reached) / (1 + draws), "mmd", m, n, width)


def _shares(values: Floats, edges: Floats) -> Floats:
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=edges.size + 1)
    return np.asarray(np.maximum(counts / values.size, _SMALLEST_SHARE))


def _rows(values: ArrayLike, name: str) -> Floats:
    """Return embeddings as rows; one dimension is one column."""
    if np.ndim(values) == 1:
        return checked_scores(values, name)[:, None]
    return checked_scores(values, name, ndim=2)


def _gaussian(distances: Floats, width: float) -> Floats:
    """Return the kernel of each distance; at width 0 its limit, 1 for equal rows and 0 for others."""
    if width == 0:
        return np.asarray(distances == 0, dtype=np.float64)
    return np.asarray(np.exp(-(distances**2) / (2 * width**2)))


def _discrepancies(kernel: Floats, first: Floats) -> Floats:
    """Return the unbiased MMD^2 of each column of 0/1 memberships; the kernel's diagonal is 0."""
    m = first[:, 0].sum()
    n = len(first) - m
    products = kernel @ first
    within_first = (first * products).sum(axis=0)
    across = products.sum(axis=0) - within_first
    within_second = kernel.sum() - within_first - 2 * across
    return np.asarray(within_first / (m * (m - 1)) + within_second / (n * (n - 1)) - 2 * across / (m * n))
