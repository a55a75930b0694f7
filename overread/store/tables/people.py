"""People, tokens, and the few facts of an installation."""

from sqlalchemy import Boolean, Column, ForeignKey, String, Table, Text

from overread.store.tables.base import Instant, key, metadata

installation = Table(
    "installation",
    metadata,
    Column("name", key(), primary_key=True),
    Column("value", Text, nullable=False),
)
people = Table(
    "people",
    metadata,
    Column("key", key(), primary_key=True),
    Column("role", key(16), nullable=False),
    Column("password", String(200)),
    Column("must_change_password", Boolean, nullable=False),
    Column("one_time_until", Instant),
    Column("language", key(8)),
    Column("created_at", Instant, nullable=False),
    Column("signed_in_at", Instant),
    Column("switched_off_at", Instant),
)
tokens = Table(
    "tokens",
    metadata,
    Column("digest", key(), primary_key=True),
    Column("person", key(), ForeignKey("people.key"), nullable=False),
    Column("role", key(16), nullable=False),
    Column("scope", key(16)),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
)
