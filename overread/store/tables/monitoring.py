"""Drift checks, alerts and training runs."""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Integer, Table, Text

from overread.store.tables.base import Instant, Nested, key, metadata

drift_checks = Table(
    "drift_checks",
    metadata,
    Column("id", key(), primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("passed", Boolean),
    Column("n_reference", Integer, nullable=False),
    Column("n_current", Integer, nullable=False),
    Column("level", Float, nullable=False),
    Column("measures", Nested, nullable=False),
    Column("reasons", Nested, nullable=False),
    Column("report", key()),
    Column("attributions", Nested, nullable=False, server_default="[]"),
)
alerts = Table(
    "alerts",
    metadata,
    Column("id", key(), primary_key=True),
    Column("kind", key(), nullable=False),
    Column("urgency", key(16), nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("facts", Nested, nullable=False),
    Column("taken_by", key()),
    Column("taken_at", Instant),
    Column("resolved_at", Instant),
    Column("resolved_by", key()),
    Column("resolution", Text, nullable=False, server_default=""),
    Column("gone_at", Instant),
)
training_runs = Table(
    "training_runs",
    metadata,
    Column("id", key(), primary_key=True),
    Column("state", key(16), nullable=False),
    Column("requested_by", key(), nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("trigger", key(), nullable=False),
    Column("progress", Float, nullable=False),
    Column("step", Text, nullable=False),
    Column("flow_run", key()),
    Column("dataset_version", key()),
    Column("candidates", Nested, nullable=False),
    Column("heartbeat", Instant),
    Column("finished_at", Instant),
    Column("message", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("device", Nested),
    Column("disk", BigInteger),
)
training_points = Table(
    "training_points",
    metadata,
    Column("run", key(), ForeignKey("training_runs.id"), primary_key=True),
    Column("job", key(), primary_key=True),
    Column("at", Instant, primary_key=True),
    Column("name", key(128), nullable=False),
    Column("stage", key(), nullable=False),
    Column("done", Integer, nullable=False),
    Column("of", Integer, nullable=False),
    Column("loss", Float, nullable=False),
    Column("tuning_auc", Float),
)
