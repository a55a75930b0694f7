"""The difference between two test sets that share patients, for one model."""

import math

import numpy as np
import pytest
from statsmodels.stats.proportion import (  # type: ignore[import-untyped]  # it has no types
    confint_proportions_2indep,
)

from overread.domain.estimates import Estimate
from overread.measures.overlap import (
    area_parts,
    overlapping_difference,
    proportion_parts,
    shared_correlation,
)
from overread.measures.proportion import clustered_proportion, wilson
from overread.measures.roc import auc_interval


def an_estimate(value: float, lower: float, upper: float, *, level: float = 0.95) -> Estimate:
    return Estimate(value, lower, upper, level, "test", 10)


@pytest.mark.parametrize(("x1", "n1", "x2", "n2"), [(56, 70, 48, 80), (0, 20, 3, 30), (20, 20, 30, 30)])
def test_sets_that_share_nobody_have_newcombes_limits(x1: int, n1: int, x2: int, n2: int) -> None:
    found = overlapping_difference(wilson(x1, n1), wilson(x2, n2), correlation=0.0)
    limits = confint_proportions_2indep(x1, n1, x2, n2, method="newcomb", compare="diff")
    assert (found.lower, found.upper) == pytest.approx(limits, abs=1e-9)
    assert found.estimate == pytest.approx(x1 / n1 - x2 / n2)
    assert found.n == n1 + n2


def test_the_same_patients_in_both_leave_no_doubt() -> None:
    right, patients = np.arange(50) % 5 > 0, [f"p{i // 2}" for i in range(50)]
    parts = proportion_parts(right)
    assert shared_correlation(parts, patients, parts, patients) == pytest.approx(1)
    shown = clustered_proportion(right, patients)
    symmetric = an_estimate(shown.estimate, shown.estimate - 0.1, shown.estimate + 0.1)
    same = overlapping_difference(symmetric, symmetric, correlation=1.0)
    assert (same.estimate, same.lower, same.upper) == pytest.approx((0, 0, 0), abs=1e-9)


def test_nobody_shared_is_no_correlation() -> None:
    parts = proportion_parts([1, 0, 1, 1])
    assert shared_correlation(parts, "abcd", parts, "efgh") == 0
    assert shared_correlation(proportion_parts([1, 1]), "ab", proportion_parts([1, 0]), "ab") == 0


def test_the_parts_of_an_area_have_delongs_variance() -> None:
    rng = np.random.default_rng(3)
    truth = rng.random(400) < 0.4
    score = rng.normal(truth * 1.0)
    m, n = int(truth.sum()), int((~truth).sum())
    parts = area_parts(truth, score)
    variance = m / (m - 1) * (parts[truth] ** 2).sum() + n / (n - 1) * (parts[~truth] ** 2).sum()
    assert math.sqrt(variance) == pytest.approx(auc_interval(truth, score).standard_error, rel=1e-9)


@pytest.mark.parametrize("shared", [0, 60])
def test_limits_cover_the_true_difference_of_two_sets(shared: int) -> None:
    """Two samples of 150 patients, two studies each, of one population: the true difference is 0."""
    rng = np.random.default_rng(20 + shared)
    covered, draws = 0, 400
    for _ in range(draws):
        ease = rng.beta(8, 2, size=300 - shared)  # of a patient: the two studies are alike
        right = rng.random((ease.size, 2)) < ease[:, None]
        first, second = np.arange(150), np.arange(ease.size - 150, ease.size)
        shown = [clustered_proportion(right[who].ravel(), np.repeat(who, 2)) for who in (first, second)]
        parts = [(proportion_parts(right[who].ravel()), np.repeat(who, 2)) for who in (first, second)]
        correlation = shared_correlation(*parts[0], *parts[1])
        assert correlation == pytest.approx(shared / 150, abs=0.35)
        found = overlapping_difference(shown[0], shown[1], correlation=correlation)
        covered += found.lower <= 0 <= found.upper
    assert covered / draws == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / draws))


def test_what_has_no_limits_has_no_difference_with_limits() -> None:
    undefined = overlapping_difference(
        an_estimate(0.9, float("nan"), float("nan")), an_estimate(0.8, 0.7, 0.9), correlation=0.2
    )
    assert math.isnan(undefined.lower)
    assert undefined.estimate == pytest.approx(0.1)
    assert np.isnan(area_parts([1, 1], [0.2, 0.4])).all()


@pytest.mark.parametrize("correlation", [-1.5, 1.01, float("nan")])
def test_what_is_no_correlation_is_refused(correlation: float) -> None:
    with pytest.raises(ValueError, match="correlation"):
        overlapping_difference(an_estimate(0.9, 0.8, 1), an_estimate(0.8, 0.7, 0.9), correlation=correlation)


def test_limits_of_two_levels_are_not_mixed() -> None:
    with pytest.raises(ValueError, match="same level"):
        overlapping_difference(
            an_estimate(0.9, 0.8, 1), an_estimate(0.8, 0.7, 0.9, level=0.99), correlation=0
        )
