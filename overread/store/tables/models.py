"""Datasets, test sets and their ledger, model versions, promotion requests, and the one production row."""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Integer, Table, Text, UniqueConstraint

from overread.store.tables.base import Instant, Nested, key, metadata

datasets = Table(
    "datasets",
    metadata,
    Column("version", key(), primary_key=True),
    Column("digest", key(), nullable=False),
    Column("task", key(), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("counts", Nested, nullable=False),
    Column("corrections", Integer, nullable=False),
    Column("parent", key()),
    Column("registered", Boolean, nullable=False),
)
test_sets = Table(
    "test_sets",
    metadata,
    Column("version", key(), primary_key=True),
    Column("digest", key(), nullable=False),
    Column("task", key(), nullable=False),
    Column("frozen_at", Instant, nullable=False),
    Column("n_positive", Integer, nullable=False),
    Column("n_negative", Integer, nullable=False),
    Column("looks", Integer, nullable=False),
    Column("parent", key()),
    Column("bridge", key()),
)
test_set_uses = Table(
    "test_set_uses",
    metadata,
    Column("id", key(), primary_key=True),
    Column("test_set", key(), ForeignKey("test_sets.version"), nullable=False),
    Column("purpose", key(32), nullable=False),
    Column("model", key(), nullable=False),
    Column("by", key(), nullable=False),
    Column("at", Instant, nullable=False),
    Column("why", Text, nullable=False),
)
looks = Table(
    "looks",
    metadata,
    Column("id", key(), primary_key=True),
    Column("test_set", key(), ForeignKey("test_sets.version"), nullable=False),
    Column("look", Integer, nullable=False),
    Column("alpha", Float, nullable=False),
    Column("candidate", key(), nullable=False),
    Column("production", key()),
    Column("by", key(), nullable=False),
    Column("at", Instant, nullable=False),
    Column("why", Text, nullable=False),
    Column("verdict", key(16)),
    UniqueConstraint("test_set", "look"),
)
models = Table(
    "models",
    metadata,
    Column("version", key(), primary_key=True),
    Column("name", key(), nullable=False),
    Column("architecture", key(), nullable=False),
    Column("image_size", Integer, nullable=False),
    Column("digest", key(), nullable=False),
    Column("threshold", Float, nullable=False),
    Column("state", key(16), nullable=False),
    Column("trained_at", Instant, nullable=False),
    Column("lineage", Nested, nullable=False),
    Column("findings", Nested, nullable=False),
    Column("metrics", Nested, nullable=False),
    Column("signature", Nested),
)
production = Table(
    "production",
    metadata,
    Column("task", key(), primary_key=True),
    Column("version", key(), ForeignKey("models.version"), nullable=False),
    Column("since", Instant, nullable=False),
)
production_history = Table(
    "production_history",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("task", key(), nullable=False),
    Column("version", key(), ForeignKey("models.version"), nullable=False),
    Column("previous", key()),
    Column("at", Instant, nullable=False),
    Column("by", Nested, nullable=False),
    Column("reason", Text, nullable=False),
    Column("rollback", Boolean, nullable=False),
)
requests = Table(
    "promotion_requests",
    metadata,
    Column("version", key(), ForeignKey("models.version"), primary_key=True),
    Column("requested_by", key(), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("verdict", key(16)),
    Column("state", key(16), nullable=False),
    Column("within_protocol", Boolean, nullable=False),
    Column("drift", Nested),
    Column("comparison", Nested, nullable=False),
    Column("ledger", Nested, nullable=False),
    Column("lineage", Nested, nullable=False),
)
reviews = Table(
    "reviews",
    metadata,
    Column("id", key(), primary_key=True),
    Column("version", key(), ForeignKey("promotion_requests.version"), nullable=False),
    Column("reviewer", key(), nullable=False),
    Column("at", Instant, nullable=False),
    Column("decision", key(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("accept_drift", Text),
    Column("flips_seen", Integer),
    Column("own_corrections", Integer),
    UniqueConstraint("version", "reviewer"),
)
flip_views = Table(
    "flip_views",
    metadata,
    Column("version", key(), ForeignKey("promotion_requests.version"), primary_key=True),
    Column("reviewer", key(), primary_key=True),
    Column("study", key(), primary_key=True),
    Column("at", Instant, nullable=False),
)
