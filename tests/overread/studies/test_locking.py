"""Two readers at one study: who has it, how long, and how it changes hands."""

from datetime import datetime, timedelta
from functools import partial

import pytest

from overread.domain.identifiers import PersonKey
from overread.domain.locks import LASTS, ReadingLock
from overread.domain.reports import ReportStatus
from overread.domain.studies import StudyState
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork
from overread.studies.locking import hold, leave, take_over
from overread.studies.predicting import keep_prediction
from overread.studies.reporting import current, write
from tests.builders import a_prediction, a_study, keep_study, uid
from tests.overread.studies.test_life import a_draft

RITA, REMY = PersonKey("rita"), PersonKey("remy")
SECOND = timedelta(seconds=1)
rita = partial(hold, uid=uid(), by=RITA, page="r1")
remy = partial(hold, uid=uid(), by=REMY, page="m1")


@pytest.fixture
def study(work: UnitOfWork, task: Task, now: datetime) -> None:
    keep_study(work, a_study(state=StudyState.SCREENED))
    keep_prediction(work, a_prediction(), task=task, language="en", now=now)


def held(work: UnitOfWork, now: datetime) -> tuple[str, datetime] | None:
    lock = work.reading_locks.of_study(uid(), now=now)
    return None if lock is None else (lock.person, lock.since)


@pytest.mark.usefixtures("study")
def test_the_second_reader_sees_who_was_first_and_a_beating_page_keeps_it(
    work: UnitOfWork, now: datetime
) -> None:
    assert rita(work, now=now) == ReadingLock(
        study=uid(), person=RITA, page="r1", since=now, until=now + LASTS
    )
    seen = remy(work, now=now + SECOND)
    assert seen is not None
    assert (seen.person, seen.since) == (RITA, now)
    rita(work, now=now + LASTS - SECOND)
    assert held(work, now + LASTS + SECOND) == (RITA, now)


@pytest.mark.usefixtures("study")
def test_a_page_that_falls_silent_loses_its_study_to_who_asks_next(work: UnitOfWork, now: datetime) -> None:
    rita(work, now=now)
    assert held(work, now + LASTS) is None
    remy(work, now=now + LASTS)
    assert held(work, now + LASTS) == (REMY, now + LASTS)
    seen = rita(work, now=now + LASTS + SECOND)
    assert seen is not None
    assert seen.person == REMY


@pytest.mark.usefixtures("study")
def test_taking_over_is_recorded_once_and_beats_are_not(work: UnitOfWork, now: datetime) -> None:
    before = work.audit.length()
    for seconds in range(3):
        rita(work, now=now + seconds * SECOND)
    assert work.audit.length() == before
    for _ in range(2):
        take_over(work, uid(), by=REMY, page="m1", now=now + 5 * SECOND)
    (row,) = work.audit.rows(after=before, limit=9)
    assert (row.event.action, row.event.by, row.event.details["from"]) == ("reading-taken-over", REMY, RITA)
    assert held(work, now + 5 * SECOND) == (REMY, now + 5 * SECOND)


@pytest.mark.usefixtures("study")
def test_leaving_ends_ones_own_lock_but_not_that_of_a_newer_page_or_of_another(
    work: UnitOfWork, now: datetime
) -> None:
    rita(work, now=now)
    hold(work, uid(), by=RITA, page="r2", now=now)  # loaded again before the first page said that it was left
    leave(work, uid(), by=RITA, page="r1", now=now)
    leave(work, uid(), by=REMY, page="r2", now=now)
    assert held(work, now) == (RITA, now)
    leave(work, uid(), by=RITA, page="r2", now=now)
    assert held(work, now) is None


@pytest.mark.usefixtures("study")
def test_whoever_has_lost_the_study_still_writes_and_a_signature_ends_any_lock(
    work: UnitOfWork, task: Task, now: datetime
) -> None:
    rita(work, now=now)
    take_over(work, uid(), by=REMY, page="m1", now=now)
    report = current(work, uid(), language="en")
    kept = write(work, report, a_draft(), task=task, by=RITA, now=now)
    assert (kept.status, kept.edited_by) == (ReportStatus.DRAFT, RITA)
    write(work, kept, a_draft(sign=True), task=task, by=RITA, now=now)
    assert held(work, now) is None
    assert remy(work, now=now) is None


def test_a_study_that_is_set_aside_is_read_by_nobody(work: UnitOfWork, now: datetime) -> None:
    keep_study(work, a_study(state=StudyState.QUARANTINED))
    assert rita(work, now=now) is None
