"""Work to hand on after a commit: done at least once, retried with growing pauses, never lost in a crash."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, insert, select, update

from overread.store.records import parsed
from overread.store.tables.work import outbox

CLAIM = timedelta(minutes=10)
LONGEST_PAUSE = timedelta(hours=1)
_DOUBLINGS = 12  # more would pass the longest pause, and in the end what a timedelta holds


@dataclass(frozen=True, kw_only=True, slots=True)
class Parcel:
    """One piece of work; doing it twice must be safe."""

    id: int
    topic: str
    key: str
    payload: Mapping[str, object] = field(default_factory=dict)
    attempts: int = 0


class Outbox:
    """Rows put in the transaction of the write that asks for the work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, topic: str, *, key: str, at: datetime, payload: Mapping[str, object] | None = None) -> None:
        """Ask for a piece of work."""
        values = {"topic": topic, "key": key, "payload": dict(payload or {})}
        self._connection.execute(insert(outbox), values | {"put_at": at, "due_at": at, "attempts": 0})

    def claim(self, topic: str, *, now: datetime) -> Parcel | None:
        """Take the next due piece; it comes back if it is neither done nor failed within ten minutes."""
        query = (
            select(outbox)
            .where(outbox.c.topic == topic, outbox.c.done_at.is_(None), outbox.c.due_at <= now)
            .order_by(outbox.c.id)
            .limit(1)
        )
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return None
        self._connection.execute(
            update(outbox).where(outbox.c.id == row.id).values(due_at=now + CLAIM, attempts=row.attempts + 1)
        )
        return parsed(Parcel, row)

    def revive(self, topic: str, *, now: datetime) -> None:
        """Make every piece due at once, for a process that starts: who had claimed it may be dead."""
        self._connection.execute(
            update(outbox).where(outbox.c.topic == topic, outbox.c.done_at.is_(None)).values(due_at=now)
        )

    def done(self, parcel: Parcel, *, at: datetime) -> None:
        """Note that a piece is done."""
        self._connection.execute(
            update(outbox).where(outbox.c.id == parcel.id).values(done_at=at, error=None)
        )

    def failed(self, parcel: Parcel, error: str, *, now: datetime) -> None:
        """Put a piece back for later; the pause doubles up to an hour."""
        pause = min(timedelta(seconds=2 ** min(parcel.attempts, _DOUBLINGS)), LONGEST_PAUSE)
        self._connection.execute(
            update(outbox).where(outbox.c.id == parcel.id).values(due_at=now + pause, error=error)
        )

    def call_off(self, topic: str, *, at: datetime) -> None:
        """Let every piece of a topic be done with; one that somebody holds ends as its holder finds."""
        self._connection.execute(
            update(outbox).where(outbox.c.topic == topic, outbox.c.done_at.is_(None)).values(done_at=at)
        )

    def is_waiting(self, topic: str, key: str) -> bool:
        """Say whether a piece of this key is not done."""
        query = select(outbox.c.id).where(
            outbox.c.topic == topic, outbox.c.key == key, outbox.c.done_at.is_(None)
        )
        return self._connection.execute(query.limit(1)).scalar() is not None

    def waiting(self, topic: str) -> int:
        """Return how many pieces are not done."""
        query = select(func.count()).where(outbox.c.topic == topic, outbox.c.done_at.is_(None))
        return int(self._connection.execute(query).scalar_one())
