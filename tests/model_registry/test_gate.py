"""The gate: what it is told, what it says, and that it says it once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from model_registry.gate import Field, Judgement, judge, ledger_record, measured_policy, settle
from model_registry.ledger import Question, take_look
from model_registry.test_set import TestCase, freeze
from overread.domain.datasets import Look
from overread.domain.errors import ConflictError
from overread.domain.identifiers import PatientKey, VersionKey
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork
from tests.model_registry.toys import a_contender, a_look, a_policy, answering, some_cases

CASES = some_cases(300, 300)
PRODUCTION = a_contender("1", answering(CASES, misses=60, false_alarms=40))
BETTER = a_contender("2", answering(CASES, misses=20, false_alarms=35))
WORSE = a_contender("3", answering(CASES, misses=150, false_alarms=35))


def judged(
    field: Field, *, cases: Sequence[TestCase] = CASES, critical: tuple[str, ...] = (), slices: bool = True
) -> Judgement:
    policy = a_policy(critical=critical, slices=slices)
    return judge(cases, field, policy=policy, look=a_look(alpha=0.005))


def checks(judgement: Judgement) -> dict[str, dict[str, object]]:
    said = judgement.record["checks"]
    assert isinstance(said, list)
    return {str(check["name"]): dict(check) for check in said if isinstance(check, dict)}


def test_a_better_candidate_may_be_promoted() -> None:
    judgement = judged(Field(candidate=BETTER, production=PRODUCTION, anchor=PRODUCTION))
    assert judgement.verdict == "PROMOTE"
    sensitivity = checks(judgement)["sensitivity"]
    assert (sensitivity["gained"], sensitivity["lost"], sensitivity["n"]) == (40, 0, 300)
    assert sensitivity["estimate"] == pytest.approx(40 / 300)
    assert sensitivity["level"] == pytest.approx(0.99)
    assert judgement.record["reasons"] == []


def test_a_worse_candidate_is_refused_by_name() -> None:
    judgement = judged(Field(candidate=WORSE, production=PRODUCTION))
    assert judgement.verdict == "REJECT"
    reasons = judgement.record["reasons"]
    assert isinstance(reasons, list)
    assert "sensitivity" in reasons
    flips = judgement.record["flips"]
    assert isinstance(flips, list)
    assert len(flips) == 90


def test_where_the_maps_point_is_told_of_everyone_and_decides_nothing() -> None:
    boxes = ((0.0, 0.0, 0.25, 0.25),)
    cases = [replace(case, boxes=boxes if case.positive else ()) for case in CASES]
    maps = np.zeros((len(cases), 8, 8), np.float32)
    maps[:, 0, 0] = 1
    seeing, blind = replace(BETTER, maps=maps), replace(PRODUCTION, maps=maps[:, ::-1, ::-1])
    judgement = judged(Field(candidate=seeing, production=blind, beside=(("control", WORSE),)), cases=cases)
    assert judgement.verdict == judged(Field(candidate=BETTER, production=PRODUCTION)).verdict
    told = judgement.record["localisation"]
    assert isinstance(told, dict)
    assert told["control"] is None
    for part, share in (("candidate", 1.0), ("production", 0.0)):
        shown = told[part]
        assert isinstance(shown, dict)
        assert shown["n"] == 300
        assert shown["model"]["pointing"]["estimate"] == share  # type: ignore[index, call-overload]  # JSON


def test_a_small_test_set_gives_no_verdict() -> None:
    cases = some_cases(60, 60)
    before = a_contender("1", answering(cases, misses=20, false_alarms=10))
    after = a_contender("2", answering(cases, misses=5, false_alarms=10))
    judgement = judged(Field(candidate=after, production=before), cases=cases, slices=False)
    assert judgement.verdict == "INCONCLUSIVE"
    assert checks(judgement)["evidence"]["status"] == "inconclusive"


def test_a_small_test_set_does_not_refuse_either() -> None:
    few = some_cases(99, 300)
    hopeless = a_contender("3", answering(few, misses=99, false_alarms=0))
    production = a_contender("1", answering(few, misses=10, false_alarms=40))
    for field in (Field(candidate=hopeless), Field(candidate=hopeless, production=production)):
        judgement = judged(field, cases=few)
        assert (judgement.verdict, judgement.record["reasons"]) == ("INCONCLUSIVE", ["evidence"])


def test_small_losses_that_passed_one_by_one_are_caught_against_the_first_release() -> None:
    cases = some_cases(600, 150)
    first = a_contender("1", answering(cases, misses=0, false_alarms=15))
    second = a_contender("2", answering(cases, misses=42, false_alarms=15))
    third = a_contender("3", answering(cases, misses=45, false_alarms=15))
    alone = judged(Field(candidate=third, production=second), cases=cases, slices=False)
    judgement = judged(Field(candidate=third, production=second, anchor=first), cases=cases, slices=False)
    assert checks(alone)["sensitivity"]["status"] == "pass"
    assert judgement.verdict == "REJECT"
    assert judgement.record["reasons"] == ["anchor.sensitivity"]


def test_a_slice_that_loses_much_stops_a_candidate_that_gains_overall() -> None:
    ours = answering(CASES, misses=0, false_alarms=35)
    theirs = answering(CASES, misses=60, false_alarms=40)
    of_maker_a = np.array([case.maker == "A" and case.positive for case in CASES])
    ours[np.flatnonzero(of_maker_a)[-60:]] = 0.45
    theirs[np.flatnonzero(of_maker_a)[-60:]] = 0.7
    judgement = judged(Field(candidate=a_contender("2", ours), production=a_contender("1", theirs)))
    reasons = judgement.record["reasons"]
    assert isinstance(reasons, list)
    assert judgement.verdict == "REJECT"
    assert "slice:maker=A:sensitivity" in reasons


def test_a_critical_finding_is_a_check_of_its_own() -> None:
    judgement = judged(Field(candidate=BETTER, production=PRODUCTION), critical=("effusion",))
    critical = checks(judgement)["critical.sensitivity"]
    assert (critical["n"], critical["role"], critical["status"]) == (150, "required", "pass")


def test_slices_are_one_row_a_subgroup() -> None:
    judgement = judged(Field(candidate=BETTER, production=PRODUCTION))
    slices = judgement.record["slices"]
    assert isinstance(slices, list)
    assert [row["name"] for row in slices if isinstance(row, dict)] == [
        "maker=A",
        "maker=B",
        "maker=C",
        "sex=F",
        "sex=M",
        "age>=60",
    ]


def test_the_record_is_plain_json_and_names_versions_as_promotion_reads_them() -> None:
    judgement = judged(Field(candidate=BETTER, production=PRODUCTION, anchor=PRODUCTION))
    record = dict(judgement.record)
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert (record["candidate"], record["production"], record["anchor"]) == ("2", "1", "1")
    assert {"verdict", "checks", "by_finding", "slices", "flips", "evaluations", "baseline"} <= set(record)


def test_grey_levels_stand_beside() -> None:
    look, baseline = a_look(), {"auc": 0.55, "lower": float("nan")}
    field = Field(candidate=BETTER, production=PRODUCTION)
    judgement = judge(CASES, field, policy=a_policy(), look=look, baseline=baseline)
    assert judgement.record["baseline"] == {"auc": 0.55, "lower": None}


def test_a_control_is_shown_beside_and_gets_no_verdict() -> None:
    field = Field(candidate=BETTER, production=PRODUCTION)
    beside = Field(candidate=BETTER, production=PRODUCTION, beside=(("control", WORSE),))
    assert judged(beside).verdict == judged(field).verdict == "PROMOTE"
    assert list(judged(beside).evaluations) == ["candidate", "production", "control"]


def test_a_first_release_above_the_floors_may_be_promoted() -> None:
    judgement = judged(Field(candidate=BETTER))
    assert judgement.verdict == "PROMOTE"
    assert [check["status"] for check in checks(judgement).values()] == ["pass"] * 4
    assert checks(judgement)["floor.sensitivity"]["margin"] == 0.6
    assert judgement.record["production"] is None


def test_a_first_release_surely_below_a_floor_is_refused() -> None:
    judgement = judged(Field(candidate=a_contender("1", answering(CASES, misses=250, false_alarms=35))))
    assert judgement.verdict == "REJECT"
    assert "floor.sensitivity" in checks(judgement)


def test_a_first_release_near_a_floor_is_inconclusive() -> None:
    judgement = judged(Field(candidate=a_contender("1", answering(CASES, misses=115, false_alarms=35))))
    assert judgement.verdict == "INCONCLUSIVE"
    assert judgement.record["reasons"] == ["floor.sensitivity"]


def test_three_films_of_a_patient_are_less_evidence_for_a_first_release_than_three_patients() -> None:
    field = Field(candidate=a_contender("1", answering(CASES, misses=84, false_alarms=60)))
    thrice = [replace(case, patient=PatientKey(f"p{row // 3}")) for row, case in enumerate(CASES)]
    alone, repeated = (checks(judged(field, cases=cases)) for cases in (CASES, thrice))
    for name in ("floor.sensitivity", "floor.specificity", "floor.auc"):
        assert repeated[name]["estimate"] == alone[name]["estimate"]
        assert _lower(repeated[name]) < _lower(alone[name]) - 0.01
    said = [each["floor.sensitivity"]["status"] for each in (alone, repeated)]
    assert said == ["pass", "inconclusive"]


def _lower(check: Mapping[str, object]) -> float:
    lower = check["lower"]
    assert isinstance(lower, float)
    return lower


def test_the_alpha_of_the_look_is_the_gates() -> None:
    assert measured_policy(a_policy(), 0.005).alpha == 0.005
    assert measured_policy(a_policy(), 0.005).sensitivity_margin == a_policy().sensitivity_margin


def a_taken_look(work: UnitOfWork, objects: Objects, now: datetime) -> Look:
    test_set = freeze(work, objects, CASES, task="demo", policy=a_policy(), now=now)
    question = Question(
        candidate=VersionKey("2"), production=VersionKey("1"), by="overread", why="retraining"
    )
    look = take_look(work, test_set, question, policy=a_policy(), now=now)
    assert ledger_record(look, test_set) == {
        "look": 1,
        "looks": 5,
        "alpha": look.alpha,
        "test_set": test_set.version,
    }
    return look


def test_the_verdict_is_added_to_its_look_once(work: UnitOfWork, objects: Objects, now: datetime) -> None:
    look = a_taken_look(work, objects, now)
    judgement = judge(CASES, Field(candidate=BETTER, production=PRODUCTION), policy=a_policy(), look=look)
    settled = settle(work, look, judgement, now=now)
    assert settle(work, settled, judgement, now=now) == settled
    assert [kept.verdict for kept in work.datasets.looks(look.test_set)] == ["PROMOTE"]
    assert [row.event.action for row in work.audit.rows()] == [
        "test-set-frozen",
        "test-set-look",
        "gate-verdict",
    ]


def test_a_look_does_not_change_its_verdict(work: UnitOfWork, objects: Objects, now: datetime) -> None:
    look = a_taken_look(work, objects, now)
    for_it = judge(CASES, Field(candidate=BETTER, production=PRODUCTION), policy=a_policy(), look=look)
    against = judge(CASES, Field(candidate=WORSE, production=PRODUCTION), policy=a_policy(), look=look)
    settled = settle(work, look, for_it, now=now)
    with pytest.raises(ConflictError):
        settle(work, settled, against, now=now)
