"""Calibration against scikit-learn, statsmodels and exact arithmetic."""

import math
from fractions import Fraction

import numpy as np
import pytest
import statsmodels.api as sm  # type: ignore[import-untyped]  # it has no types
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import chi2, norm, sem
from sklearn.metrics import brier_score_loss

from overread.measures import brier, calibration_fit, ece, hosmer_lemeshow

forecasts = st.lists(
    st.tuples(st.booleans(), st.integers(0, 20).map(lambda i: i / 20)), min_size=2, max_size=60
)


def _forecast(
    n: int = 400, slope: float = 0.7, shift: float = -0.3, seed: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities too bold by 1 / slope, and truth that knows it."""
    rng = np.random.default_rng(seed)
    predictor = rng.normal(-0.5, 1.4, n)
    return (rng.random(n) < expit(shift + slope * predictor)).astype(int), expit(predictor)


def test_brier_is_scikit_learn_s_with_limits_of_a_mean() -> None:
    truth, probability = _forecast()
    result = brier(truth, probability)
    reach = norm.ppf(0.975) * sem((probability - truth) ** 2)
    assert result.estimate == pytest.approx(brier_score_loss(truth, probability))
    assert (result.lower, result.upper) == pytest.approx((result.estimate - reach, result.estimate + reach))
    assert (result.method, result.n) == ("brier", 400)


def test_brier_limits_stay_inside_0_and_1_and_need_two_cases() -> None:
    assert brier([1, 0], [1.0, 0.0]).lower == 0.0
    wide = brier([1, 0, 1, 1], [0.0, 1.0, 0.9, 0.9])
    assert (wide.lower, wide.upper) == (0.0, 1.0)
    one = brier([1], [0.5])
    assert one.estimate == 0.25
    assert math.isnan(one.lower)
    none = brier([], [])
    assert math.isnan(none.estimate)
    assert none.n == 0


def _bins_by_hand(pairs: list[tuple[bool, float]], n_bins: int) -> dict[int, list[tuple[bool, float]]]:
    """Equal-mass bins from the contract's formula in exact fractions."""
    n, bins = len(pairs), {}  # type: int, dict[int, list[tuple[bool, float]]]
    for pair in pairs:
        below, ties = sum(p < pair[1] for _, p in pairs), sum(p == pair[1] for _, p in pairs)
        midrank = Fraction(2 * below + ties + 1, 2)
        bins.setdefault(math.floor(n_bins * (2 * midrank - 1) / (2 * n)), []).append(pair)
    return bins


@given(pairs=forecasts, n_bins=st.integers(1, 15), seed=st.integers(0, 99))
def test_the_calibration_error_is_that_of_its_bins_in_any_row_order(
    pairs: list[tuple[bool, float]], n_bins: int, seed: int
) -> None:
    bins = _bins_by_hand(pairs, n_bins)
    gaps = [abs(sum(p for _, p in b) - sum(y for y, _ in b)) for _, b in sorted(bins.items())]
    order = np.random.default_rng(seed).permutation(len(pairs))
    truth, probability = np.array([y for y, _ in pairs]), np.array([p for _, p in pairs])
    result = ece(truth[order], probability[order], n_bins=n_bins)
    assert result == ece(truth, probability, n_bins=n_bins)
    assert result.estimate == pytest.approx(sum(gaps) / len(pairs), abs=1e-12)
    assert [b.count for b in result.bins] == [len(b) for _, b in sorted(bins.items())]
    assert [b.mean_predicted for b in result.bins] == sorted(b.mean_predicted for b in result.bins)
    assert sum(b.count * b.observed for b in result.bins) == pytest.approx(truth.sum())


def test_bins_without_ties_hold_equal_numbers() -> None:
    result = ece([0, 1] * 30, np.linspace(0.01, 0.99, 60))
    assert [b.count for b in result.bins] == [4] * 15
    assert (result.method, result.n, result.n_bins) == ("equal-mass", 60, 15)
    empty = ece([], [])
    assert math.isnan(empty.estimate)
    assert empty.bins == ()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_fit_is_statsmodels_logistic_regression(seed: int) -> None:
    truth, probability = _forecast(seed=seed)
    ours = calibration_fit(truth, probability, level=0.9)
    predictor = logit(probability)
    joint = sm.Logit(truth, sm.add_constant(predictor)).fit(disp=0)
    assert (ours.slope_intercept, ours.slope.estimate) == pytest.approx(tuple(joint.params), rel=1e-6)
    assert (ours.slope.lower, ours.slope.upper) == pytest.approx(tuple(joint.conf_int(0.1)[1]), rel=1e-6)
    large = sm.GLM(truth, np.ones(truth.size), family=sm.families.Binomial(), offset=predictor).fit()
    assert ours.intercept.estimate == pytest.approx(large.params[0], rel=1e-6)
    assert (ours.intercept.lower, ours.intercept.upper) == pytest.approx(
        tuple(large.conf_int(0.1)[0]), rel=1e-5
    )
    assert ours.converged
    assert (ours.intercept.method, ours.slope.method) == ("calibration-intercept", "calibration-slope")


def test_a_nearly_separated_fit_still_finds_its_maximum() -> None:
    truth, probability = [0] * 50 + [1, 0] + [1] * 50, np.linspace(0.4, 0.6, 102)
    ours = calibration_fit(truth, probability)
    joint = sm.Logit(truth, sm.add_constant(logit(probability))).fit(disp=0, maxiter=200)
    assert ours.converged
    assert ours.slope.estimate == pytest.approx(joint.params[1], rel=1e-5)


def test_certain_probabilities_are_kept_off_the_ends() -> None:
    truth = [0, 1, 1, 0, 1, 0]
    ends, inside = [0.0, 1.0, 0.0, 1.0, 0.6, 0.4], [1e-6, 1 - 1e-6, 1e-6, 1 - 1e-6, 0.6, 0.4]
    assert calibration_fit(truth, ends) == calibration_fit(truth, inside)


@pytest.mark.parametrize(
    ("truth", "probability"),
    [
        ([], []),
        ([1, 1, 1], [0.2, 0.5, 0.6]),
        ([0, 0], [0.2, 0.5]),
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]),
        ([1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9]),
        ([0, 0, 1, 1], [0.1, 0.5, 0.5, 0.9]),
    ],
)
def test_one_class_or_separation_has_no_fit(truth: list[int], probability: list[float]) -> None:
    result = calibration_fit(truth, probability)
    assert not result.converged
    assert result.n == len(truth)
    for estimate in (result.intercept, result.slope):
        assert all(math.isnan(v) for v in (estimate.estimate, estimate.lower, estimate.upper))
    assert math.isnan(result.slope_intercept)


