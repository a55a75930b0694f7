"""The verdict on a candidate: which checks, in which order, and how often it is wrong."""

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, sem

from overread.measures import (
    Check,
    Decision,
    Policy,
    check_noninferiority,
    combine,
    decide,
    delong_test,
    net_benefit_difference,
    paired_difference,
    reuse_alpha,
    slice_rule,
    status_of,
)

CUT: dict[str, Any] = {"production_threshold": 0.5, "candidate_threshold": 0.5}


def _scores(seed: int = 1, n: int = 1200, noise: float = 0.0, weaker: float = 0.0) -> tuple[np.ndarray, ...]:
    """Truth, production's probabilities, and a candidate's: a noisy copy that finds a little less."""
    rng = np.random.default_rng(seed)
    truth = (np.arange(n) % 2).astype(int)
    production = 1 / (1 + np.exp(-(rng.normal(size=n) + 3 * truth - 1.5)))
    moved = np.log(production / (1 - production)) + noise * rng.normal(size=n) - weaker * truth
    return truth, production, 1 / (1 + np.exp(-moved))


def _named(decision: Decision) -> dict[str, Check]:
    return {check.name: check for check in decision.checks}


def test_the_three_ways_a_check_can_end() -> None:
    assert status_of(-0.02, 0.01, margin=0.03) == "pass"
    assert status_of(-0.02, -0.01, margin=0.03) == "pass"  # a sure loss, surely small
    assert status_of(-0.09, -0.01, margin=0.03) == "fail"
    assert status_of(-0.09, 0.00, margin=0.03) == "inconclusive"
    assert status_of(-0.03, 0.01, margin=0.03) == "inconclusive"
    for lower, upper in ((math.nan, -0.1), (0.1, math.nan), (math.nan, math.nan)):
        assert status_of(lower, upper, margin=0.03) == "inconclusive"


def test_the_number_of_cases_decides_what_a_slice_may_say() -> None:
    words = {n: slice_rule(n) for n in (0, 9, 10, 29, 30, 99, 100, 10_000)}
    assert list(words.values()) == [
        *["counts-only"] * 2,
        *["not-evaluable"] * 2,
        *["veto"] * 2,
        *["required"] * 2,
    ]


def test_one_check_is_tango_s_limits_in_a_word() -> None:
    check = check_noninferiority("sensitivity", 10, 12, 1000, margin=0.03)
    limits = paired_difference(978, 10, 12, 0)
    assert (check.lower, check.upper, check.estimate) == (limits.lower, limits.upper, limits.estimate)
    assert (check.status, check.role, check.method, check.n, check.margin) == (
        "pass",
        "required",
        "tango",
        1000,
        0.03,
    )
    assert check_noninferiority("x", 0, 30, 300, margin=0.03).status == "fail"
    assert check_noninferiority("x", 0, 0, 0, margin=0.03).status == "inconclusive"
    with pytest.raises(ValueError, match="role"):
        check_noninferiority("x", 0, 0, 9, margin=0.03, role="optional")


def _check(role: str, status: str) -> Check:
    return Check(f"{role}-{status}", role, status, 0.0, 0.0, 0.0, 0.95, "tango", 1, 0.05)


checks = st.lists(
    st.builds(
        _check,
        st.sampled_from(["required", "veto", "information"]),
        st.sampled_from(["pass", "fail", "inconclusive", "not-evaluable", "counts-only"]),
    ),
    max_size=6,
)


@given(given_checks=checks)
def test_only_a_full_set_of_passes_promotes(given_checks: list[Check]) -> None:
    verdict = combine(given_checks)
    required = [c.status for c in given_checks if c.role == "required"]
    vetoed = any(c.status == "fail" for c in given_checks if c.role == "veto")
    if verdict == "PROMOTE":
        assert required
        assert set(required) == {"pass"}
        assert not vetoed
    assert (verdict == "REJECT") == (vetoed or "fail" in required)


def test_an_identical_candidate_is_promoted() -> None:
    truth, production, _ = _scores()
    decision = decide(truth, production, production, **CUT)
    assert decision.verdict == "PROMOTE"
    assert decision.reasons == ()
    assert (decision.n, decision.n_positive, decision.n_negative) == (1200, 600, 600)
    assert all((c.estimate, c.status) == (0.0, "pass") for c in decision.checks if c.name != "evidence")
    assert json.dumps(dataclasses.asdict(decision))


