from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from threading import Event

import pytest

from bootstrap.storage import Storage
from overread.domain.audit import AuditEvent
from overread.domain.errors import ConflictError
from overread.store.group_commit import GroupCommit
from overread.store.unit_of_work import UnitOfWork

Write = Callable[[UnitOfWork], str]


class Counted:
    """Units of work of a storage, and how many were asked for."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.units = 0

    def __call__(self) -> UnitOfWork:
        self.units += 1
        return self._storage.work()


def telling(name: str, now: datetime) -> Write:
    def write(work: UnitOfWork) -> str:
        work.audit.append(AuditEvent(at=now, by="sue", action="told", subject=name))
        return name

    return write


def refused(work: UnitOfWork) -> str:
    raise ConflictError("not this one")


def written_together(commits: GroupCommit, writes: list[Write]) -> list[Future[str]]:
    """Hold the first writer's turn until every write waits; return what became of each."""
    began, enough = Event(), Event()

    def hold(_work: UnitOfWork) -> str:
        began.set()
        assert enough.wait(20)
        return "held"

    with ThreadPoolExecutor(len(writes) + 1) as pool:
        pool.submit(commits.write, hold)
        assert began.wait(20)
        waiting = []
        for number, write in enumerate(writes, start=1):
            waiting.append(pool.submit(commits.write, write))
            while len(commits._waiting) < number:
                pass
        enough.set()
    return waiting


def subjects(storage: Storage) -> list[str]:
    with storage.look() as work:
        assert work.audit.verify().ok
        return [row.event.subject for row in work.audit.rows()]


def test_what_waits_at_the_same_time_is_one_transaction_in_the_order_of_its_coming(
    storage: Storage, now: datetime
) -> None:
    before, counted = subjects(storage), Counted(storage)
    answers = written_together(GroupCommit(counted), [telling(name, now) for name in "abc"])
    assert [answer.result() for answer in answers] == ["a", "b", "c"]
    assert subjects(storage) == [*before, "a", "b", "c"]
    assert counted.units == 2  # the one that held the turn, and the three that waited


def test_one_that_is_refused_takes_none_of_the_others_with_it(storage: Storage, now: datetime) -> None:
    before = subjects(storage)
    writes = [telling("a", now), refused, telling("c", now)]
    first, second, third = written_together(GroupCommit(storage.work), writes)
    assert (first.result(), third.result()) == ("a", "c")
    with pytest.raises(ConflictError):
        second.result()
    assert subjects(storage) == [*before, "a", "c"]


def test_a_write_is_durable_when_it_is_answered(storage: Storage, now: datetime) -> None:
    GroupCommit(storage.work).write(telling("a", now))
    assert subjects(storage)[-1] == "a"


def test_after_a_failure_the_next_write_has_its_turn(storage: Storage, now: datetime) -> None:
    commits = GroupCommit(storage.work)
    with pytest.raises(ConflictError):
        commits.write(refused)
    assert commits.write(telling("a", now)) == "a"
