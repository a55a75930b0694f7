"""Outbox and remembered answers."""

from datetime import datetime, timedelta

import pytest

from bootstrap.storage import Storage
from overread.store.answers import IdempotencyConflictError, Remembered
from overread.store.outbox import CLAIM, LONGEST_PAUSE, Parcel
from overread.store.unit_of_work import UnitOfWork

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def test_work_is_claimed_once_and_comes_back_if_nobody_finishes_it(work: UnitOfWork, now: datetime) -> None:
    work.outbox.put("screen", key="study", at=now, payload={"n": 1})
    first = work.outbox.claim("screen", now=now)
    assert first is not None
    assert (first.key, first.payload, first.attempts) == ("study", {"n": 1}, 0)
    assert work.outbox.claim("screen", now=now + CLAIM - SECOND) is None
    again = work.outbox.claim("screen", now=now + CLAIM)
    assert again is not None
    assert (again.id, again.attempts) == (first.id, 1)


def test_two_processes_never_claim_the_same_work(storage: Storage, now: datetime) -> None:
    with storage.work() as work:
        for number in range(3):
            work.outbox.put("screen", key=str(number), at=now)
        work.commit()
    claimed = []
    for _ in range(4):
        with storage.work() as work:
            claimed.append(work.outbox.claim("screen", now=now))
            work.commit()
    assert [parcel and parcel.key for parcel in claimed] == ["0", "1", "2", None]


def test_a_claim_that_is_rolled_back_is_no_claim(storage: Storage, now: datetime) -> None:
    with storage.work() as work:
        work.outbox.put("screen", key="study", at=now)
        work.commit()
    with storage.work() as work:
        assert work.outbox.claim("screen", now=now) is not None
    with storage.work() as work:
        assert work.outbox.claim("screen", now=now) is not None


def test_done_work_never_comes_back(work: UnitOfWork, now: datetime) -> None:
    work.outbox.put("screen", key="study", at=now)
    assert work.outbox.waiting("screen") == 1
    parcel = work.outbox.claim("screen", now=now)
    assert parcel is not None
    work.outbox.done(parcel, at=now)
    assert work.outbox.waiting("screen") == 0
    assert work.outbox.claim("screen", now=now + timedelta(days=1)) is None


def test_what_is_called_off_is_done_with_and_other_topics_wait_on(work: UnitOfWork, now: datetime) -> None:
    for topic in ("shadow:1", "shadow:1", "shadow:2"):
        work.outbox.put(topic, key="study", at=now)
    held = work.outbox.claim("shadow:1", now=now)
    assert held is not None
    work.outbox.call_off("shadow:1", at=now)
    work.outbox.done(held, at=now)
    assert (work.outbox.waiting("shadow:1"), work.outbox.waiting("shadow:2")) == (0, 1)


def test_topics_do_not_see_each_other(work: UnitOfWork, now: datetime) -> None:
    work.outbox.put("screen", key="study", at=now)
    assert work.outbox.claim("predict", now=now) is None


@pytest.mark.parametrize(
    ("attempts", "pause"), [(0, SECOND), (3, 8 * SECOND), (12, LONGEST_PAUSE), (5000, LONGEST_PAUSE)]
)
def test_failed_work_waits_twice_as_long_each_time_up_to_an_hour(
    work: UnitOfWork, now: datetime, attempts: int, pause: timedelta
) -> None:
    work.outbox.put("screen", key="study", at=now)
    parcel = work.outbox.claim("screen", now=now)
    assert parcel is not None
    tried = Parcel(id=parcel.id, topic=parcel.topic, key=parcel.key, attempts=attempts)
    work.outbox.failed(tried, "OSError", now=now)
    assert work.outbox.claim("screen", now=now + pause - SECOND) is None
    assert work.outbox.claim("screen", now=now + pause) is not None


def test_a_starting_process_takes_up_what_a_killed_one_had_claimed(work: UnitOfWork, now: datetime) -> None:
    work.outbox.put("screen", key="study", at=now)
    work.outbox.claim("screen", now=now)
    work.outbox.revive("screen", now=now)
    assert work.outbox.claim("screen", now=now) is not None


def test_the_same_request_gets_the_first_answer(work: UnitOfWork, now: datetime) -> None:
    given = Remembered(status=201, answer={"id": "x", "score": 0.5})
    assert work.answers.recall("rita", "key", "request") is None
    work.answers.remember("rita", "key", "request", given=given, at=now)
    assert work.answers.recall("rita", "key", "request") == given


def test_another_request_under_the_same_key_is_a_conflict(work: UnitOfWork, now: datetime) -> None:
    work.answers.remember("rita", "key", "request", given=Remembered(status=201, answer={}), at=now)
    with pytest.raises(IdempotencyConflictError) as refused:
        work.answers.recall("rita", "key", "another")
    assert refused.value.code == "idempotency-conflict"


def test_two_people_may_use_the_same_key(work: UnitOfWork, now: datetime) -> None:
    work.answers.remember("rita", "key", "request", given=Remembered(status=201, answer={}), at=now)
    assert work.answers.recall("remy", "key", "another") is None
