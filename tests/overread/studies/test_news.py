"""What is told to an open page: arrivals once, moves as they stand now, and when it is too far behind."""

from datetime import datetime, timedelta

import pytest

from overread.domain.identifiers import PersonKey
from overread.domain.studies import Reason, StudyState
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork
from overread.studies import news
from overread.studies.intake import receive
from overread.studies.news import since
from overread.studies.screening import quarantine, release
from tests.builders import an_arrival, uid


def test_a_study_arrives_once_and_a_further_image_of_it_is_no_arrival(
    work: UnitOfWork, task: Task, now: datetime
) -> None:
    receive(work, an_arrival(1), task=task, now=now)
    first = since(work, 0)
    assert (first.arrived, first.states) == ((uid(1),), {})
    receive(work, an_arrival(2, study=uid(1)), task=task, now=now + timedelta(minutes=1))
    second = since(work, first.place)
    assert second.arrived == ()
    assert second.place > first.place
    assert since(work, second.place) == second


def test_a_move_is_told_as_the_study_stands_now(work: UnitOfWork, task: Task, now: datetime) -> None:
    receive(work, an_arrival(1), task=task, now=now)
    place = work.audit.length()
    quarantine(work, uid(1), [Reason(code="Q01_BURNED_IN_TEXT", text="text")], now=now)
    assert since(work, place).states == {uid(1): StudyState.QUARANTINED}
    release(work, uid(1), by=PersonKey("olga"), reason="read it", now=now)
    assert since(work, place).states == {uid(1): StudyState.SCREENED}


def test_whoever_is_too_far_behind_or_ahead_of_the_record_is_told_to_load_again(
    work: UnitOfWork, task: Task, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "MOST_BEHIND", 2)
    for number in range(3):
        receive(work, an_arrival(number), task=task, now=now)
    last = work.audit.length()
    assert since(work, last + 1).missed
    behind = since(work, 0)
    assert (behind.missed, behind.place, behind.arrived) == (True, last, ())
    assert not since(work, last - 2).missed


def test_much_news_is_told_in_parts(
    work: UnitOfWork, task: Task, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "MOST_AT_ONCE", 2)
    for number in range(3):
        receive(work, an_arrival(number), task=task, now=now)
    first = since(work, 0)
    second = since(work, first.place)
    assert {*first.arrived, *second.arrived} == {uid(0), uid(1), uid(2)}
    assert len(first.arrived) == 2
