"""Areas and thresholds against scikit-learn, papers and the definition itself."""

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from overread.measures import (
    auc,
    auc_interval,
    delong_test,
    partial_auc,
    sensitivity_at_specificity,
    threshold_for_sensitivity,
    wilson,
    youden_threshold,
)

Cases = tuple[np.ndarray, np.ndarray]


@st.composite
def tied_cases(draw: st.DrawFn, smallest: int = 1) -> Cases:
    """Both classes, scores on few levels."""
    positives, negatives = draw(st.integers(smallest, 25)), draw(st.integers(smallest, 25))
    levels = st.integers(0, draw(st.integers(1, 12)))
    n = positives + negatives
    scores = draw(st.lists(levels, min_size=n, max_size=n))
    return np.array([1] * positives + [0] * negatives), np.array(scores) / 16


def _overlapping(rng: np.random.Generator, positives: int, negatives: int, apart: float = 1.0) -> Cases:
    truth = np.array([1] * positives + [0] * negatives)
    return truth, rng.normal(size=truth.size) + apart * truth


def _kernel(truth: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Bamber's kernel for every pair of a positive and a negative."""
    difference = score[truth == 1][:, None] - score[truth == 0][None, :]
    return np.asarray((np.sign(difference) + 1) / 2)


@given(cases=tied_cases())
def test_the_area_is_the_mean_of_all_pairs_and_scikit_learn_s(cases: Cases) -> None:
    truth, score = cases
    assert auc(truth, score) == pytest.approx(_kernel(truth, score).mean(), abs=1e-12)
    assert auc(truth, score) == pytest.approx(roc_auc_score(truth, score), abs=1e-12)
    assert auc(truth, -score) == pytest.approx(1 - auc(truth, score), abs=1e-12)
    assert auc(truth, np.exp(score)) == auc(truth, score)


def test_the_published_area_of_rated_computed_tomography() -> None:
    # Hanley JA, McNeil BJ. Radiology 1982; 143: 29-36: 58 normal and 51 abnormal scans, rated 1 to 5.
    ratings = [*np.repeat(range(1, 6), (33, 6, 6, 11, 2)), *np.repeat(range(1, 6), (3, 2, 2, 11, 33))]
    assert round(auc([0] * 58 + [1] * 51, ratings), 3) == 0.893


@pytest.mark.parametrize("truth", [[], [1], [0, 0, 0], [1, 1]])
def test_one_class_has_no_area(truth: list[int]) -> None:
    scores = [0.1 * i for i in range(len(truth))]
    assert math.isnan(auc(truth, scores))
    assert math.isnan(partial_auc(truth, scores, min_specificity=0.5))
    for result in (auc_interval(truth, scores), delong_test(truth, scores, scores)):
        assert math.isnan(result.estimate)
        assert math.isnan(result.lower)
        assert result.n == len(truth)


def _delong_by_pairs(truth: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """DeLong's 2 x 2 covariance from the full m x n kernels."""
    kernels = [_kernel(truth, score) for score in (a, b)]
    rows = np.cov([k.mean(axis=1) for k in kernels]) / kernels[0].shape[0]
    columns = np.cov([k.mean(axis=0) for k in kernels]) / kernels[0].shape[1]
    return np.asarray(rows + columns)


@settings(max_examples=60)
@given(cases=tied_cases(smallest=2), seed=st.integers(0, 1000))
def test_delong_agrees_with_all_pairs(cases: Cases, seed: int) -> None:
    truth, a = cases
    b = np.random.default_rng(seed).permutation(a)
    expected, ours = _delong_by_pairs(truth, a, b), delong_test(truth, a, b, level=0.9)
    assert (ours.variance_a, ours.variance_b) == pytest.approx(np.diag(expected), abs=1e-12)
    assert ours.covariance == pytest.approx(expected[0, 1], abs=1e-12)
    variance = expected[0, 0] + expected[1, 1] - 2 * expected[0, 1]
    if variance > 1e-9:
        assert ours.standard_error == pytest.approx(math.sqrt(variance), rel=1e-6)
        reach = norm.ppf(0.95) * math.sqrt(variance)
        difference = roc_auc_score(truth, a) - roc_auc_score(truth, b)
        assert ours.lower == pytest.approx(max(difference - reach, -1), abs=1e-9)
        assert ours.upper == pytest.approx(min(difference + reach, 1), abs=1e-9)
        assert ours.p_value == pytest.approx(2 * norm.sf(abs(difference) / math.sqrt(variance)), abs=1e-9)


def test_the_two_limits_of_one_area() -> None:
    truth, score = _overlapping(np.random.default_rng(2), 20, 31)
    error = math.sqrt(_delong_by_pairs(truth, score, score)[0, 0])
    area, z = roc_auc_score(truth, score), norm.ppf(0.975)
    plain, transformed = auc_interval(truth, score, method="delong"), auc_interval(truth, score)
    assert (plain.lower, plain.upper) == pytest.approx((area - z * error, min(area + z * error, 1)))
    reach = z * error / (area * (1 - area))
    assert (transformed.lower, transformed.upper) == pytest.approx(
        tuple(expit(logit(area) + np.array([-reach, reach])))
    )
    assert plain.standard_error == transformed.standard_error == pytest.approx(error)
    assert (plain.method, transformed.method, plain.n) == ("delong", "logit-delong", 51)


@pytest.mark.parametrize("shift", [0.0, 1e-9, 0.3])
def test_identical_models_do_not_differ(shift: float) -> None:
    truth, score = _overlapping(np.random.default_rng(3), 300, 700)
    result = delong_test(truth, score, np.exp(score + shift))
    assert (result.estimate, result.lower, result.upper) == (0.0, 0.0, 0.0)
    assert (result.standard_error, result.statistic, result.p_value) == (0.0, 0.0, 1.0)


def test_two_perfect_scores_one_reversed_have_no_test() -> None:
    result = delong_test([0, 0, 1, 1], [1, 2, 3, 4], [4, 3, 2, 1])
    assert (result.estimate, result.standard_error) == (1.0, 0.0)
    assert all(math.isnan(v) for v in (result.lower, result.upper, result.statistic, result.p_value))


def test_a_single_positive_has_an_area_without_limits() -> None:
    single = auc_interval([0, 0, 1], [1, 2, 3])
    assert single.estimate == 1.0
    assert all(math.isnan(v) for v in (single.lower, single.upper, single.standard_error))
    paired = delong_test([0, 0, 1], [1, 2, 3], [3, 2, 1])
    assert (paired.estimate, paired.auc_a, paired.auc_b) == (1.0, 1.0, 0.0)
    assert all(math.isnan(v) for v in (paired.lower, paired.variance_a, paired.covariance, paired.p_value))


def test_a_perfect_score_on_twelve_is_not_certain() -> None:
    truth, score = [0] * 12 + [1] * 20, list(range(32))
    result = auc_interval(truth, score)
    assert (result.estimate, result.standard_error, result.upper) == (1.0, 0.0, 1.0)
    assert result.lower == pytest.approx(wilson(12, 12).lower)
    reversed_ = auc_interval(truth, score[::-1])
    assert (reversed_.lower, reversed_.upper) == pytest.approx((0.0, wilson(0, 12).upper))
    plain = auc_interval(truth, score, method="delong")
    assert (plain.lower, plain.upper) == (1.0, 1.0)


@pytest.mark.parametrize("method", ["delong", "logit-delong"])
def test_all_tied_is_chance_without_width(method: str) -> None:
    result = auc_interval([0, 1] * 7, [0.3] * 14, method=method)
    assert (result.lower, result.estimate, result.upper, result.standard_error) == (0.5, 0.5, 0.5, 0.0)


def test_a_million_cases_take_less_than_three_seconds_of_one_core() -> None:
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, 1_000_000)
    a, b = rng.normal(size=(2, truth.size)) + truth
    start = time.process_time()
    result = delong_test(truth, a, b)
    assert time.process_time() - start < 3
    assert result.auc_a == pytest.approx(norm.cdf(1 / math.sqrt(2)), abs=2e-3)


@pytest.mark.parametrize(
    ("positives", "negatives", "apart", "floor"), [(40, 40, 1.0, 0.93), (25, 200, 2.0, 0.905)]
)
def test_logit_limits_cover_ninety_five_percent_or_a_little_less_on_few_positives(
    positives: int, negatives: int, apart: float, floor: float
) -> None:
    rng, truth = np.random.default_rng(8), norm.cdf(apart / math.sqrt(2))
    limits = [auc_interval(*_overlapping(rng, positives, negatives, apart)) for _ in range(1000)]
    assert floor < np.mean([r.lower <= truth <= r.upper for r in limits]) < 0.97


def test_equal_models_are_called_different_one_time_in_twenty() -> None:
    rng, rejected = np.random.default_rng(9), 0
    for _ in range(1000):
        truth, signal = _overlapping(rng, 60, 60, 2.0)
        a, b = signal + rng.normal(size=(2, truth.size))
        rejected += delong_test(truth, a, b).p_value < 0.05
    assert 0.035 < rejected / 1000 < 0.068


@settings(max_examples=60)
@given(cases=tied_cases(), cut=st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.75, 0.9]))
def test_the_partial_area_is_scikit_learn_s(cases: Cases, cut: float) -> None:
    truth, score = cases
    ours = partial_auc(truth, score, min_specificity=cut, standardized=True)
    theirs = roc_auc_score(truth, score, max_fpr=1 - cut if cut else None)
    assert ours == pytest.approx(theirs, abs=1e-9)


