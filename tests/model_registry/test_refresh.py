"""What a refreshed test set holds, and when it is too early for one."""

from dataclasses import replace

import pytest

from model_registry.refresh import TooFewNewPatientsError, refreshed
from model_registry.test_set import TestCase
from overread.domain.findings import Label
from overread.domain.identifiers import PatientKey
from overread.domain.policies import GatePolicy, TestSetRules
from tests.model_registry.toys import a_policy, some_cases

OLD = some_cases(30, 30)
NEW = [
    replace(
        case, study=type(case.study)(f"{case.study}.9"), patient=type(case.patient)(f"new-{case.patient}")
    )
    for case in OLD
]
USED = {case.patient for case in OLD}


def a_rule(*, overlap: float = 0.2, at_least: int = 10) -> GatePolicy:
    rules = TestSetRules(overlap=overlap)
    return replace(a_policy(), min_positive=at_least, min_negative=at_least, test_set=rules)


def test_all_new_patients_come_in_and_the_stated_share_of_old_ones_stays() -> None:
    made = refreshed(OLD, [*OLD, *NEW], used=USED, policy=a_rule(), salt="v1")
    kept = {case.patient for case in made.cases} & USED
    assert (made.new, len(kept), made.relabelled) == (len(NEW), round(0.2 * len(USED)), ())
    assert {case.study for case in NEW} <= {case.study for case in made.cases}


def test_who_stays_does_not_depend_on_the_order_and_changes_with_the_version() -> None:
    def kept(labelled: list[TestCase], salt: str) -> set[PatientKey]:
        made = refreshed(OLD, labelled, used=USED, policy=a_rule(), salt=salt)
        return {case.patient for case in made.cases} & USED

    assert kept([*OLD, *NEW], "v1") == kept([*NEW, *OLD[::-1]], "v1")
    assert kept([*OLD, *NEW], "v1") != kept([*OLD, *NEW], "v2")


def test_with_too_few_new_patients_it_says_how_many_are_missing() -> None:
    few = [case for case in NEW if case.positive][:7] + [case for case in NEW if not case.positive]
    with pytest.raises(
        TooFewNewPatientsError, match="3 more new patients with a finding and 0 more"
    ) as refused:
        refreshed(OLD, [*OLD, *few], used=USED, policy=a_rule(), salt="v1")
    assert (refused.value.missing_positive, refused.value.missing_negative) == (3, 0)
    assert refused.value.code == "too-few-new-patients"


def test_studies_are_not_counted_as_patients() -> None:
    of_one = [replace(case, patient=NEW[0].patient) for case in NEW]
    with pytest.raises(TooFewNewPatientsError, match="9 more new patients with a finding and 9 more"):
        refreshed(OLD, [*OLD, *of_one], used=USED, policy=a_rule(), salt="v1")


def test_a_patient_of_any_set_before_is_not_new() -> None:
    used = USED | {case.patient for case in NEW if case.positive}
    with pytest.raises(TooFewNewPatientsError, match="10 more new patients with a finding"):
        refreshed(OLD, [*OLD, *NEW], used=used, policy=a_rule(), salt="v1")


def test_an_old_study_that_is_gone_does_not_stay_and_a_new_label_counts() -> None:
    turned = [replace(case, label=Label.NO_FINDING, findings=()) if case.positive else case for case in OLD]
    gone = turned[1:]
    made = refreshed(OLD, [*gone, *NEW], used=USED, policy=a_rule(overlap=0.5), salt="v1")
    assert OLD[0].study not in {case.study for case in made.cases}
    kept = {case.study for case in made.cases if case.patient in USED}
    assert set(made.relabelled) == {case.study for case in OLD if case.positive} & kept
