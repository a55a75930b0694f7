"""Net benefit against its definition from counts."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, ttest_rel

from overread.measures import decision_curve, net_benefit, net_benefit_difference

cases = st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=50).map(
    lambda rows: tuple(np.array(column) for column in zip(*rows, strict=True))
)
cuts = st.floats(0.02, 0.95)


@given(rows=cases, threshold=cuts)
def test_net_benefit_is_true_positives_less_weighted_false_ones(
    rows: tuple[np.ndarray, ...], threshold: float
) -> None:
    truth, probability, _ = rows
    called, n = probability >= threshold, truth.size
    tp, fp = int((called & truth).sum()), int((called & ~truth).sum())
    result = net_benefit(truth, probability, threshold=threshold)
    assert result.estimate == pytest.approx(tp / n - fp / n * threshold / (1 - threshold), abs=1e-9)
    assert (result.method, result.n) == ("net-benefit", n)


def test_a_worked_net_benefit() -> None:
    # 100 studies, 20 findings: 16 found, 8 false alarms, at a threshold of 1 in 5.
    truth = [1] * 20 + [0] * 80
    probability = [0.9] * 16 + [0.1] * 4 + [0.2] * 8 + [0.0] * 72
    result = net_benefit(truth, probability, threshold=0.2)
    assert result.estimate == pytest.approx(0.16 - 0.08 / 4)
    terms = np.array([1.0] * 16 + [-0.25] * 8 + [0.0] * 76)
    reach = norm.ppf(0.975) * math.sqrt((terms**2).sum() - 100 * 0.14**2) / math.sqrt(99) / 10
    assert (result.lower, result.upper) == pytest.approx((0.14 - reach, 0.14 + reach))


def test_one_case_has_no_limits_and_none_no_benefit() -> None:
    one = net_benefit([1], [0.9], threshold=0.5)
    assert one.estimate == 1.0
    assert math.isnan(one.lower)
    assert math.isnan(net_benefit([], [], threshold=0.5).estimate)
    single = net_benefit_difference([1], [0.9], [0.1], threshold=0.5)
    assert single.estimate == 1.0
    assert all(math.isnan(v) for v in (single.lower, single.standard_error, single.p_value))


def test_the_curve_lies_between_treating_all_and_none_where_it_must() -> None:
    rng = np.random.default_rng(1)
    truth = rng.random(200) < 0.3
    probability = np.clip(rng.normal(0.3 + 0.3 * truth, 0.2), 0, 1)
    curve = decision_curve(truth, probability, thresholds=[0.001, 0.2, 0.5])
    everyone = decision_curve(truth, np.ones(200), thresholds=[0.001, 0.2, 0.5])
    assert everyone.model == pytest.approx(everyone.treat_all)
    assert curve.treat_none == (0.0, 0.0, 0.0)
    assert curve.prevalence == pytest.approx(truth.mean())
    assert curve.model[1] == net_benefit(truth, probability, threshold=0.2).estimate
    assert curve.treat_all[2] == pytest.approx(2 * truth.mean() - 1)
    empty = decision_curve([], [], thresholds=[0.5])
    assert math.isnan(empty.model[0])
    assert math.isnan(empty.prevalence)
    assert empty.n == 0


@given(rows=cases, threshold=cuts)
def test_the_difference_is_that_of_the_two_benefits_and_turns_with_the_models(
    rows: tuple[np.ndarray, ...], threshold: float
) -> None:
    truth, a, b = rows
    here = net_benefit_difference(truth, a, b, threshold=threshold)
    turned = net_benefit_difference(truth, b, a, threshold=threshold)
    apart = (
        net_benefit(truth, a, threshold=threshold).estimate
        - net_benefit(truth, b, threshold=threshold).estimate
    )
    assert here.estimate == pytest.approx(apart, abs=1e-9)
    assert here.estimate == pytest.approx(-turned.estimate, abs=1e-12)


def test_the_paired_test_has_the_statistic_of_a_paired_t_test() -> None:
    rng = np.random.default_rng(3)
    truth = rng.random(300) < 0.4
    a, b = rng.random((2, 300))
    first, second = (np.where(p >= 0.3, np.where(truth, 1, -3 / 7), 0.0).tolist() for p in (a, b))
    result = net_benefit_difference(truth, a, b, threshold=0.3)
    assert result.statistic == pytest.approx(ttest_rel(first, second).statistic)
    assert result.p_value == pytest.approx(2 * norm.sf(abs(result.statistic)))


def test_identical_decisions_do_not_differ_and_a_constant_gap_has_no_test() -> None:
    same = net_benefit_difference([0, 1, 1], [0.3, 0.4, 0.9], [0.6, 0.4, 0.7], threshold=0.2)
    assert (same.estimate, same.lower, same.upper, same.statistic, same.p_value) == (0.0, 0.0, 0.0, 0.0, 1.0)
    gap = net_benefit_difference([1, 1, 1], [0.9] * 3, [0.1] * 3, threshold=0.2)
    assert (gap.estimate, gap.standard_error) == (1.0, 0.0)
    assert all(math.isnan(v) for v in (gap.lower, gap.upper, gap.statistic, gap.p_value))
