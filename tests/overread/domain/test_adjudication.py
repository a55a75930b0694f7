"""Blinded reads: who may read when, what closes a case, and what it settles."""

from dataclasses import replace

import pytest

from overread.domain.adjudication import (
    AlreadyReadError,
    Case,
    CaseState,
    Grade,
    RaiserError,
    Resolution,
    Stage,
    reads_at,
)
from overread.domain.errors import ConflictError, ForbiddenError
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey
from overread.domain.labels import prevailing
from overread.domain.people import Role
from tests.builders import NOW, a_case, a_finding, a_label, a_read

RITA, SVEN = PersonKey("rita"), PersonKey("sven")
HAS, NO = Label.HAS_FINDING, Label.NO_FINDING


def after(*labels: Label) -> Case:
    """Return a case with one read a label; readers are remy, rosa, and the senior sven."""
    case = a_case(barred=frozenset({RITA}))
    for name, role, label in zip(
        ("remy", "rosa", "sven"), (Role.READER, Role.READER, Role.SENIOR), labels, strict=False
    ):
        case = case.with_read(a_read(name, stage=case.stage, label=label), role)
    return case


def a_resolution(by: PersonKey = SVEN, label: Label = HAS) -> Resolution:
    return Resolution(
        id="r",
        case="case-0001",
        by=by,
        at=NOW,
        label=label,
        findings=(),
        reason="seen",
        changed_after_reveal=False,
    )


def test_two_reads_that_agree_close_a_case() -> None:
    case = after(HAS, HAS)
    assert case.state is CaseState.CLOSED
    assert case.outcome == (HAS, (), Grade.DOUBLE)


def test_two_reads_that_differ_ask_for_a_senior() -> None:
    case = after(HAS, NO)
    assert (case.state, case.stage) == (CaseState.OPEN, Stage.SENIOR)
    assert not case.may_be_read_by(PersonKey("another"), Role.READER)
    assert case.may_be_read_by(SVEN, Role.SENIOR)
    with pytest.raises(ForbiddenError, match="senior"):
        case.with_read(a_read("another", stage=Stage.SENIOR), Role.READER)


def test_a_third_read_leaves_the_decision_to_its_senior() -> None:
    case = after(HAS, NO, HAS)
    assert case.state is CaseState.OPEN
    assert not case.may_be_read_by(PersonKey("another-senior"), Role.SENIOR)
    with pytest.raises(ConflictError):
        case.outcome  # noqa: B018 - it raises
    with pytest.raises(ForbiddenError, match="own read"):
        case.resolved(a_resolution(by=PersonKey("another-senior")))
    assert case.resolved(a_resolution(label=NO)).outcome == (NO, (), Grade.ADJUDICATED)


def test_a_case_is_decided_after_the_seniors_own_read_and_once() -> None:
    with pytest.raises(ForbiddenError):
        after(HAS, NO).resolved(a_resolution())
    with pytest.raises(ConflictError):
        after(HAS, NO, HAS).resolved(a_resolution()).resolved(a_resolution())


def test_who_raised_a_case_never_reads_it() -> None:
    with pytest.raises(RaiserError) as refused:
        after().with_read(a_read("rita"), Role.SENIOR)
    assert refused.value.code == "raiser"
    assert not after().may_be_read_by(RITA, Role.SENIOR)


def test_one_person_reads_a_case_once() -> None:
    with pytest.raises(AlreadyReadError) as refused:
        after(HAS).with_read(a_read("remy", stage=Stage.SECOND), Role.READER)
    assert refused.value.code == "already-read"


@pytest.mark.parametrize("state", [CaseState.CLOSED, CaseState.WITHDRAWN])
def test_a_case_that_is_not_open_takes_no_read(state: CaseState) -> None:
    case = replace(after(), state=state)
    assert not case.may_be_read_by(PersonKey("remy"), Role.READER)
    with pytest.raises(ConflictError):
        case.with_read(a_read("remy"), Role.READER)


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.OPERATOR, Role.AUDITOR, Role.DEVICE])
def test_only_readers_and_seniors_read(role: Role) -> None:
    assert not any(reads_at(role, stage) for stage in Stage)
    with pytest.raises(ForbiddenError):
        after().with_read(a_read("ruth"), role)


def test_a_read_states_the_stage_that_is_due() -> None:
    with pytest.raises(ValueError, match="second read where the first"):
        after().with_read(a_read("remy", stage=Stage.SECOND), Role.READER)


def test_where_two_agree_the_findings_both_named_are_kept() -> None:
    nodule, mass, strand = a_finding("nodule"), a_finding("mass"), a_finding("fibrous_strand")

    def settled(*named: tuple[object, ...]) -> tuple[str, ...]:
        case = a_case()
        for name, findings in zip(("remy", "rosa"), named, strict=True):
            case = case.with_read(a_read(name, stage=case.stage, findings=findings), Role.READER)
        return tuple(finding.code for finding in case.outcome[1])

    assert settled((nodule, mass), (mass, strand)) == ("mass",)
    assert settled((nodule,), (mass,)) == ("nodule",)
    assert settled((), (mass,)) == ("mass",)


def test_the_best_grade_prevails_and_among_equals_the_latest() -> None:
    report, double = a_label(), a_label(grade=Grade.DOUBLE, id="double", label=HAS)
    adjudicated = a_label(grade=Grade.ADJUDICATED, id="adjudicated")
    later = a_label(grade=Grade.DOUBLE, id="later", at=NOW.replace(hour=20))
    assert prevailing([]) is None
    assert prevailing([double, report]) is double
    assert prevailing([later, double]) is later
    assert prevailing([adjudicated, later]) is adjudicated
