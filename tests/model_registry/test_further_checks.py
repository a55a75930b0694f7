"""What the gate asks beyond `decide`: critical findings, patients, forgetting, maps."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from model_registry.comparison import Contender
from model_registry.further_checks import Rivals, further_checks
from model_registry.test_set import TestCase
from overread.domain.identifiers import PatientKey
from overread.measures.promotion import Check, check_noninferiority
from overread.measures.proportion import wilson
from tests.model_registry.toys import a_case, a_contender, a_policy, answering, some_cases

ALPHA = 0.025
CASES = some_cases(240, 240)  # 120 nodules and 120 effusions, one film a patient
PRODUCTION = a_contender("1", answering(CASES, misses=0, false_alarms=20))


def further(
    candidate: Contender,
    production: Contender = PRODUCTION,
    *,
    cases: Sequence[TestCase] = CASES,
    anchor: Contender | None = None,
    critical: tuple[str, ...] = (),
) -> dict[str, Check]:
    policy = a_policy(critical=critical)
    rivals = Rivals.of(cases, candidate, production, anchor=anchor, policy=policy, alpha=ALPHA)
    return {check.name: check for check, _ in further_checks(rivals)}


def missing(finding: str, count: int, cases: Sequence[TestCase] = CASES) -> Contender:
    """Return a candidate that misses so many studies with one finding, and is else as production."""
    scores = answering(cases, misses=0, false_alarms=20)
    scores[[row for row, case in enumerate(cases) if finding in case.findings][:count]] = 0.45
    return a_contender("2", scores)


def by_patient(cases: Sequence[TestCase], films: int) -> list[TestCase]:
    return [replace(case, patient=PatientKey(f"p{row // films}")) for row, case in enumerate(cases)]


def test_the_area_is_asked_again_with_limits_that_hold_near_one() -> None:
    check = further(missing("effusion", 30))["logit.auc"]
    assert (check.role, check.margin, check.method) == ("required", 0.02, "logit-delong-paired")
    assert check.status == "pass"
    assert check.estimate == pytest.approx(
        -(30 / 240) * (20 / 240)
    )  # these are ranked below the false alarms


def test_each_critical_finding_is_judged_by_itself() -> None:
    found = further(missing("effusion", 30), critical=("effusion", "nodule"))
    effusion, nodule = found["critical:effusion:sensitivity"], found["critical:nodule:sensitivity"]
    assert (effusion.role, effusion.status, effusion.n, effusion.margin) == ("required", "fail", 120, 0.05)
    assert (nodule.role, nodule.status, nodule.estimate) == ("required", "pass", 0)
    alone = check_noninferiority("x", 0, 30, 120, margin=0.05, alpha=ALPHA)
    assert (effusion.lower, effusion.upper) == (alone.lower, alone.upper)


@pytest.mark.parametrize(
    ("n", "role", "status"),
    [
        (0, "information", "counts-only"),
        (9, "information", "counts-only"),
        (29, "information", "not-evaluable"),
        (30, "veto", "inconclusive"),
        (100, "required", "pass"),
    ],
)
def test_a_critical_finding_has_the_say_of_its_number(n: int, role: str, status: str) -> None:
    cases = [a_case(row, positive=row < 200, findings=("mass",) if row < n else ()) for row in range(400)]
    same = a_contender("1", answering(cases, misses=0, false_alarms=0))
    check = further(same, same, cases=cases, critical=("mass",))["critical:mass:sensitivity"]
    assert (check.role, check.status, check.n) == (role, status, n)
    assert np.isnan(check.estimate) == (status == "counts-only")


def test_co_primaries_are_asked_of_patients_only_where_patients_repeat() -> None:
    assert not [name for name in further(missing("nodule", 5)) if name.startswith("clustered.")]
    found = further(missing("nodule", 5), cases=by_patient(CASES, 2))
    asked = {name: (check.role, check.margin) for name, check in found.items() if "clustered." in name}
    assert asked == {
        "clustered.sensitivity": ("required", 0.03),
        "clustered.specificity": ("required", 0.05),
        "clustered.auc": ("required", 0.02),
    }


def test_films_of_one_patient_are_less_evidence_than_films_of_many() -> None:
    cases = some_cases(900, 300)
    ours = answering(cases, misses=0, false_alarms=0)
    ours[:12] = 0.45
    alone = check_noninferiority("x", 0, 12, 900, margin=0.03, alpha=ALPHA)
    candidate, production = (
        a_contender("2", ours),
        a_contender("1", answering(cases, misses=0, false_alarms=0)),
    )
    found = further(candidate, production, cases=by_patient(cases, 6))["clustered.sensitivity"]
    assert alone.status == "pass"
    assert found.status == "inconclusive"
    assert found.estimate == pytest.approx(-12 / 900)


def test_the_first_version_is_asked_of_patients_too() -> None:
    cases = some_cases(900, 300)
    first, second, third = (
        a_contender(str(number), answering(cases, misses=misses, false_alarms=0))
        for number, misses in ((1, 0), (2, 12), (3, 12))
    )
    assert "anchor.clustered.sensitivity" not in further(third, second, cases=cases, anchor=first)
    found = further(third, second, cases=by_patient(cases, 6), anchor=first)
    shown = found["anchor.clustered.sensitivity"]
    assert found["clustered.sensitivity"].estimate == 0
    assert (shown.role, shown.status, shown.margin) == ("required", "inconclusive", 0.03)
    assert shown.estimate == pytest.approx(-12 / 900)
    assert found["anchor.clustered.specificity"].estimate == 0


def test_forgetting_is_the_share_lost_whatever_was_gained() -> None:
    cases = some_cases(240, 240)
    before = answering(cases, misses=0, false_alarms=0)
    nodules = [row for row, case in enumerate(cases) if "nodule" in case.findings]
    before[nodules[60:]] = 0.45
    after = answering(cases, misses=0, false_alarms=0)
    after[nodules[:30]] = 0.45  # 60 gained, 30 lost
    found = further(a_contender("2", after), a_contender("1", before), cases=cases)
    check, share = found["forgetting:nodule"], wilson(30, 120)
    assert (check.role, check.status, check.n) == ("veto", "fail", 120)
    assert check.estimate == -0.25
    assert check.upper == pytest.approx(-share.lower, abs=2e-3)
    assert found["forgetting:effusion"].status == "pass"
    assert str(found["forgetting:effusion"].estimate) == "0.0"


@pytest.mark.parametrize(
    ("lost", "status"), [(2, "pass"), (12, "inconclusive"), (13, "inconclusive"), (40, "fail")]
)
def test_forgetting_fails_only_where_surely_more_than_the_margin_is_lost(lost: int, status: str) -> None:
    assert further(missing("nodule", lost))["forgetting:nodule"].status == status


def test_forgetting_of_a_rare_finding_is_shown_and_decides_nothing() -> None:
    cases = [a_case(row, positive=row < 200, findings=("mass",) if row < 29 else ()) for row in range(400)]
    production = a_contender("1", answering(cases, misses=0, false_alarms=0))
    found = further(missing("mass", 29, cases), production, cases=cases)["forgetting:mass"]
    assert (found.role, found.status, found.estimate) == ("information", "not-evaluable", -1)


def test_the_share_lost_of_all_studies_is_information() -> None:
    found = further(missing("nodule", 120))["forgetting"]
    assert (found.role, found.estimate, found.n) == ("information", -0.25, 480)


def mapped(contender: Contender, cases: Sequence[TestCase], *, hits: int) -> Contender:
    """Return a contender whose maps point at the box, the upper left, in the first studies."""
    maps = np.zeros((len(cases), 4, 4), np.float32)
    maps[:hits, 0, 0] = 1
    maps[hits:, 3, 3] = 1
    return replace(contender, maps=maps)


BOX = ((0.0, 0.0, 0.25, 0.25),)
MARKED = [replace(case, boxes=BOX if case.positive else ()) for case in CASES]


@pytest.mark.parametrize(("hits", "status"), [(200, "pass"), (195, "pass"), (120, "fail")])
def test_maps_that_surely_point_worse_veto(hits: int, status: str) -> None:
    candidate = mapped(missing("none", 0), MARKED, hits=hits)
    check = further(candidate, mapped(PRODUCTION, MARKED, hits=200), cases=MARKED)["localisation"]
    assert (check.role, check.status, check.n, check.margin) == ("veto", status, 240, 0.1)
    assert check.estimate == pytest.approx((hits - 200) / 240)


def test_maps_that_point_elsewhere_as_often_do_not_veto() -> None:
    other = mapped(missing("none", 0), MARKED, hits=125)
    assert other.maps is not None
    other = replace(other, maps=other.maps[:, ::-1, ::-1])  # at the boxes that production's maps miss
    check = further(other, mapped(PRODUCTION, MARKED, hits=120), cases=MARKED)["localisation"]
    assert check.status == "inconclusive"
    assert check.estimate == pytest.approx(-5 / 240)


def test_without_maps_or_boxes_localisation_is_not_evaluable() -> None:
    bare = further(missing("nodule", 0))["localisation"]
    unmarked = further(mapped(missing("nodule", 0), CASES, hits=9), mapped(PRODUCTION, CASES, hits=9))
    for check in (bare, unmarked["localisation"]):
        assert (check.role, check.status, check.n) == ("information", "not-evaluable", 0)
        assert np.isnan([check.estimate, check.lower, check.upper]).all()
