"""Reading locks as rows, one a study."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from overread.domain.identifiers import StudyUid
from overread.domain.locks import ReadingLock
from overread.store.records import columns, parsed
from overread.store.tables.studies import reading_locks


class ReadingLockStore:
    """A lock whose end has passed is none."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_study(self, study: StudyUid, *, now: datetime) -> ReadingLock | None:
        """Return the lock on a study, or None."""
        query = select(reading_locks).where(reading_locks.c.study == study, reading_locks.c.until > now)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else parsed(ReadingLock, row)

    def standing(self, *, now: datetime) -> list[ReadingLock]:
        """Return all locks, by study."""
        query = select(reading_locks).where(reading_locks.c.until > now).order_by(reading_locks.c.study)
        return [parsed(ReadingLock, row) for row in self._connection.execute(query)]

    def put(self, lock: ReadingLock) -> None:
        """Keep a lock in place of any other on its study."""
        self.end(lock.study)
        self._connection.execute(insert(reading_locks).values(**columns(lock)))

    def end(self, study: StudyUid) -> None:
        """End the lock on a study."""
        self._connection.execute(delete(reading_locks).where(reading_locks.c.study == study))
