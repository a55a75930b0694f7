"""Drift against scipy, definitions by loops, and false-alarm rates."""

import math
import warnings
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, ks_2samp, wasserstein_distance

from overread.measures import DriftResult, chi_square, ks, mmd, psi, wasserstein

columns = st.lists(st.integers(0, 30).map(float), min_size=1, max_size=40)


@given(reference=columns, current=columns)
def test_distances_of_one_column_are_scipy_s(reference: list[float], current: list[float]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the exact p of some small samples falls back
        test = ks_2samp(reference, current)
    sizes = (len(reference), len(current))
    assert ks(reference, current) == DriftResult(float(test.statistic), float(test.pvalue), "ks", *sizes)
    moved = wasserstein(reference, current)
    assert moved.statistic == pytest.approx(wasserstein_distance(reference, current))
    assert math.isnan(moved.p_value)
    assert moved.method == "wasserstein"


def test_a_shift_moves_the_wasserstein_distance_by_itself() -> None:
    values = np.random.default_rng(1).normal(size=50)
    assert wasserstein(values, values + 2.5).statistic == pytest.approx(2.5)


def test_a_worked_stability_index() -> None:
    # Four bins of a quarter each; the current window holds 1/2, 1/4, 1/4 and none of them.
    reference, current = np.arange(100), [10, 20, 30, 80]
    counts = [2 / 4, 1 / 4, 0.0001, 1 / 4]
    expected = sum((c - 0.25) * math.log(c / 0.25) for c in counts)
    result = psi(reference, current, n_bins=4)
    assert result.statistic == pytest.approx(expected)
    assert math.isnan(result.p_value)


@given(reference=columns, current=columns, n_bins=st.integers(1, 12))
def test_the_stability_index_counts_each_value_between_two_edges(
    reference: list[float], current: list[float], n_bins: int
) -> None:
    edges = sorted({float(np.quantile(reference, i / n_bins)) for i in range(1, n_bins)})
    bounds = [-math.inf, *edges, math.inf]
    expected = 0.0
    for low, high in pairwise(bounds):
        r, c = (max(sum(low <= x < high for x in side) / len(side), 1e-4) for side in (reference, current))
        expected += (c - r) * math.log(c / r)
    result = psi(reference, current, n_bins=n_bins)
    assert result.statistic == pytest.approx(expected, abs=1e-12)
    assert result.statistic >= 0
    assert psi(reference, reference, n_bins=n_bins).statistic == 0.0


labels = st.lists(st.sampled_from("abcd"), min_size=1, max_size=60)


@given(reference=labels, current=labels)
def test_label_counts_are_compared_as_scipy_does_without_correction(
    reference: list[str], current: list[str]
) -> None:
    seen = sorted({*reference, *current})
    result = chi_square(reference, current)
    if len(seen) == 1:
        assert (result.statistic, result.df, result.p_value, result.cramers_v) == (0.0, 0, 1.0, 0.0)
        return
    table = [[side.count(label) for label in seen] for side in (reference, current)]
    theirs = chi2_contingency(table, correction=False)
    assert (result.statistic, result.p_value) == pytest.approx((theirs.statistic, theirs.pvalue), abs=1e-9)
    assert result.df == theirs.dof
    assert result.cramers_v == pytest.approx(
        math.sqrt(theirs.statistic / (len(reference) + len(current))), abs=1e-9
    )


def test_labels_may_be_mixed_but_not_missing() -> None:
    assert chi_square(["a", 1, 2], np.array([1, 2])).df == 2
    for missing in (None, math.nan, np.datetime64("NaT"), pd.NaT, pd.NA):
        with pytest.raises(ValueError, match="None or NaN"):
            chi_square(["a", missing], ["a"])


def _mmd_by_pairs(x: np.ndarray, y: np.ndarray, bandwidth: float) -> float:
    def mean_kernel(pairs: list[tuple[np.ndarray, np.ndarray]]) -> float:
        return float(np.mean([math.exp(-((a - b) ** 2).sum() / (2 * bandwidth**2)) for a, b in pairs]))

    within = mean_kernel(list(combinations(x, 2))) + mean_kernel(list(combinations(y, 2)))
    return within - 2 * mean_kernel([(a, b) for a in x for b in y])


def test_mmd_is_the_mean_over_all_pairs() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(12, 3)), rng.normal(0.5, 1, size=(9, 3))
    pooled = np.vstack([x, y])
    median = float(np.median([math.dist(a, b) for a, b in combinations(pooled, 2)]))
    for bandwidth in (None, 0.8):
        result = mmd(x, y, seed=1, bandwidth=bandwidth)
        width = bandwidth or median
        assert result.bandwidth == pytest.approx(width)
        assert result.statistic == pytest.approx(_mmd_by_pairs(x, y, width), abs=1e-12)
        assert (result.method, result.n_reference, result.n_current) == ("mmd", 12, 9)


