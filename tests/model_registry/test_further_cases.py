"""How many more cases an undecided check needs, against the published formula and by asking again."""

from dataclasses import replace

import pytest

from model_registry.comparison import Pairs
from model_registry.further_cases import further_cases
from overread.measures.power import power_noninferiority
from overread.measures.promotion import Check, check_noninferiority

ALPHA = 0.005


def undecided(gained: int, lost: int, n: int) -> tuple[Check, Pairs]:
    check = check_noninferiority("sensitivity", gained, lost, n, margin=0.03, alpha=ALPHA)
    assert check.status == "inconclusive"
    return check, Pairs(gained=gained, lost=lost, n=n)


def test_so_many_more_give_the_power_that_is_promised() -> None:
    further = further_cases(*undecided(20, 20, 400))
    assert further is not None
    assert further.cases is not None
    for n, enough in ((400 + further.cases, True), (400 + further.cases // 2, False)):
        power = power_noninferiority(n, discordance=0.1, margin=0.03, alpha=ALPHA, method="exact")
        assert (power > 0.88) == enough


def test_identical_models_need_what_tango_s_closed_form_needs() -> None:
    further = further_cases(*undecided(0, 0, 200))
    assert further is not None
    assert further.cases == 15  # z = 2.5758: n > 6.6349 (1 / .03 - 1) = 214.5
    assert check_noninferiority("s", 0, 0, 215, margin=0.03, alpha=ALPHA).status == "pass"
    assert check_noninferiority("s", 0, 0, 214, margin=0.03, alpha=ALPHA).status == "inconclusive"


def test_no_number_makes_up_for_a_loss_beyond_the_margin() -> None:
    further = further_cases(*undecided(10, 24, 400))
    assert further is not None
    assert (further.cases, further.why) == (None, "loss")


def an_area(estimate: float, lower: float, *, margin: float = 0.02, name: str = "auc") -> Check:
    return Check(name, "required", "inconclusive", estimate, lower, 0.9, 0.99, "delong-paired", 600, margin)


def test_a_limit_narrows_with_the_root_of_the_number() -> None:
    further = further_cases(an_area(0.0, -0.025758), None)  # standard error .01; z of .995 and .9
    assert further is not None
    assert further.cases == pytest.approx(600 * (2.5758 + 1.2816) ** 2 * 0.01**2 / 0.02**2 - 600, abs=6)


def test_a_floor_is_reached_from_above_only() -> None:
    above = further_cases(an_area(0.75, 0.69, margin=0.7, name="floor.auc"), None)
    below = further_cases(an_area(0.69, 0.65, margin=0.7, name="floor.auc"), None)
    assert above is not None
    assert below is not None
    assert above.cases is not None
    assert (below.cases, below.why) == (None, "loss")


def test_without_limits_nothing_can_be_planned() -> None:
    further = further_cases(an_area(float("nan"), float("nan")), None)
    assert further is not None
    assert (further.cases, further.why) == (None, "undefined")


def test_evidence_needs_what_is_missing_and_other_checks_nothing() -> None:
    check = replace(an_area(float("nan"), float("nan")), name="evidence")
    further = further_cases(check, None, missing=41)
    assert further is not None
    assert further.cases == 41
    assert further_cases(replace(an_area(0.0, -0.03), role="veto"), None) is None
    assert further_cases(replace(an_area(0.0, -0.01), status="pass"), None) is None