def test_the_partial_area_grows_from_nothing_to_the_whole() -> None:
    truth, score = _overlapping(np.random.default_rng(1), 30, 30)
    assert partial_auc(truth, score, min_specificity=0) == pytest.approx(auc(truth, score))
    assert partial_auc(truth, score, min_specificity=1) == 0.0
    assert partial_auc([0, 1], [0, 1], min_specificity=0.75) == 0.25
    assert partial_auc([0, 1], [0, 1], min_specificity=0.75, standardized=True) == 1.0
    assert math.isnan(partial_auc(truth, score, min_specificity=1, standardized=True))


def _rates(truth: np.ndarray, score: np.ndarray, threshold: float) -> tuple[int, int]:
    called = score >= threshold
    return int((called & (truth == 1)).sum()), int((~called & (truth == 0)).sum())


targets = st.sampled_from([0.0, 0.1, 1 / 3, 0.5, 0.7, 0.9, 0.95, 1.0])


@given(cases=tied_cases(), target=targets)
def test_thresholds_are_those_of_an_exhaustive_search(cases: Cases, target: float) -> None:
    truth, score = cases
    m, n = int(truth.sum()), int((1 - truth).sum())
    observed = sorted(set(score.tolist()))
    reaching = [t for t in observed if _rates(truth, score, t)[0] >= target * m - 1e-9]
    point = threshold_for_sensitivity(truth, score, sensitivity=target)
    assert point.threshold == max(reaching)
    tp, tn = _rates(truth, score, point.threshold)
    assert (point.sensitivity, point.specificity, point.n) == (tp / m, tn / n, m + n)

    specific = [t for t in [*observed, math.inf] if _rates(truth, score, t)[1] >= target * n - 1e-9]
    at = sensitivity_at_specificity(truth, score, specificity=target)
    assert at.threshold == min(specific)
    tp, tn = _rates(truth, score, at.threshold)
    assert (at.estimate, at.achieved_specificity, at.n) == (tp / m, tn / n, m)
    assert (at.lower, at.upper) == (wilson(tp, m).lower, wilson(tp, m).upper)

    best = max(observed, key=lambda t: (_rates(truth, score, t)[0] * n + _rates(truth, score, t)[1] * m, -t))
    youden = youden_threshold(truth, score)
    assert youden.threshold == best
    assert (youden.method, youden.n) == ("youden", m + n)