def test_the_permutation_p_is_near_that_of_all_permutations() -> None:
    x, y = np.array([0.1, 0.4, 1.2, 2.0]), np.array([1.1, 1.9, 2.6, 3.0])
    pooled, observed = np.concatenate([x, y]), _mmd_by_pairs(x[:, None], y[:, None], 1.0)
    reached = []
    for chosen in combinations(range(8), 4):
        first = pooled[list(chosen), None]
        second = np.delete(pooled, chosen)[:, None]
        reached.append(_mmd_by_pairs(first, second, 1.0) >= observed - 1e-12)
    ours = mmd(x, y, seed=3, n_permutations=4000, bandwidth=1.0)
    assert ours.p_value == pytest.approx(np.mean(reached), abs=0.03)
    assert ours == mmd(x, y, seed=3, n_permutations=4000, bandwidth=1.0)
    assert ours == mmd(x[:, None], y[:, None], seed=3, n_permutations=4000, bandwidth=1.0)


def test_equal_rows_do_not_drift_and_far_ones_do() -> None:
    same = mmd([[1.0, 2.0]] * 5, [[1.0, 2.0]] * 4, seed=1)
    assert (same.statistic, same.p_value, same.bandwidth) == (0.0, 1.0, 0.0)
    far = mmd(np.zeros((10, 2)), np.ones((10, 2)), seed=1, n_permutations=200)
    assert far.p_value == pytest.approx(1 / 201)


@pytest.mark.parametrize("method", ["mmd", "ks", "chi-square"])
def test_false_alarms_come_at_their_rate(method: str) -> None:
    rng, alarms, repeats = np.random.default_rng(6), 0, 300
    for i in range(repeats):
        x, y = rng.normal(size=(40, 2)), rng.normal(size=(25, 2))
        if method == "mmd":
            p_value = mmd(x, y, seed=i, n_permutations=99).p_value
        elif method == "ks":
            p_value = ks(x[:, 0], y[:, 0]).p_value
        else:
            p_value = chi_square(np.sign(x[:, 0]), np.sign(y[:, 0])).p_value
        alarms += p_value <= 0.05
    assert 0.015 < alarms / repeats < 0.09


@pytest.mark.parametrize(("reference", "current"), [([], [1.0, 2.0]), ([1.0, 2.0], []), ([], [])])
def test_an_empty_side_says_nothing(reference: list[float], current: list[float]) -> None:
    for result in (
        ks(reference, current),
        psi(reference, current),
        chi_square(reference, current),
        wasserstein(reference, current),
        mmd(reference, current, seed=1),
    ):
        assert math.isnan(result.statistic)
        assert math.isnan(result.p_value)
        assert (result.n_reference, result.n_current) == (len(reference), len(current))


def test_malformed_windows_are_refused() -> None:
    with pytest.raises(ValueError, match="columns"):
        mmd(np.zeros((3, 2)), np.zeros((3, 3)), seed=1)
    with pytest.raises(ValueError, match="bandwidth"):
        mmd([1, 2], [1, 2], seed=1, bandwidth=0)
    with pytest.raises(ValueError, match="n_permutations"):
        mmd([1, 2], [1, 2], seed=1, n_permutations=0)
    with pytest.raises(ValueError, match="finite"):
        ks([1, math.nan], [1])
    with pytest.raises(ValueError, match="n_bins"):
        psi([1, 2], [1, 2], n_bins=0)
    assert math.isnan(mmd([1.0], [1.0, 2.0], seed=1).statistic)
