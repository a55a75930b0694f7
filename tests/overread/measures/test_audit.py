"""Audits against published examples, survey regressions and simulation."""

import math

import numpy as np
import pytest
import statsmodels.api as sm  # type: ignore[import-untyped]  # it has no types
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from overread.measures import audit_sample_size, begg_greenes, horvitz_thompson, missed_finding_bound, wilson

# Drum and Christacopoulos' liver scans, the example of Begg and Greenes (1983) and of Zhou's chapters.
LIVER = {
    "flagged": 429,
    "flagged_diseased": 231,
    "flagged_healthy": 32,
    "cleared": 221,
    "cleared_diseased": 27,
    "cleared_healthy": 54,
}


def test_the_published_liver_scans() -> None:
    result = begg_greenes(**LIVER)
    sensitivity, specificity = result.sensitivity, result.specificity
    assert tuple(round(v, 2) for v in (sensitivity.estimate, sensitivity.lower, sensitivity.upper)) == (
        0.84,
        0.78,
        0.88,
    )
    assert tuple(round(v, 2) for v in (specificity.estimate, specificity.lower, specificity.upper)) == (
        0.74,
        0.66,
        0.81,
    )
    assert (round(result.ppv, 3), round(result.npv, 3)) == (0.878, 0.667)
    assert (sensitivity.n, sensitivity.method) == (344, "begg-greenes")


def _imputed(cells: dict[str, int]) -> tuple[float, float]:
    """Sensitivity and specificity after spreading the unverified like the verified."""
    flagged = cells["flagged_diseased"] + cells["flagged_healthy"]
    cleared = cells["cleared_diseased"] + cells["cleared_healthy"]
    up, down = cells["flagged"] / flagged, cells["cleared"] / cleared
    tp, fp = cells["flagged_diseased"] * up, cells["flagged_healthy"] * up
    fn, tn = cells["cleared_diseased"] * down, cells["cleared_healthy"] * down
    return tp / (tp + fn), tn / (tn + fp)


@given(
    counts=st.tuples(*[st.integers(1, 200)] * 4),
    unverified=st.tuples(st.integers(0, 900), st.integers(0, 900)),
)
def test_the_correction_spreads_the_unverified_like_the_verified(
    counts: tuple[int, int, int, int], unverified: tuple[int, int]
) -> None:
    s1, r1, s0, r0 = counts
    cells = {
        "flagged": s1 + r1 + unverified[0],
        "flagged_diseased": s1,
        "flagged_healthy": r1,
        "cleared": s0 + r0 + unverified[1],
        "cleared_diseased": s0,
        "cleared_healthy": r0,
    }
    result = begg_greenes(**cells)
    assert (result.sensitivity.estimate, result.specificity.estimate) == pytest.approx(_imputed(cells))
    for estimate in (result.sensitivity, result.specificity):
        assert 0 <= estimate.lower <= estimate.estimate <= estimate.upper <= 1


def test_swapping_the_classes_swaps_the_measures() -> None:
    swapped = begg_greenes(
        flagged=221,
        flagged_diseased=54,
        flagged_healthy=27,
        cleared=429,
        cleared_diseased=32,
        cleared_healthy=231,
    )
    original = begg_greenes(**LIVER)
    assert swapped.sensitivity == original.specificity
    assert swapped.specificity == original.sensitivity


def test_no_miss_among_the_audited_is_not_certainty() -> None:
    result = begg_greenes(**{**LIVER, "cleared_diseased": 0, "cleared_healthy": 81})
    assert (result.sensitivity.estimate, result.sensitivity.upper) == (1.0, 1.0)
    assert 0.9 < result.sensitivity.lower < 1
    nothing_found = begg_greenes(**{**LIVER, "flagged_diseased": 0, "flagged_healthy": 263})
    assert (nothing_found.sensitivity.estimate, nothing_found.sensitivity.lower) == (0.0, 0.0)
    assert 0 < nothing_found.sensitivity.upper < 0.2
    nobody = begg_greenes(
        flagged=9, flagged_diseased=0, flagged_healthy=9, cleared=9, cleared_diseased=0, cleared_healthy=9
    )
    assert math.isnan(nobody.sensitivity.estimate)
    assert nobody.specificity.estimate == 0.5


