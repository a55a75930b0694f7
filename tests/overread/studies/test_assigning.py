"""Whose a study is to read: taken on, taken over by naming who had it, given back, over once signed."""

from datetime import datetime

import pytest

from overread.domain.assignments import Assignment
from overread.domain.errors import ConflictError
from overread.domain.identifiers import PersonKey
from overread.domain.studies import StudyState
from overread.domain.tasks import Task
from overread.store.studies import Filter
from overread.store.unit_of_work import UnitOfWork
from overread.studies.assigning import assign
from overread.studies.news import since
from overread.studies.reporting import current, write
from overread.studies.worklist import next_unread
from tests.builders import keep_predicted, uid
from tests.overread.studies.test_life import a_draft

RITA, REMY = PersonKey("rita"), PersonKey("remy")


def given(
    work: UnitOfWork, to: PersonKey | None, had: PersonKey | None, *, by: PersonKey, now: datetime
) -> Assignment | None:
    return assign(work, uid(), to=to, instead_of=had, by=by, now=now)


def test_a_study_is_taken_from_nobody_who_was_not_seen_to_have_it(work: UnitOfWork, now: datetime) -> None:
    keep_predicted(work)
    place = work.audit.length()
    taken = given(work, RITA, None, by=RITA, now=now)
    assert taken == Assignment(study=uid(), person=RITA, at=now)
    assert given(work, RITA, None, by=RITA, now=now) == taken  # again: nothing changes
    with pytest.raises(ConflictError, match="rita has this study"):
        given(work, REMY, None, by=REMY, now=now)
    with pytest.raises(ConflictError, match="rita has this study"):
        given(work, None, REMY, by=REMY, now=now)
    assert given(work, REMY, RITA, by=REMY, now=now) == Assignment(study=uid(), person=REMY, at=now)
    assert given(work, None, REMY, by=REMY, now=now) is None
    assert work.assignments.among([uid()]) == {}
    rows = work.audit.rows(after=place, limit=10)
    assert [(row.event.by, row.event.details) for row in rows] == [
        ("rita", {"to": "rita", "from": None}),
        ("remy", {"to": "remy", "from": "rita"}),
        ("remy", {"to": None, "from": "remy"}),
    ]
    assert since(work, place).assigned == (uid(),)


def test_an_assignment_ends_with_the_signature_and_none_begins_after_it(
    work: UnitOfWork, task: Task, now: datetime
) -> None:
    keep_predicted(work)
    given(work, RITA, None, by=RITA, now=now)
    report = current(work, uid(), language="en")
    write(work, report, a_draft(sign=True), task=task, by=REMY, now=now)
    assert work.assignments.count(RITA) == 0
    with pytest.raises(ConflictError, match="signed or set aside"):
        given(work, RITA, None, by=RITA, now=now)


def test_ones_own_are_a_list_and_what_others_have_is_not_read_next(work: UnitOfWork, now: datetime) -> None:
    studies = [keep_predicted(work, number) for number in (1, 2, 3)]
    for number, person in ((2, REMY), (3, RITA)):
        assign(work, uid(number), to=person, instead_of=None, by=person, now=now)
    mine = work.studies.page(Filter(assigned_to=RITA), after=None, limit=10)
    assert [study.uid for study, _ in mine] == [uid(3)]
    assert (work.assignments.count(RITA), work.assignments.of_others(RITA)) == (1, frozenset({uid(2)}))
    others = Filter(not_so=work.assignments.of_others(RITA))
    assert next_unread(work, others, by=RITA, left=studies[0]) == uid(3)
    assert studies[1].state is StudyState.PREDICTED
