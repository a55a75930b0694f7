"""The hash-chained change record: appended in the transaction of the write it tells of."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select

from overread.domain.audit import GENESIS, AuditEvent, AuditRow, ChainState, chain_hash, verify_chain
from overread.store.records import columns, parsed, plain
from overread.store.tables.work import audit

CHUNK = 1000
_LAST = select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)


class AuditLog:
    """Append only; writers queue (`overread.store.engine`), so the chain never forks."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, event: AuditEvent) -> AuditRow:
        """Chain one event; its details become plain JSON first, so that what is hashed is what is stored."""
        last = self._connection.execute(_LAST).one_or_none()
        seq, previous = (1, GENESIS) if last is None else (last.seq + 1, last.hash)
        values = columns(event) | {"details": plain(dict(event.details))}
        stored = parsed(AuditEvent, values)
        row = AuditRow(seq=seq, event=stored, previous=previous, hash=chain_hash(seq, stored, previous))
        chained = {"seq": seq, "previous": previous, "hash": row.hash}
        self._connection.execute(insert(audit), values | chained)
        return row

    def rows(self, *, after: int = 0, limit: int | None = None) -> list[AuditRow]:
        """Return rows in order, from behind `after`."""
        return self._read(select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(limit))

    def told(self, actions: Iterable[str]) -> list[AuditRow]:
        """Return the rows of some actions, in order."""
        return self._read(select(audit).where(audit.c.action.in_(actions)).order_by(audit.c.seq))

    def at(self, seq: int) -> AuditRow | None:
        """Return one row; None where the chain does not reach so far."""
        found = self.rows(after=seq - 1, limit=1)
        return found[0] if found and found[0].seq == seq else None

    def length(self) -> int:
        """Return how many rows there are."""
        return self._connection.execute(select(func.max(audit.c.seq))).scalar() or 0

    def verify(self) -> ChainState:
        """Recompute the whole chain."""
        return verify_chain(self.walk())

    def walk(self, *, after: int = 0) -> Iterator[AuditRow]:
        """Yield rows in order, from behind `after`, a handful at a time."""
        while rows := self.rows(after=after, limit=CHUNK):
            yield from rows
            after = rows[-1].seq

    def _read(self, query: Select[Any]) -> list[AuditRow]:
        return [
            AuditRow(seq=row.seq, event=parsed(AuditEvent, row), previous=row.previous, hash=row.hash)
            for row in self._connection.execute(query)
        ]