@pytest.mark.parametrize("arm", ["flagged", "cleared"])
def test_an_arm_nobody_audited_leaves_both_undefined(arm: str) -> None:
    result = begg_greenes(**{**LIVER, f"{arm}_diseased": 0, f"{arm}_healthy": 0})
    assert math.isnan(result.sensitivity.estimate)
    assert math.isnan(result.specificity.lower)
    assert math.isnan(result.prevalence)
    assert math.isnan(result.ppv) == (arm == "flagged")
    assert math.isnan(result.npv) == (arm == "cleared")


def test_more_verified_than_called_are_refused() -> None:
    with pytest.raises(ValueError, match="larger"):
        begg_greenes(**{**LIVER, "flagged": 200})


def _audit(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, call and inclusion probability of audited cases: every flagged one, one cleared case in five."""
    truth = rng.random(n) < 0.3
    called = rng.random(n) < np.where(truth, 0.85, 0.2)
    chance = np.where(called, 1.0, 0.2)
    audited = rng.random(n) < chance
    return truth[audited], called[audited], chance[audited]


def test_survey_shares_are_those_of_a_weighted_regression() -> None:
    truth, called, chance = _audit(np.random.default_rng(2), 900)
    result = horvitz_thompson(truth, called, chance)
    rows = truth.size
    for ours, domain, hits in (
        (result.sensitivity, truth, called),
        (result.specificity, ~truth, ~called),
        (result.prevalence, np.ones(rows, dtype=bool), truth),
    ):
        weights = np.where(domain, 1 / chance, 0.0)
        fit = sm.WLS(hits.astype(float), np.ones(rows), weights=weights).fit(cov_type="HC1")
        assert ours.estimate == pytest.approx(fit.params[0])
        assert ours.standard_error == pytest.approx(fit.bse[0])
        assert ours.n == domain.sum()
    assert result.n == rows


def test_equal_weights_are_plain_shares() -> None:
    truth, called = [1] * 40 + [0] * 60, [1] * 30 + [0] * 10 + [1] * 6 + [0] * 54
    result = horvitz_thompson(truth, called, [0.25] * 100)
    assert (result.sensitivity.estimate, result.specificity.estimate) == pytest.approx((0.75, 0.9))
    assert result.prevalence.n_effective == pytest.approx(99)
    expected = wilson(30, 40)
    assert (result.sensitivity.lower, result.sensitivity.upper) == pytest.approx(
        (expected.lower, expected.upper), abs=2e-3
    )


def test_strata_are_compared_within_themselves() -> None:
    rng = np.random.default_rng(5)
    strata = np.repeat(["a", "b", "c"], 40)
    truth = rng.random(120) < np.repeat([0.1, 0.5, 0.9], 40)
    chance = np.repeat([0.2, 0.5, 1.0], 40)
    result = horvitz_thompson(truth, truth, chance, strata=strata)
    weights = 1 / chance
    p = (weights * truth).sum() / weights.sum()
    variance = sum(
        40 * np.var((weights * (truth - p) / weights.sum())[strata == h], ddof=1) for h in ("a", "b", "c")
    )
    assert result.prevalence.standard_error == pytest.approx(math.sqrt(variance))
    assert result.prevalence.standard_error < horvitz_thompson(truth, truth, chance).prevalence.standard_error
    assert result.prevalence.n_effective == pytest.approx(min(120, p * (1 - p) / variance))


def test_a_perfect_share_counts_kish_s_effective_cases() -> None:
    result = horvitz_thompson([1, 1, 1, 0], [1, 1, 1, 0], [1.0, 0.5, 0.2, 1.0])
    weights = np.array([1, 2, 5])
    kish = weights.sum() ** 2 / (weights**2).sum()
    assert (result.sensitivity.estimate, result.sensitivity.upper, result.sensitivity.standard_error) == (
        1,
        1,
        0,
    )
    assert result.sensitivity.n_effective == pytest.approx(kish)
    assert result.sensitivity.lower == pytest.approx(1 - 3.8414588 / (kish + 3.8414588))


audits = st.lists(st.tuples(st.booleans(), st.booleans(), st.floats(0.01, 1)), min_size=2, max_size=60).map(
    lambda rows: tuple(np.array(column) for column in zip(*rows, strict=True))
)


@given(audit=audits)
def test_a_share_stays_within_its_limits_and_a_perfect_one_is_exact(audit: tuple[np.ndarray, ...]) -> None:
    truth, called, chance = audit
    result = horvitz_thompson(truth, called, chance)
    for share in (result.sensitivity, result.specificity, result.prevalence):
        if share.n:
            assert 0 <= share.lower <= share.estimate <= share.upper <= 1
            assert 0 < share.n_effective <= share.n
    perfect, reversed_ = (horvitz_thompson(truth, calls, chance) for calls in (truth, ~truth))
    for share in (perfect.sensitivity, perfect.specificity):
        assert not share.n or (share.estimate, share.upper, share.standard_error) == (1.0, 1.0, 0.0)
    for share in (reversed_.sensitivity, reversed_.specificity):
        assert not share.n or (share.estimate, share.lower, share.standard_error) == (0.0, 0.0, 0.0)


def test_audits_at_the_edges() -> None:
    empty = horvitz_thompson([], [], [])
    assert math.isnan(empty.sensitivity.estimate)
    assert (empty.prevalence.lower, empty.prevalence.upper, empty.n) == (0.0, 1.0, 0)
    healthy = horvitz_thompson([0, 0, 0], [0, 1, 0], [1, 1, 0.5])
    assert math.isnan(healthy.sensitivity.estimate)
    assert (healthy.sensitivity.lower, healthy.sensitivity.upper, healthy.sensitivity.n) == (0.0, 1.0, 0)
    with pytest.raises(ValueError, match="probability 0"):
        horvitz_thompson([0, 1], [0, 1], [0.5, 0.0])
    with pytest.raises(ValueError, match="stratum"):
        horvitz_thompson([0, 1, 1], [0, 1, 1], [1, 1, 1], strata=["a", "a", "b"])


def test_audited_limits_cover_the_sensitivity_of_all_cases() -> None:
    rng, repeats, covered, naive = np.random.default_rng(4), 400, np.zeros(2), 0
    for _ in range(repeats):
        truth, called, chance = _audit(rng, 500)
        survey = horvitz_thompson(truth, called, chance).sensitivity
        zhou = begg_greenes(
            flagged=int(called.sum()),
            flagged_diseased=int((called & truth).sum()),
            flagged_healthy=int((called & ~truth).sum()),
            cleared=int((~called).sum() * 5),
            cleared_diseased=int((~called & truth).sum()),
            cleared_healthy=int((~called & ~truth).sum()),
        ).sensitivity
        covered += [e.lower <= 0.85 <= e.upper for e in (survey, zhou)]
        verified = wilson(int((called & truth).sum()), int(truth.sum()))
        naive += verified.lower <= 0.85 <= verified.upper
    assert ((covered / repeats > 0.92) & (covered / repeats < 0.985)).all()
    assert naive / repeats < 0.05  # why it must never be shown


@given(n=st.integers(1, 400), missed=st.integers(0, 5), level=st.sampled_from([0.8, 0.95, 0.99]))
def test_the_bound_is_the_rate_at_which_so_few_misses_become_unlikely(
    n: int, missed: int, level: float
) -> None:
    missed = min(missed, n)
    result = missed_finding_bound(missed, n, level=level)
    assert result.lower == 0.0
    if missed == n:
        assert result.upper == 1.0
    else:
        assert binom.cdf(missed, n, result.upper) == pytest.approx(1 - level, rel=1e-6)


def test_a_bound_without_an_audit_is_one() -> None:
    result = missed_finding_bound(0, 0)
    assert math.isnan(result.estimate)
    assert (result.lower, result.upper, result.method) == (0.0, 1.0, "clopper-pearson-upper")


@pytest.mark.parametrize(
    ("rate", "level", "n"),
    [(0.01, 0.95, 299), (0.05, 0.95, 59), (0.5, 0.75, 2), (0.1, 0.9, 22), (1.0, 0.95, 1)],
)
def test_the_audit_is_the_smallest_that_can_show_the_rate(rate: float, level: float, n: int) -> None:
    assert audit_sample_size(rate, level=level) == n
    assert missed_finding_bound(0, n, level=level).upper <= rate + 1e-12
    assert missed_finding_bound(0, n - 1, level=level).upper > rate or rate == 1


def test_a_rate_of_zero_cannot_be_shown() -> None:
    with pytest.raises(ValueError, match="rate of 0"):
        audit_sample_size(0.0)
