"""The clock and fresh ids of a process."""

import uuid
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """Return a fresh opaque id of 32 characters."""
    return uuid.uuid4().hex