def test_a_target_is_met_by_counts_not_by_rounded_floats() -> None:
    truth, score = [1] * 10 + [0], [i / 10 for i in range(10)] + [0.05]
    assert threshold_for_sensitivity(truth, score, sensitivity=0.7).threshold == 0.3
    assert threshold_for_sensitivity(truth, score, sensitivity=0.1 + 0.2).threshold == 0.7


def test_thresholds_without_a_class_are_undefined() -> None:
    no_positives = threshold_for_sensitivity([0, 0], [1, 2], sensitivity=0.9)
    assert math.isnan(no_positives.threshold)
    assert math.isnan(no_positives.sensitivity)
    no_negatives = threshold_for_sensitivity([1, 1], [1, 2], sensitivity=0.9)
    assert (no_negatives.threshold, no_negatives.sensitivity) == (1.0, 1.0)
    assert math.isnan(no_negatives.specificity)
    assert math.isnan(youden_threshold([1, 1], [1, 2]).threshold)
    without = sensitivity_at_specificity([1, 1], [1, 2], specificity=0.9)
    assert all(math.isnan(v) for v in (without.estimate, without.lower, without.threshold))
    assert without.n == 2
    nothing_to_find = sensitivity_at_specificity([0, 0], [1, 2], specificity=0.5)
    assert (nothing_to_find.threshold, nothing_to_find.achieved_specificity) == (2.0, 0.5)
    assert (nothing_to_find.lower, nothing_to_find.upper, nothing_to_find.n) == (0.0, 1.0, 0)
