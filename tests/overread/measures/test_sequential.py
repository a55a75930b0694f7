"""Sequential tests against their definitions, published boundaries and simulation."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from overread.measures import alpha_spending, cusum, reuse_alpha, sprt

outcomes = st.lists(st.booleans(), max_size=80)


@given(misses=outcomes)
def test_the_sprt_follows_wald_one_outcome_at_a_time(misses: list[bool]) -> None:
    lower, upper, ratio, path, decision = math.log(0.1 / 0.95), math.log(0.9 / 0.05), 0.0, [], "continue"
    for miss in misses:
        ratio += math.log(0.2 / 0.05) if miss else math.log(0.8 / 0.95)
        path.append(ratio)
        if ratio >= upper or ratio <= lower:
            decision = "accept-h1" if ratio >= upper else "accept-h0"
            break
    result = sprt(misses, p0=0.05, p1=0.2)
    assert result.decision == decision
    assert result.path == pytest.approx(tuple(path))
    assert result.n_used == len(path)
    assert (result.lower_bound, result.upper_bound) == pytest.approx((lower, upper))
    assert result.log_likelihood_ratio == (result.path[-1] if path else 0.0)


def test_the_sprt_keeps_both_error_rates_and_stops_early() -> None:
    rng, wrong, used = np.random.default_rng(1), np.zeros(2), 0
    for _ in range(800):
        under_null = sprt(rng.random(1500) < 0.05, p0=0.05, p1=0.15)
        under_alternative = sprt(rng.random(1500) < 0.15, p0=0.05, p1=0.15)
        wrong += (under_null.decision == "accept-h1", under_alternative.decision == "accept-h0")
        used += under_null.n_used
    assert wrong[0] / 800 < 0.07
    assert wrong[1] / 800 < 0.12
    assert used / 800 < 100


@given(misses=outcomes, threshold=st.floats(0.5, 5))
def test_the_cusum_is_page_s_recursion(misses: list[bool], threshold: float) -> None:
    height, path = 0.0, []
    for miss in misses:
        height = max(0.0, height + (math.log(3) if miss else math.log(0.7 / 0.9)))
        path.append(height)
    result = cusum(misses, p0=0.1, p1=0.3, threshold=threshold)
    assert result.path == pytest.approx(tuple(path))
    assert result.first_alarm == next((i for i, h in enumerate(result.path) if h >= threshold), None)
    assert result.n == len(misses)


def test_the_cusum_adjusts_each_case_for_its_risk() -> None:
    adjusted = cusum([1, 0, 1], p0=[0.1, 0.2, 0.5], p1=[0.2, 0.4, 0.8], threshold=1.0)
    first, second = math.log(2), math.log(2) + math.log(0.6 / 0.8)
    assert adjusted.path == pytest.approx((first, second, second + math.log(1.6)))
    same = cusum([1, 0, 1], p0=[0.1] * 3, p1=[0.3] * 3, threshold=1.0)
    assert same == cusum([1, 0, 1], p0=0.1, p1=0.3, threshold=1.0)


@pytest.mark.parametrize(
    ("p0", "p1", "threshold"),
    [
        (0.0, 0.3, 1),
        (0.3, 0.3, 1),
        (0.1, 1.0, 1),
        (0.1, 0.3, 0),
        (0.1, 0.3, math.nan),
        ([0.1], [0.3], 1),
        ([0.1, 0.1], 0.3, 1),
    ],
)
def test_a_chart_that_makes_no_sense_is_refused(p0: object, p1: object, threshold: float) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        cusum([0, 1], p0=p0, p1=p1, threshold=threshold)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("wrong", [{"p0": 0.2}, {"beta": 0.0}, {"beta": 0.97}, {"p1": 1.0}])
def test_a_test_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        sprt([0, 1], **{"p0": 0.05, "p1": 0.2, **wrong})


def test_spending_follows_lan_and_demets() -> None:
    # Lan and DeMets 1983 at one-sided 0.025: early looks under O'Brien-Fleming spend next to nothing.
    t = [0.2, 0.4, 0.6, 0.8, 1.0]
    obrien = alpha_spending(t)
    assert obrien == pytest.approx(
        [2 - 2 * norm.cdf(norm.ppf(1 - 0.0125) / math.sqrt(x)) for x in t], abs=1e-12
    )
    assert tuple(round(v, 5) for v in obrien) == (0.0, 0.00039, 0.00381, 0.01221, 0.025)
    pocock = alpha_spending(t, kind="pocock")
    assert pocock == pytest.approx([0.025 * math.log(1 + (math.e - 1) * x) for x in t])
    assert alpha_spending([0.25, 0.5], alpha=0.1, kind="linear") == pytest.approx((0.025, 0.05))
    assert alpha_spending([]) == ()


@given(
    t=st.lists(st.floats(0.01, 1), min_size=1, max_size=8, unique=True).map(sorted),
    kind=st.sampled_from(["obrien-fleming", "pocock", "linear"]),
    alpha=st.floats(0.001, 0.5),
)
def test_spending_never_falls_and_ends_at_alpha(t: list[float], kind: str, alpha: float) -> None:
    spent = alpha_spending([*t[:-1], 1.0] if t[-1] < 1 else t, alpha=alpha, kind=kind)
    assert all(a <= b for a, b in pairwise(spent))
    assert spent[-1] == pytest.approx(alpha)


@pytest.mark.parametrize("t", [[0.5, 0.5], [0.6, 0.4], [0.0, 1.0], [0.5, 1.1], [math.nan]])
def test_information_must_rise_inside_0_and_1(t: list[float]) -> None:
    with pytest.raises(ValueError, match="information"):
        alpha_spending(t)


def test_a_frozen_test_set_is_used_up_by_its_planned_looks() -> None:
    assert [reuse_alpha(look) for look in (1, 10)] == [0.0025, 0.0025]
    assert reuse_alpha(11) == 0.0
    assert reuse_alpha(3, alpha=0.05, looks=5) == 0.01
    assert math.fsum(reuse_alpha(look) for look in range(1, 50)) == pytest.approx(0.025)


def test_the_basel_series_never_ends_and_never_overspends() -> None:
    spent = [reuse_alpha(look, kind="basel") for look in range(1, 5000)]
    assert spent[0] == pytest.approx(0.025 * 6 / math.pi**2)
    assert min(spent) > 0
    assert 0.0249 < math.fsum(spent) < 0.025


@pytest.mark.parametrize(
    ("look", "looks", "kind"), [(0, 10, "basel"), (1, 0, "bonferroni"), (1, 10, "thresholdout")]
)
def test_a_look_that_makes_no_sense_is_refused(look: int, looks: int, kind: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        reuse_alpha(look, looks=looks, kind=kind)
