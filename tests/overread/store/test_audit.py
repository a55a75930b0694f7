"""The change record: chained, serial under threads, and tampering shows."""

import threading

import pytest
from sqlalchemy import delete, update

from bootstrap.storage import Storage
from overread.domain.audit import GENESIS, AuditEvent
from overread.domain.findings import Label
from overread.store.engine import Engine
from overread.store.tables.work import audit
from overread.store.unit_of_work import UnitOfWork
from tests.builders import NOW


def an_event(subject: str = "thing", **details: object) -> AuditEvent:
    return AuditEvent(at=NOW, by="rita", action="done", subject=subject, details=details)


def filled(storage: Storage, rows: int = 5) -> None:
    with storage.work() as work:
        for number in range(rows):
            work.audit.append(an_event(f"thing-{number}", number=number))
        work.commit()


def test_each_row_names_the_hash_of_the_one_before(work: UnitOfWork) -> None:
    first, second = work.audit.append(an_event()), work.audit.append(an_event())
    assert (first.seq, first.previous) == (1, GENESIS)
    assert (second.seq, second.previous) == (2, first.hash)
    assert work.audit.rows() == [first, second]
    assert work.audit.rows(after=1) == [second]
    state = work.audit.verify()
    assert (state.ok, state.rows, state.head, state.first_bad) == (True, 2, second.hash, None)


def test_what_is_hashed_is_what_is_stored(work: UnitOfWork) -> None:
    """Domain values, tuples, undefined numbers and Chinese come back as the JSON that was chained."""
    work.audit.append(
        an_event(
            label=Label.HAS_FINDING, at=NOW, pair=("a", 1), share=0.1 + 0.2, nothing=float("nan"), zh="肺"
        )
    )
    details = work.audit.rows()[0].event.details
    assert details == {
        "label": "has_finding",
        "at": "2026-03-02T08:30:00+00:00",
        "pair": ["a", 1],
        "share": 0.1 + 0.2,
        "nothing": None,
        "zh": "肺",
    }
    assert work.audit.verify().ok


@pytest.mark.parametrize(
    "change",
    [
        {"details": {"number": 9}},
        {"by": "someone-else"},
        {"subject": "another"},
        {"previous": "0" * 64},
        {"hash": "1" * 64},
    ],
)
def test_a_changed_row_is_found(storage: Storage, engine: Engine, change: dict[str, object]) -> None:
    filled(storage)
    with engine.begin() as connection:
        connection.execute(update(audit).where(audit.c.seq == 3).values(**change))
    with storage.look() as work:
        state = work.audit.verify()
    assert (state.ok, state.rows, state.first_bad) == (False, 2, 3)


def test_a_removed_row_is_found(storage: Storage, engine: Engine) -> None:
    filled(storage)
    with engine.begin() as connection:
        connection.execute(delete(audit).where(audit.c.seq == 2))
    with storage.look() as work:
        state = work.audit.verify()
    assert (state.ok, state.first_bad) == (False, 3)


def test_a_row_is_undone_with_the_write_it_tells_of(storage: Storage) -> None:
    with storage.work() as work:
        work.audit.append(an_event())
    with storage.look() as work:
        assert work.audit.verify().rows == 0


def test_many_threads_append_one_chain(storage: Storage) -> None:
    def append(name: str) -> None:
        for number in range(5):
            filled_by = an_event(f"{name}-{number}")
            with storage.work() as work:
                work.audit.append(filled_by)
                work.commit()

    threads = [threading.Thread(target=append, args=(f"thread-{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with storage.look() as work:
        state = work.audit.verify()
        subjects = {row.event.subject for row in work.audit.rows()}
    assert (state.ok, state.rows, len(subjects)) == (True, 30, 30)
