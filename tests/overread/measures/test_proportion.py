"""Proportions and differences against papers, statsmodels and brute force."""

import math
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm  # type: ignore[import-untyped]  # it has no types
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import binom, norm
from statsmodels.stats.proportion import (  # type: ignore[import-untyped]  # it has no types
    confint_proportions_2indep,
    proportion_confint,
)

from overread.measures import (
    clopper_pearson,
    clustered_paired_difference,
    clustered_proportion,
    mcnemar_midp,
    newcombe_difference,
    paired_difference,
    tango_noninferiority,
    wilson,
)

cells = st.integers(0, 300)


def test_wilson_gives_the_limits_of_the_paper_s_table() -> None:
    sensitivity, specificity = wilson(914, 1018), wilson(876, 995)
    assert [round(v, 4) for v in (sensitivity.estimate, sensitivity.lower, sensitivity.upper)] == [
        0.8978,
        0.8777,
        0.9150,
    ]
    assert [round(v, 4) for v in (specificity.estimate, specificity.lower, specificity.upper)] == [
        0.8804,
        0.8588,
        0.8991,
    ]
    assert (sensitivity.method, sensitivity.n, sensitivity.level) == ("wilson", 1018, 0.95)


@pytest.mark.parametrize(("x", "n"), [(0, 5), (5, 5), (1, 7), (81, 263), (15, 148), (999, 1000)])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
def test_single_proportions_agree_with_statsmodels(x: int, n: int, level: float) -> None:
    for measure, method in ((wilson, "wilson"), (clopper_pearson, "beta")):
        ours = measure(x, n, level=level)
        theirs = proportion_confint(x, n, alpha=1 - level, method=method)
        assert (ours.lower, ours.upper) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("measure", [wilson, clopper_pearson])
def test_the_ends_are_exact(measure: Any) -> None:
    assert measure(0, 7).lower == 0.0
    assert measure(7, 7).upper == 1.0
    empty = measure(0, 0)
    assert math.isnan(empty.estimate)
    assert (empty.lower, empty.upper, empty.n) == (0.0, 1.0, 0)


@given(n=st.integers(1, 10_000), share=st.floats(0, 1))
def test_limits_contain_the_estimate_and_mirror(n: int, share: float) -> None:
    x = round(share * n)
    for measure in (wilson, clopper_pearson):
        here, mirror = measure(x, n), measure(n - x, n)
        assert 0 <= here.lower <= here.estimate <= here.upper <= 1
        assert here.lower == pytest.approx(1 - mirror.upper, abs=1e-9)


def test_the_exact_limits_always_cover_and_wilson_covers_on_average() -> None:
    n = 40
    rates = np.linspace(0.005, 0.995, 199)
    chances = binom.pmf(np.arange(n + 1)[:, None], n, rates)
    for measure, floor, mean in ((clopper_pearson, 0.95, 0.95), (wilson, 0.83, 0.945)):
        limits = [measure(x, n) for x in range(n + 1)]
        lower, upper = (np.array([getattr(e, side) for e in limits])[:, None] for side in ("lower", "upper"))
        coverage = (chances * ((lower <= rates) & (rates <= upper))).sum(axis=0)
        assert coverage.min() >= floor
        assert coverage.mean() >= mean