def test_the_checks_come_in_order_each_from_its_own_statistic() -> None:
    truth, production, candidate = _scores(noise=0.5)
    masks = {"north": np.arange(1200) < 500, "south": np.arange(1200) >= 1150}
    critical = truth * (np.arange(1200) < 300)
    decision = decide(
        truth,
        production,
        candidate,
        **CUT,
        anchor_score=production,
        anchor_threshold=0.4,
        critical=critical,
        slices=masks,
    )
    assert [c.name for c in decision.checks] == [
        "evidence",
        "sensitivity",
        "specificity",
        "auc",
        "anchor.sensitivity",
        "anchor.specificity",
        "critical.sensitivity",
        "brier",
        "net_benefit",
        "slice:north:sensitivity",
        "slice:north:specificity",
        "slice:south:sensitivity",
        "slice:south:specificity",
    ]
    named = _named(decision)
    positive, right, was_right = truth == 1, candidate >= 0.5, production >= 0.5
    cells = [
        int((positive & (right == a) & (was_right == b)).sum()) for a, b in ((1, 1), (1, 0), (0, 1), (0, 0))
    ]
    expected = paired_difference(*cells)
    assert (named["sensitivity"].lower, named["sensitivity"].upper) == (expected.lower, expected.upper)
    area = delong_test(truth, candidate, production)
    assert (named["auc"].estimate, named["auc"].lower) == pytest.approx((area.estimate, area.lower))
    benefit = net_benefit_difference(truth, candidate, production, threshold=0.2)
    assert (named["net_benefit"].lower, named["net_benefit"].upper) == pytest.approx(
        (benefit.lower, benefit.upper)
    )
    losses = (production - truth) ** 2 - (candidate - truth) ** 2
    reach = norm.ppf(0.975) * sem(losses)
    assert named["brier"].lower == pytest.approx(losses.mean() - reach)
    assert named["anchor.sensitivity"].estimate == pytest.approx(
        (right[positive].mean()) - (production >= 0.4)[positive].mean()
    )
    assert (named["critical.sensitivity"].n, named["critical.sensitivity"].role) == (150, "required")
    assert (named["slice:north:sensitivity"].n, named["slice:north:sensitivity"].margin) == (250, 0.10)
    assert named["slice:south:sensitivity"].status == "not-evaluable"
    assert {c.role for c in decision.checks if c.name in ("brier", "net_benefit")} == {"veto"}


def test_each_model_is_judged_at_its_own_threshold() -> None:
    truth, production, _ = _scores()
    halved = production / 2
    decision = decide(truth, production, halved, production_threshold=0.5, candidate_threshold=0.25)
    named = _named(decision)
    assert named["sensitivity"].estimate == named["specificity"].estimate == 0.0
    assert named["brier"].status == "fail"
    assert decision.verdict == "REJECT"
    assert "brier" in decision.reasons


def test_a_worse_candidate_is_rejected_by_name() -> None:
    truth, production, candidate = _scores(noise=0.3, weaker=1.5)
    decision = decide(truth, production, candidate, **CUT)
    assert decision.verdict == "REJECT"
    assert "sensitivity" in decision.reasons
    assert "specificity" not in decision.reasons
    assert decision.reasons == tuple(c.name for c in decision.checks if c.status == "fail")


def test_small_losses_are_caught_against_the_first_release() -> None:
    n = 2000
    truth = np.ones(n, dtype=int)
    truth[1000:] = 0
    first = np.where(truth == 1, 0.9, 0.1)
    production, candidate = first.copy(), first.copy()
    production[:25], candidate[:42] = 0.3, 0.3
    alone = _named(decide(truth, production, candidate, **CUT))
    with_anchor = decide(truth, production, candidate, **CUT, anchor_score=first, anchor_threshold=0.5)
    assert alone["sensitivity"].status == "pass"
    assert _named(with_anchor)["anchor.sensitivity"].status == "fail"
    assert with_anchor.verdict == "REJECT"


@pytest.mark.parametrize(
    ("size", "role", "status"),
    [
        (9, "information", "counts-only"),
        (10, "information", "not-evaluable"),
        (30, "veto", None),
        (100, "required", None),
    ],
)
def test_a_slice_has_the_say_of_its_size(size: int, role: str, status: str | None) -> None:
    truth, production, candidate = _scores(noise=0.4)
    mask = np.zeros(truth.size)
    mask[np.flatnonzero(truth)[:size]] = 1
    named = _named(decide(truth, production, candidate, **CUT, slices={"site": mask}, critical=mask))
    for check in (named["slice:site:sensitivity"], named["critical.sensitivity"]):
        assert (check.role, check.n) == (role, size)
        assert check.status == (status or status_of(check.lower, check.upper, margin=check.margin))
        assert math.isnan(check.estimate) == math.isnan(check.lower) == (size < 10)
    assert (named["slice:site:specificity"].n, named["slice:site:specificity"].status) == (0, "counts-only")