def test_one_single_probability_has_an_intercept_but_no_slope() -> None:
    result = calibration_fit([0, 0, 0, 1], [0.5] * 4)
    assert result.intercept.estimate == pytest.approx(math.log(1 / 3))
    assert math.isnan(result.slope.estimate)
    assert math.isnan(result.slope.lower)


@given(
    pairs=st.lists(
        st.tuples(st.booleans(), st.sampled_from([0, 1e-9, 1e-3, 0.5, 0.5001, 0.9, 1 - 1e-6, 1])),
        min_size=1,
        max_size=40,
    )
)
def test_every_fit_that_exists_is_found_however_lopsided(pairs: list[tuple[bool, float]]) -> None:
    truth, probability = np.array([y for y, _ in pairs]), np.clip([p for _, p in pairs], 1e-6, 1 - 1e-6)
    result = calibration_fit(truth, probability)
    found, missed = probability[truth], probability[~truth]
    one_class = found.size == 0 or missed.size == 0
    apart = (
        not one_class
        and np.ptp(probability) > 0
        and (found.min() >= missed.max() or found.max() <= missed.min())
    )
    assert result.converged == (not one_class and not apart)
    if result.converged:
        expected = expit(result.intercept.estimate + logit(probability)).sum()
        assert expected == pytest.approx(truth.sum(), abs=1e-6)


def test_a_gap_of_rounding_size_is_no_evidence_of_a_slope() -> None:
    result = calibration_fit([1, 0, 0], [0.5, 1e-9, 0.5 + 1e-16])
    assert not result.converged
    assert math.isnan(result.slope.estimate)


def test_calibration_limits_cover() -> None:
    covered = np.zeros(2)
    for seed in range(400):
        fit = calibration_fit(*_forecast(n=300, slope=1.0, shift=0.0, seed=seed))
        covered += (fit.intercept.lower <= 0 <= fit.intercept.upper, fit.slope.lower <= 1 <= fit.slope.upper)
    assert ((covered / 400 > 0.925) & (covered / 400 < 0.975)).all()


@settings(max_examples=50)
@given(pairs=forecasts, n_bins=st.integers(1, 10))
def test_hosmer_lemeshow_sums_its_bins(pairs: list[tuple[bool, float]], n_bins: int) -> None:
    statistic = 0.0
    bins = _bins_by_hand(pairs, n_bins)
    for members in bins.values():
        expected, observed = sum(p for _, p in members), sum(y for y, _ in members)
        variance = expected * (1 - expected / len(members))
        if variance > 1e-9:
            statistic += (observed - expected) ** 2 / variance
        elif abs(observed - expected) > 1e-9:
            statistic = math.inf
    result = hosmer_lemeshow([y for y, _ in pairs], [p for _, p in pairs], n_bins=n_bins)
    assert result.statistic == pytest.approx(statistic, abs=1e-9)
    assert result.df == len(bins)
    assert result.p_value == pytest.approx(chi2.sf(statistic, len(bins)), abs=1e-9)


def test_hosmer_lemeshow_keeps_its_size_on_calibrated_forecasts() -> None:
    rejected = sum(
        hosmer_lemeshow(*_forecast(n=500, slope=1.0, shift=0.0, seed=seed)).p_value < 0.05
        for seed in range(400)
    )
    assert 0.025 < rejected / 400 < 0.08
    empty = hosmer_lemeshow([], [])
    assert math.isnan(empty.statistic)
    assert (empty.n, empty.df) == (0, 0)