# Newcombe RG. Stat Med 1998; 17: 873-890, table II, method 10.
@pytest.mark.parametrize(
    ("table", "lower", "upper"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_newcombe_s_published_differences(
    table: tuple[int, int, int, int], lower: float, upper: float
) -> None:
    result = newcombe_difference(*table)
    assert (round(result.lower, 4), round(result.upper, 4)) == (lower, upper)
    assert result.n == table[1] + table[3]
    theirs = confint_proportions_2indep(*table, method="newcomb", compare="diff")
    assert (result.lower, result.upper) == pytest.approx(theirs, abs=1e-9)


def test_a_difference_with_an_empty_sample_says_nothing() -> None:
    for result in (
        newcombe_difference(0, 0, 3, 9),
        newcombe_difference(3, 9, 0, 0),
        paired_difference(0, 0, 0, 0),
    ):
        assert math.isnan(result.estimate)
        assert (result.lower, result.upper) == (-1.0, 1.0)


# Newcombe RG. Stat Med 1998; 17: 2635-2650: limits of method 10 for paired proportions.
@pytest.mark.parametrize(
    ("table", "lower", "upper"), [((36, 12, 2, 0), 0.0569, 0.3404), ((20, 12, 2, 16), 0.0562, 0.3292)]
)
def test_newcombe_s_published_paired_differences(
    table: tuple[int, int, int, int], lower: float, upper: float
) -> None:
    result = paired_difference(*table, method="newcombe")
    assert (round(result.lower, 4), round(result.upper, 4)) == (lower, upper)


def test_tango_s_lens_example() -> None:
    # Tango T. Stat Med 1998; 17: 891-908: 43 pairs agree, one favours the reference; margin 0.1.
    result = tango_noninferiority(0, 1, 44, margin=0.1, alpha=0.05)
    assert result.statistic == pytest.approx(1.709, abs=5e-4)
    assert result.p_value == pytest.approx(0.044, abs=5e-4)
    assert result.noninferior
    assert result.level == pytest.approx(0.90)
    assert not tango_noninferiority(0, 1, 44, margin=0.1).noninferior


def _likelihood_score(b: int, c: int, n: int, difference: float) -> float:
    """Tango's T with its nuisance parameter found by maximising the likelihood numerically."""

    def negative_log_likelihood(p21: float) -> float:
        p12 = p21 + difference
        rest = 1 - p12 - p21
        terms = ((b, p12), (c, p21), (n - b - c, rest))
        return -sum(count * math.log(max(p, 1e-300)) for count, p in terms if count)

    low, high = max(0.0, -difference), (1 - difference) / 2
    p21 = minimize_scalar(
        negative_log_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-12}
    ).x
    return float((b - c - n * difference) / math.sqrt(n * (2 * p21 + difference * (1 - difference))))


@pytest.mark.parametrize(("b", "c", "n"), [(12, 2, 50), (1, 9, 60), (5, 5, 20), (30, 41, 1000)])
def test_tango_s_limits_solve_the_score_equation(b: int, c: int, n: int) -> None:
    result = paired_difference(n - b - c, b, c, 0)
    quantile = norm.ppf(0.975)
    estimate = (b - c) / n
    lower = brentq(lambda d: _likelihood_score(b, c, n, d) - quantile, estimate - 0.5, estimate - 1e-6)
    upper = brentq(lambda d: _likelihood_score(b, c, n, d) + quantile, estimate + 1e-6, estimate + 0.5)
    assert (result.lower, result.upper) == pytest.approx((lower, upper), abs=2e-6)
    assert result.estimate == estimate


@pytest.mark.parametrize("n", [1, 4, 35, 1018])
def test_tango_without_discordant_pairs_has_its_closed_form(n: int) -> None:
    square = norm.ppf(0.975) ** 2
    result = paired_difference(n, 0, 0, 0)
    assert (result.lower, result.upper) == pytest.approx(
        (-square / (n + square), square / (n + square)), abs=1e-10
    )


@pytest.mark.parametrize(("margin", "enough"), [(0.03, 125), (0.05, 73), (0.10, 35)])
def test_an_identical_candidate_needs_this_many_cases(margin: float, enough: int) -> None:
    assert tango_noninferiority(0, 0, enough, margin=margin).noninferior
    assert not tango_noninferiority(0, 0, enough - 1, margin=margin).noninferior


@given(a=cells, b=cells, c=cells, d=cells)
def test_paired_limits_contain_the_estimate_and_turn_with_the_models(a: int, b: int, c: int, d: int) -> None:
    for method in ("tango", "newcombe"):
        here = paired_difference(a, b, c, d, method=method)
        turned = paired_difference(a, c, b, d, method=method)
        assert -1 <= here.lower <= here.upper <= 1
        assert here.n == a + b + c + d
        if here.n:
            assert here.lower <= here.estimate <= here.upper
        assert here.lower == pytest.approx(-turned.upper, abs=1e-9)


@settings(max_examples=50)
@given(b=st.integers(0, 60), c=st.integers(0, 60), rest=st.integers(1, 300), margin=st.floats(0.01, 0.5))
def test_the_test_and_its_limits_agree(b: int, c: int, rest: int, margin: float) -> None:
    result = tango_noninferiority(b, c, b + c + rest, margin=margin)
    if abs(result.lower + margin) > 1e-9:
        assert result.noninferior == (result.lower > -margin)


def test_tango_covers_ninety_five_percent() -> None:
    n, p_b, p_c = 60, 0.12, 0.06
    covered = total = 0.0
    for discordant in range(n + 1):
        weight = binom.pmf(discordant, n, p_b + p_c)
        if weight < 1e-9:
            continue
        for b in range(discordant + 1):
            result = paired_difference(n - discordant, b, discordant - b, 0)
            chance = weight * binom.pmf(b, discordant, p_b / (p_b + p_c))
            total += chance
            covered += chance * (result.lower <= p_b - p_c <= result.upper)
    assert total == pytest.approx(1, abs=1e-6)
    assert 0.93 < covered < 0.97


def test_no_pairs_are_not_noninferior() -> None:
    result = tango_noninferiority(0, 0, 0, margin=0.05)
    assert (result.lower, result.upper, result.n, result.noninferior) == (-1.0, 1.0, 0, False)
    assert all(math.isnan(v) for v in (result.estimate, result.statistic, result.p_value))


@pytest.mark.parametrize("margin", [0, 1, -0.1, math.nan])
def test_a_margin_outside_0_and_1_is_refused(margin: float) -> None:
    with pytest.raises(ValueError, match="margin"):
        tango_noninferiority(1, 1, 10, margin=margin)


def test_more_discordant_pairs_than_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="larger"):
        tango_noninferiority(6, 5, 10, margin=0.1)


