"""Outbox, remembered answers and the audit chain."""

from sqlalchemy import Column, Index, Integer, String, Table, Text

from overread.store.tables.base import Instant, Nested, key, metadata

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("topic", key(), nullable=False),
    Column("key", String(200), nullable=False),
    Column("payload", Nested, nullable=False),
    Column("put_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("done_at", Instant),
    Column("error", Text),
    Index("ix_outbox_topic_due", "topic", "done_at", "due_at"),
)
answers = Table(
    "remembered_answers",
    metadata,
    Column("person", key(), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("request", key(), nullable=False),
    Column("status", Integer, nullable=False),
    Column("answer", Nested, nullable=False),
    Column("at", Instant, nullable=False),
)
audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("by", key(), nullable=False),
    Column("action", key(), nullable=False),
    Column("subject", String(200), nullable=False, index=True),
    Column("study", key(), index=True),
    Column("details", Nested, nullable=False),
    Column("previous", key(), nullable=False),
    Column("hash", key(), nullable=False),
)
