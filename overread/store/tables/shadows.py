"""Shadows, how they ended, and the answers nobody is shown; no other table, and no view, reads these."""

from sqlalchemy import Column, Float, ForeignKey, Integer, Table, Text

from overread.store.tables.base import Instant, Nested, key, metadata

shadows = Table(
    "shadows",
    metadata,
    Column("id", key(), primary_key=True),
    Column("task", key(), nullable=False),
    Column("candidate", key(), ForeignKey("models.version"), nullable=False),
    Column("candidate_digest", key(), nullable=False),
    Column("production", key(), ForeignKey("models.version"), nullable=False),
    Column("production_digest", key(), nullable=False),
    Column("registered_by", key(), nullable=False),
    Column("registered_at", Instant, nullable=False),
    Column("why", Text, nullable=False),
    Column("policy", key(), nullable=False),
    Column("margins", Nested, nullable=False),
    Column("studies", Integer),
    Column("until", Instant),
    Column("compared", Nested, nullable=False),
)
shadow_ends = Table(
    "shadow_ends",
    metadata,
    Column("shadow", key(), ForeignKey("shadows.id"), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("by", key(), nullable=False),
    Column("how", key(16), nullable=False),
    Column("reason", Text, nullable=False),
)
shadow_answers = Table(
    "shadow_answers",
    metadata,
    Column("shadow", key(), ForeignKey("shadows.id"), primary_key=True),
    Column("study", key(), ForeignKey("studies.uid"), primary_key=True, index=True),
    Column("made_at", Instant, nullable=False),
    Column("probability", Float),
    Column("threshold", Float),
    Column("label", key(16)),
    Column("failure", key()),
)