def test_a_failing_slice_too_small_to_say_so_does_not_reject() -> None:
    truth, production, _ = _scores()
    candidate = production.copy()
    hits = np.flatnonzero((truth == 1) & (production >= 0.5))
    candidate[hits[:29]] = 0.4
    mask = np.zeros(truth.size)
    mask[hits[:29]] = 1
    loose = Policy(sensitivity_margin=0.2, auc_margin=0.2, brier_margin=0.05)
    small = decide(truth, production, candidate, **CUT, policy=loose, slices={"a": mask})
    assert _named(small)["slice:a:sensitivity"].upper < 0
    assert small.verdict == "PROMOTE"
    mask[hits[29]], candidate[hits[29]] = 1, 0.4
    large = decide(truth, production, candidate, **CUT, policy=loose, slices={"a": mask})
    assert (large.verdict, large.reasons) == ("REJECT", ("slice:a:sensitivity",))


@pytest.mark.parametrize("truth", [[], [1] * 300, [0] * 300, [0, 1]])
@pytest.mark.parametrize("least", [0, 100])
def test_empty_one_class_or_tiny_data_never_promote(truth: list[int], least: int) -> None:
    scores = np.linspace(0, 1, len(truth))
    decision = decide(truth, scores, scores, **CUT, policy=Policy(min_positive=least, min_negative=least))
    assert decision.verdict == "INCONCLUSIVE"
    assert decision.reasons == tuple(
        c.name for c in decision.checks if c.role == "required" and c.status == "inconclusive"
    )
    evidence = decision.checks[0]
    assert (evidence.name, evidence.method, evidence.n) == ("evidence", "counts", len(truth))
    assert all(math.isnan(v) for v in (evidence.estimate, evidence.lower, evidence.upper, evidence.margin))


def test_too_few_positives_are_inconclusive_whatever_they_show() -> None:
    truth, production, _ = _scores()
    keep = np.flatnonzero(truth == 0).tolist() + np.flatnonzero(truth)[:99].tolist()
    decision = decide(truth[keep], production[keep], production[keep], **CUT)
    assert "evidence" in decision.reasons
    assert decision.verdict == "INCONCLUSIVE"


def test_a_stricter_alpha_widens_every_limit() -> None:
    truth, production, candidate = _scores(noise=0.4)
    loose, strict = (
        decide(truth, production, candidate, **CUT, policy=Policy(alpha=a), slices={"all": np.ones(1200)})
        for a in (0.025, reuse_alpha(1))
    )
    for wide, narrow in zip(strict.checks[1:], loose.checks[1:], strict=True):
        assert wide.lower < narrow.lower
        assert wide.level == pytest.approx(0.995)
    assert decide(truth, production, candidate, **CUT, policy=Policy(alpha=0.5)).checks[3].level == 0.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"anchor_score": [0.5] * 4},
        {"anchor_threshold": 0.5},
        {"anchor_score": [0.5] * 3, "anchor_threshold": 0.5},
        {"anchor_score": [1.5] * 4, "anchor_threshold": 0.5},
        {"critical": [1, 0, 0, 0]},
        {"critical": [0, 1]},
        {"slices": {"a": [1, 0]}},
        {"slices": {"a": [1, 0, 0, 2]}},
        {"candidate_threshold": math.nan},
    ],
)
def test_a_malformed_comparison_is_refused(wrong: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {**CUT, **wrong}
    with pytest.raises(ValueError, match=r"\w"):
        decide([0, 1, 1, 0], [0.1, 0.9, 0.8, 0.2], [0.1, 0.9, 0.8, 0.2], **arguments)


@pytest.mark.parametrize(
    "wrong",
    [
        {"alpha": 0.0},
        {"slice_margin": 1.0},
        {"brier_margin": 0.0},
        {"net_benefit_threshold": 1.0},
        {"min_positive": -1},
    ],
)
def test_a_policy_that_makes_no_sense_cannot_be_held(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Policy(**wrong)


def test_a_loss_at_the_margin_passes_about_one_time_in_forty() -> None:
    rng, passed, repeats, n = np.random.default_rng(4), 0, 200, 400
    truth = np.repeat([1, 0], n)
    for _ in range(repeats):
        production = np.where(truth == 1, 0.9, 0.1)
        production[:n] = np.where(rng.random(n) < 0.1, 0.4, 0.9)
        candidate = production.copy()
        found = production[:n] >= 0.5
        candidate[:n] = np.where(
            found & (rng.random(n) < 1 / 9), 0.4, production[:n]
        )  # loses 0.1 of all positives
        decision = decide(
            truth,
            production,
            candidate,
            **CUT,
            policy=Policy(sensitivity_margin=0.1, auc_margin=0.2, brier_margin=0.2),
        )
        passed += _named(decision)["sensitivity"].status == "pass"
    assert passed / repeats <= 0.055
