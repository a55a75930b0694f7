"""Corrections, own calls, cases, reads, resolutions and labels: append-only but a case's state and hold."""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Table, Text, UniqueConstraint

from overread.store.tables.base import Instant, Nested, key, metadata

corrections = Table(
    "corrections",
    metadata,
    Column("id", key(), primary_key=True),
    Column("study", key(), ForeignKey("studies.uid"), nullable=False, index=True),
    Column("by", key(), nullable=False),
    Column("at", Instant, nullable=False, index=True),
    Column("verdict", key(16), nullable=False),
    Column("label", key(16), nullable=False),
    Column("model_version", key(), nullable=False),
    Column("model_digest", key(), nullable=False),
    Column("model_label", key(16), nullable=False),
    Column("kind", key(24)),
    Column("findings", Nested, nullable=False),
    Column("comment", Text, nullable=False),
    Column("answer_shown", Boolean, nullable=False),
    Column("origin", key(16), nullable=False),
    Column("case", key(), index=True),
)
withdrawals = Table(
    "withdrawals",
    metadata,
    Column("correction", key(), ForeignKey("corrections.id"), primary_key=True),
    Column("at", Instant, nullable=False),
)
own_calls = Table(
    "own_calls",
    metadata,
    Column("study", key(), ForeignKey("studies.uid"), primary_key=True),
    Column("by", key(), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("label", key(16), nullable=False),
    Column("answer_shown", Boolean, nullable=False),
)
answer_orders = Table(
    "answer_orders",
    metadata,
    Column("at", Instant, primary_key=True),
    Column("order", key(16), nullable=False),
)
cases = Table(
    "cases",
    metadata,
    Column("id", key(), primary_key=True),
    Column("study", key(), ForeignKey("studies.uid"), nullable=False, index=True),
    Column("task", key(), nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("state", key(16), nullable=False, index=True),
    Column("origin", key(16), nullable=False),
    Column("held_by", key()),
    Column("held_until", Instant),
)
case_barred = Table(
    "case_barred",
    metadata,
    Column("case", key(), ForeignKey("cases.id"), primary_key=True),
    Column("person", key(), primary_key=True),
)
reads = Table(
    "reads",
    metadata,
    Column("id", key(), primary_key=True),
    Column("case", key(), ForeignKey("cases.id"), nullable=False),
    Column("by", key(), nullable=False),
    Column("at", Instant, nullable=False),
    Column("stage", key(16), nullable=False),
    Column("label", key(16), nullable=False),
    Column("findings", Nested, nullable=False),
    Column("quality", key(32)),
    Column("confidence", key(16)),
    Column("seconds", Float),
    Column("comment", Text, nullable=False),
    UniqueConstraint("case", "by"),
)
resolutions = Table(
    "resolutions",
    metadata,
    Column("id", key(), primary_key=True),
    Column("case", key(), ForeignKey("cases.id"), nullable=False, unique=True),
    Column("by", key(), nullable=False),
    Column("at", Instant, nullable=False),
    Column("label", key(16), nullable=False),
    Column("findings", Nested, nullable=False),
    Column("reason", Text, nullable=False),
    Column("changed_after_reveal", Boolean, nullable=False),
)
labels = Table(
    "labels",
    metadata,
    Column("id", key(), primary_key=True),
    Column("study", key(), ForeignKey("studies.uid"), nullable=False, index=True),
    Column("label", key(16), nullable=False),
    Column("grade", key(16), nullable=False),
    Column("source", key(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("findings", Nested, nullable=False),
    Column("case", key()),
    Column("complete", Boolean, nullable=False),
)
errata = Table(
    "errata",
    metadata,
    Column("study", key(), ForeignKey("studies.uid"), primary_key=True),
    Column("case", key(), ForeignKey("cases.id"), primary_key=True),
    Column("at", Instant, nullable=False),
)
