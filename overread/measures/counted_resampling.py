"""The limits of `bootstrap_interval` for an area and for a mean, all draws at once.

A film that is drawn twice counts twice; nothing is copied or sorted anew. The draws are those of
`bootstrap_interval` with the same seed, and so are the limits.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator

import numpy as np
from numpy.typing import ArrayLike

from overread.measures.inputs import Codes, Floats, checked_groups, checked_pair, checked_scores
from overread.measures.resampling import BootstrapEstimate, Draws, bootstrap_estimate
from overread.measures.results import NAN

OfCounts = Callable[[Codes], Floats]  # (m, n), how often each film counts, to (m,)
_CELLS = 1 << 21  # counts held at a time


def auc_bootstrap(
    y_true: ArrayLike, y_score: ArrayLike, *, draws: Draws, cluster: Iterable[Hashable] | None = None
) -> BootstrapEstimate:
    """Return `bootstrap_interval` of `roc.auc`.

    Parameters
    ----------
    y_true : (n_films,) of 0 and 1
    y_score : (n_films,)
        Finite.
    draws : Draws
        How many, from which seed, and what is made of them.
    cluster : (n_films,), optional
        Patient of each film, any hashable; without it each film is its own.
    """
    positive, scores = checked_pair(y_true, y_score)
    order = np.argsort(scores, kind="stable")
    _, first = np.unique(scores[order], return_index=True)  # where each distinct score begins
    shown, ties = positive[order], first.astype(np.int64)

    def areas(counts: Codes) -> Floats:
        sorted_counts = counts[:, order]
        with_finding = np.add.reduceat(sorted_counts * shown, ties, axis=1)
        without = np.add.reduceat(sorted_counts * ~shown, ties, axis=1)
        twice_below = 2 * np.cumsum(without, axis=1) - without  # a tie counts one half
        pairs = with_finding.sum(axis=1) * without.sum(axis=1)
        found: Floats = np.full(len(counts), NAN)
        np.divide((with_finding * twice_below).sum(axis=1) / 2, pairs, out=found, where=pairs > 0)
        return found

    return _bootstrap(areas, len(scores), draws, cluster)


def mean_bootstrap(
    values: ArrayLike, *, draws: Draws, cluster: Iterable[Hashable] | None = None
) -> BootstrapEstimate:
    """Return `bootstrap_interval` of the mean of `values` (n_films,), up to the order of sums."""
    given = checked_scores(values, "values")
    return _bootstrap(lambda counts: counts @ given / counts.sum(axis=1), len(given), draws, cluster)


def _bootstrap(
    statistic: OfCounts, n: int, draws: Draws, cluster: Iterable[Hashable] | None
) -> BootstrapEstimate:
    codes, k = (np.arange(n), n) if cluster is None else checked_groups(cluster, n)
    if n == 0:
        return bootstrap_estimate(NAN, np.array([]), np.array([]), draws, n=0, k=0)
    rows = max(1, _CELLS // n)

    def of_all(patients: Iterator[Codes]) -> Floats:
        return np.concatenate([statistic(counts[:, codes]) for counts in patients])

    estimate = float(statistic(np.ones((1, n), np.int64))[0])
    replicates = of_all(_drawn(draws, k, rows))
    left_out = of_all(_left_out(k, rows)) if draws.method == "bca" and k > 1 else np.array([])
    return bootstrap_estimate(estimate, replicates, left_out, draws, n=n, k=k)


def _drawn(draws: Draws, k: int, rows: int) -> Iterator[Codes]:
    """Yield how often each of k patients is drawn, (rows, k) at a time."""
    rng = np.random.default_rng(draws.seed)
    for first in range(0, draws.n_resamples, rows):
        m = min(rows, draws.n_resamples - first)
        patients = rng.integers(0, k, (m, k)) + np.arange(m)[:, None] * k
        yield np.bincount(patients.ravel(), minlength=m * k).reshape(m, k)


def _left_out(k: int, rows: int) -> Iterator[Codes]:
    """Yield all patients but one, (rows, k) at a time."""
    for first in range(0, k, rows):
        m = min(rows, k - first)
        yield 1 - np.eye(m, k, first, dtype=np.int64)
