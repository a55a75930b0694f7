"""The p-values of a drift check, through the very functions that Evidently calls."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from evidently.legacy.calculations.stattests.registry import (
    StatTest,
    get_registered_stattest,
    register_stattest,
)
from evidently.legacy.core import ColumnType
from numpy.typing import NDArray

from monitoring.features import Features, Floats, Texts
from overread.measures.drift import MmdDrift, chi_square, ks, mmd

KS = "ks"
CONTINGENCY = "contingency-exact"
MMD = "mmd"
EMBEDDING = "embedding"  # the column that is the whole embedding
SMALLEST_P = 1e-4

_DRAWS = round(1 / SMALLEST_P) - 1
_FIRST_DRAWS, _CLEARLY_ALIKE = 199, 0.05  # stop early: a p-value above this decides nothing
_SEED = 0  # the same two windows always get the same answer


def contingency_p_value(reference: Texts, current: Texts) -> float:
    """Exact conditional test that two samples have the same shares of every label, by Monte Carlo.

    Evidently's chi-square takes the reference for the truth and the counts for large. This one draws the
    current window anew from the pooled labels, so it holds for a small reference and for rare labels.

    Parameters
    ----------
    reference, current : one-dimensional
        Labels, not empty.

    Returns
    -------
    float
        (1 + drawn tables at least as far from expectation, by Pearson's statistic) / (1 + tables drawn).

    References
    ----------
    Patefield WM. Appl Stat 1981; 30: 91-97.
    """
    labels, codes = np.unique(np.concatenate([reference, current]), return_inverse=True)
    pooled = np.bincount(codes, minlength=len(labels))
    observed = np.bincount(codes[len(reference) :], minlength=len(labels))
    first = _drawn_p_value(pooled, observed, _FIRST_DRAWS)
    return first if first > _CLEARLY_ALIKE else _drawn_p_value(pooled, observed, _DRAWS)


def _drawn_p_value(pooled: NDArray[np.int64], observed: NDArray[np.int64], draws: int) -> float:
    n = observed.sum()
    drawn = np.random.default_rng(_SEED).multivariate_hypergeometric(
        pooled, n, size=draws, method="marginals"
    )
    expected = pooled * (n / pooled.sum())
    # Pearson's statistic up to a factor that the fixed margins make constant
    distances = ((np.vstack([observed, drawn]) - expected) ** 2 / pooled).sum(axis=1)
    reached = np.count_nonzero(distances[1:] >= distances[0] - 1e-12)
    return float((1 + reached) / (1 + draws))


def embedding_test(reference: Floats, current: Floats) -> MmdDrift:
    """Permutation test of the maximum mean discrepancy of two sets of embeddings, (n, width)."""
    first = mmd(reference, current, n_permutations=_FIRST_DRAWS, seed=_SEED)
    if first.p_value > _CLEARLY_ALIKE:
        return first
    return mmd(reference, current, n_permutations=_DRAWS, seed=_SEED)


def register() -> None:
    """Make the contingency test known to Evidently; safe to repeat."""
    test = StatTest(
        name=CONTINGENCY,
        display_name="exact contingency p_value",
        allowed_feature_types=[ColumnType.Categorical],
    )
    register_stattest(test, _contingency_test)


def _contingency_test(
    reference: "pd.Series[str]", current: "pd.Series[str]", _kind: ColumnType, threshold: float
) -> tuple[float, bool]:
    p_value = contingency_p_value(reference.to_numpy(dtype=np.str_), current.to_numpy(dtype=np.str_))
    return p_value, p_value <= threshold


def p_values(reference: Features, current: Features) -> dict[str, float]:
    """Return the p-value of every column and of the embedding; principal components are columns already."""
    return dict(_p_values(reference, current))


def some_drift(reference: Features, current: Features, *, level: float) -> bool:
    """Say whether any p-value calls drift at `level` over their number; the first one ends the search."""
    tested = len(reference.names) + (reference.embeddings is not None)
    return any(p_value <= level / tested for _, p_value in _p_values(reference, current))


def _p_values(reference: Features, current: Features) -> Iterator[tuple[str, float]]:
    """Yield column by column; the embedding, which takes longest, comes last."""
    register()
    category = get_registered_stattest(CONTINGENCY, ColumnType.Categorical)
    for name, labels in reference.categorical.items():
        now = pd.Series(current.categorical[name])
        yield name, float(category(pd.Series(labels), now, ColumnType.Categorical, None).drift_score)
    numeric = get_registered_stattest(KS, ColumnType.Numerical)
    for name, values in reference.numeric.items():
        now = pd.Series(current.numeric[name])
        yield name, float(numeric(pd.Series(values), now, ColumnType.Numerical, None).drift_score)
    if reference.embeddings is not None and current.embeddings is not None:
        yield EMBEDDING, embedding_test(reference.embeddings, current.embeddings).p_value


def statistics(reference: Features, current: Features) -> dict[str, float]:
    """Return how far each column moved: the largest gap of two distributions, or chi-square."""
    gaps = {name: ks(values, current.numeric[name]).statistic for name, values in reference.numeric.items()}
    return gaps | {
        name: chi_square(labels, current.categorical[name]).statistic
        for name, labels in reference.categorical.items()
    }
