"""How a database fails, for those who must answer for it without knowing the library."""

from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

CLASHES: tuple[type[Exception], ...] = (IntegrityError,)
"""Two writers wrote the same thing."""

FAILURES: tuple[type[Exception], ...] = (OperationalError, InterfaceError, PoolTimeoutError)
"""The database is away, locked for too long, or out of room."""


def is_disk_full(error: Exception) -> bool:
    """Say whether the database has no room left (SQLite's words, then PostgreSQL's)."""
    return any(words in str(error) for words in ("disk is full", "No space left on device"))
