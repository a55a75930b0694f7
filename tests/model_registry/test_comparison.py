"""Two versions on the same studies: subgroups, findings, and what got worse."""

import numpy as np
import pytest

from model_registry.comparison import by_finding, critical_of, differences, negative_flips, pairs, slices_of
from overread.domain.errors import EvidenceError
from tests.model_registry.toys import (
    a_case,
    a_contender,
    a_policy,
    answering,
    some_cases,
)


def test_slices_are_the_makers_sexes_and_ages_of_the_test_set() -> None:
    cases = some_cases(60, 60)
    found = slices_of(cases, a_policy().slices)
    assert list(found) == ["maker=A", "maker=B", "maker=C", "sex=F", "sex=M", "age>=60"]
    assert sum(int(found[f"maker={maker}"].sum()) for maker in "ABC") == len(cases)
    assert found["age>=60"].tolist() == [case.age is not None and case.age >= 60 for case in cases]


def test_an_unknown_sex_is_a_subgroup_and_an_unknown_age_is_in_none() -> None:
    case = a_case(1, positive=True)
    unknown = type(case)(study=case.study, patient=case.patient, label=case.label)
    found = slices_of([unknown], a_policy().slices)
    assert {name: mask.tolist() for name, mask in found.items()} == {
        "maker=unknown": [True],
        "sex=unknown": [True],
        "age>=60": [False],
    }


def test_no_registered_critical_finding_is_no_check() -> None:
    assert critical_of(some_cases(4, 4), a_policy()) is None
    mask = critical_of(some_cases(4, 4), a_policy(critical=("effusion",)))
    assert mask is not None
    assert mask.tolist() == [False, True, False, True, False, False, False, False]


def test_pairs_count_what_only_one_of_two_has_right() -> None:
    ours = np.array([True, True, False, False])
    theirs = np.array([True, False, True, True])
    counted = pairs(ours, theirs, np.array([True, True, True, False]))
    assert (counted.gained, counted.lost, counted.n) == (1, 1, 3)


def test_flips_name_what_got_worse_and_nothing_else() -> None:
    cases = some_cases(4, 4)
    before = a_contender("1", answering(cases, misses=1, false_alarms=0))
    after = a_contender("2", answering(cases, misses=1, false_alarms=1, shift=1))
    flips = negative_flips(cases, after, before)
    assert [(flip.study, flip.kind, flip.findings) for flip in flips] == [
        ("1.2.3.1", "missed", ("effusion",)),
        ("1.2.3.5", "false_alarm", ()),
    ]
    assert flips[0].production == pytest.approx(0.7)
    assert flips[0].candidate == pytest.approx(0.45)


def test_identical_models_flip_nothing() -> None:
    cases = some_cases(4, 4)
    scores = answering(cases, misses=2, false_alarms=1)
    assert negative_flips(cases, a_contender("2", scores), a_contender("1", scores)) == ()


def test_each_model_is_judged_at_its_own_threshold() -> None:
    cases = some_cases(2, 2)
    scores = np.array([0.4, 0.4, 0.1, 0.1], np.float32)
    low, high = a_contender("1", scores, threshold=0.3), a_contender("2", scores, threshold=0.5)
    assert len(negative_flips(cases, high, low)) == 2


def test_findings_are_compared_for_information_and_small_ones_only_counted() -> None:
    cases = [
        *(a_case(number, positive=True, findings=("nodule",)) for number in range(200)),
        *(a_case(200 + number, positive=True, findings=("effusion",)) for number in range(9)),
        *(a_case(300 + number, positive=True, findings=("mass",)) for number in range(12)),
        *(a_case(400 + number, positive=False) for number in range(9)),
    ]
    before = a_contender("1", answering(cases, misses=40, false_alarms=0))
    after = a_contender("2", answering(cases, misses=10, false_alarms=0))
    compared = by_finding(cases, after, before, policy=a_policy(), alpha=0.005)
    nodule, counted = compared["nodule"]
    assert (nodule.role, nodule.status, counted.gained, counted.lost) == ("information", "pass", 30, 0)
    assert nodule.estimate == pytest.approx(0.15)
    effusion, _ = compared["effusion"]
    assert effusion.status == "counts-only"
    assert np.isnan(effusion.estimate)
    assert compared["mass"][0].status == "not-evaluable"


def test_pairs_stand_against_each_reference() -> None:
    cases = some_cases(10, 10)
    first = a_contender("1", answering(cases, misses=5, false_alarms=2))
    second = a_contender("2", answering(cases, misses=3, false_alarms=4))
    found = differences(cases, second, {"": first, "anchor.": second})
    assert list(found) == ["sensitivity", "specificity", "anchor.sensitivity", "anchor.specificity"]
    assert (found["sensitivity"].gained, found["specificity"].lost) == (2, 2)
    assert found["anchor.sensitivity"].gained == found["anchor.sensitivity"].lost == 0


def test_scores_of_another_test_set_are_not_compared() -> None:
    with pytest.raises(EvidenceError, match="not on these 8"):
        a_contender("2", np.zeros(5)).right(some_cases(4, 4))
