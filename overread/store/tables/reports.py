"""Reports by version."""

from sqlalchemy import Column, ForeignKey, Integer, Table, Text

from overread.store.tables.base import Instant, Nested, key, metadata

reports = Table(
    "reports",
    metadata,
    Column("study", key(), ForeignKey("studies.uid"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("status", key(16), nullable=False),
    Column("language", key(8), nullable=False),
    Column("label", key(16), nullable=False),
    Column("findings", Nested, nullable=False),
    Column("findings_text", Text, nullable=False),
    Column("impression", Text, nullable=False),
    Column("edited_by", key()),
    Column("signed_by", key()),
    Column("signed_at", Instant),
    Column("addenda", Nested, nullable=False),
)
