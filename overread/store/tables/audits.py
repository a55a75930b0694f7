"""Lots of the random audits, and changes of the automatic normal text: both append-only."""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Table, Text

from overread.store.tables.base import Instant, key, metadata

audit_lots = Table(
    "audit_lots",
    metadata,
    Column("study", key(), ForeignKey("studies.uid"), primary_key=True),
    Column("version", key(), nullable=False),
    Column("called", key(16), nullable=False),
    Column("answered_at", Instant, nullable=False),
    Column("disputed", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    Column("share", Float, nullable=False),
    Column("drawn", Boolean, nullable=False),
    Column("case", key(), ForeignKey("cases.id")),
    Index("ix_audit_lots_version_answered_at", "version", "answered_at"),
)
text_switches = Table(
    "text_switches",
    metadata,
    Column("id", key(), primary_key=True),
    Column("task", key(), nullable=False),
    Column("automatic", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", key(), nullable=False),
    Column("reason", Text, nullable=False),
    Column("version", key()),
)
