"""Naming of constraints and the shared column types."""

from sqlalchemy import MetaData, String

from overread.store.records import Instant, Nested

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

__all__ = ["Instant", "Nested", "key", "metadata"]


def key(length: int = 64) -> String:
    """Return the type of a short key column."""
    return String(length)