def test_alpha_of_a_half_leaves_the_estimate_as_its_limits() -> None:
    result = tango_noninferiority(5, 3, 40, margin=0.1, alpha=0.5)
    assert (result.lower, result.upper) == pytest.approx((0.05, 0.05), abs=1e-9)


# Fagerland MW, Lydersen S, Laake P. BMC Med Res Methodol 2013; 13: 91, both worked examples.
@pytest.mark.parametrize(("b", "c", "p_value"), [(1, 7, 0.039), (6, 16, 0.035)])
def test_the_published_mid_p_values(b: int, c: int, p_value: float) -> None:
    assert round(mcnemar_midp(b, c).p_value, 3) == p_value


@given(b=st.integers(0, 200), c=st.integers(0, 200))
def test_mid_p_is_the_sum_of_its_tail(b: int, c: int) -> None:
    n, fewer = b + c, min(b, c)
    tail = sum(math.comb(n, k) for k in range(fewer)) + math.comb(n, fewer) / 2
    assert mcnemar_midp(b, c).p_value == pytest.approx(2 * tail / 2**n, rel=1e-9)
    assert mcnemar_midp(b, c) == mcnemar_midp(c, b) or b != c


def test_mid_p_of_equal_counts_is_one_and_a_million_pairs_are_no_trouble() -> None:
    assert mcnemar_midp(0, 0).p_value == 1.0
    assert mcnemar_midp(4, 4).p_value == 1.0
    big = mcnemar_midp(499_000, 501_000)
    assert big.p_value == pytest.approx(2 * norm.sf(2.0), rel=1e-3)
    assert (big.statistic, big.n) == (499_000.0, 1_000_000)


