"""Locks with an end, in the database, for any number of servers."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from overread.store.tables.work import leases


class Leases:
    """A holder that stops renewing loses its lease when it ends."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take(self, name: str, holder: str, *, now: datetime, length: timedelta) -> bool:
        """Take or renew a lease; False while another holds it."""
        row = self._connection.execute(select(leases).where(leases.c.name == name)).one_or_none()
        if row is None:
            self._connection.execute(insert(leases).values(name=name, holder=holder, until=now + length))
            return True
        if row.holder != holder and row.until > now:
            return False
        self._connection.execute(
            update(leases).where(leases.c.name == name).values(holder=holder, until=now + length)
        )
        return True

    def give_back(self, name: str, holder: str) -> None:
        """End one's own lease."""
        self._connection.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))

    def holder(self, name: str, *, now: datetime) -> str | None:
        """Return who holds a lease now."""
        held = select(leases.c.holder).where(leases.c.name == name, leases.c.until > now)
        return self._connection.execute(held).scalar()