def _films(rng: np.random.Generator, patients: int, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Films of patients who share a rate each: intraclass correlation 1/4."""
    films = rng.integers(1, 6, patients)
    rate = rng.beta(2 + shift, 1, patients)
    cluster = np.repeat(np.arange(patients), films)
    return (rng.random(cluster.size) < rate[cluster]).astype(int), cluster


def test_clustered_standard_errors_agree_with_a_cluster_robust_regression() -> None:
    rng = np.random.default_rng(7)
    x, cluster = _films(rng, 80)
    other = np.where(rng.random(x.size) < 0.2, 1 - x, x)
    for ours, values in (
        (clustered_proportion(x, cluster), x),
        (clustered_paired_difference(x, other, cluster), x - other),
    ):
        fit = sm.OLS(values, np.ones(x.size)).fit(cov_type="cluster", cov_kwds={"groups": cluster})
        assert ours.estimate == pytest.approx(fit.params[0])
        assert ours.standard_error == pytest.approx(fit.bse[0])
        assert ours.n_clusters == 80


def test_one_film_a_patient_is_nearly_wilson() -> None:
    result = clustered_proportion([1] * 30 + [0] * 70, range(100))
    assert result.design_effect == pytest.approx(100 / 99)
    expected = wilson(30, 100)
    assert (result.lower, result.upper) == pytest.approx((expected.lower, expected.upper), abs=2e-3)


def test_copies_of_a_film_add_no_information() -> None:
    once = clustered_proportion([1] * 30 + [0] * 70, range(100))
    thrice = clustered_proportion(([1] * 30 + [0] * 70) * 3, [*range(100)] * 3)
    assert (thrice.lower, thrice.upper) == pytest.approx((once.lower, once.upper))
    assert thrice.n_effective == pytest.approx(once.n_effective)
    assert thrice.design_effect == pytest.approx(3 * once.design_effect)
    assert thrice.n == 300


def test_perfect_and_single_patients_count_patients() -> None:
    perfect = clustered_proportion([1] * 12, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])
    assert (perfect.standard_error, perfect.n_effective, perfect.upper) == (0.0, 4.0, 1.0)
    assert perfect.lower == pytest.approx(wilson(4, 4).lower)
    assert math.isnan(perfect.design_effect)
    alone = clustered_proportion([1, 0, 1, 1], ["a"] * 4)
    assert (alone.estimate, alone.n_effective, alone.n_clusters) == (0.75, 1.0, 1)
    assert math.isnan(alone.standard_error)
    assert math.isnan(alone.design_effect)
    empty = clustered_proportion([], [])
    assert (empty.lower, empty.upper, empty.n, empty.n_clusters) == (0.0, 1.0, 0, 0)
    assert math.isnan(empty.estimate)


def test_patients_that_do_not_differ_leave_the_films_as_they_are() -> None:
    result = clustered_proportion([1, 0, 1] * 50, np.repeat(range(50), 3))
    assert (result.standard_error, result.design_effect, result.n_effective) == (0.0, 0.0, 150.0)


def test_clustered_differences_of_identical_single_and_shifted_models() -> None:
    same = clustered_paired_difference([1, 0, 1], [1, 0, 1], ["a", "b", "c"])
    assert (same.estimate, same.lower, same.upper, same.statistic, same.p_value) == (0.0, 0.0, 0.0, 0.0, 1.0)
    alone = clustered_paired_difference([1, 0], [0, 0], ["a", "a"])
    assert alone.estimate == 0.5
    assert all(
        math.isnan(v)
        for v in (alone.standard_error, alone.lower, alone.upper, alone.statistic, alone.p_value)
    )
    shifted = clustered_paired_difference([1, 1, 1], [0, 0, 0], ["a", "b", "c"])
    assert (shifted.estimate, shifted.standard_error) == (1.0, 0.0)
    assert all(math.isnan(v) for v in (shifted.lower, shifted.upper, shifted.statistic, shifted.p_value))
    cancelling = clustered_paired_difference([1, 0, 1] * 2, [0, 1, 1] * 2, ["a", "a", "a", "b", "b", "b"])
    assert (cancelling.lower, cancelling.upper, cancelling.p_value) == (0.0, 0.0, 1.0)


def test_clustered_limits_cover_where_those_of_single_films_do_not() -> None:
    rng = np.random.default_rng(11)
    clustered = naive = 0
    repeats, truth = 600, 2 / 3
    for _ in range(repeats):
        x, cluster = _films(rng, 60)
        ours, plain = clustered_proportion(x, cluster), wilson(int(x.sum()), x.size)
        clustered += ours.lower <= truth <= ours.upper
        naive += plain.lower <= truth <= plain.upper
    assert 0.925 < clustered / repeats < 0.975
    assert naive / repeats < 0.91
