"""Reader studies and their reads: append-only, all of it."""

from sqlalchemy import Column, Float, ForeignKey, Integer, Table, UniqueConstraint

from overread.store.tables.base import Instant, Nested, key, metadata

reader_studies = Table(
    "reader_studies",
    metadata,
    Column("id", key(), primary_key=True),
    Column("name", key(200), nullable=False, unique=True),
    Column("task", key(), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", key(), nullable=False),
    Column("source", key(200), nullable=False),
    Column("model_version", key(), ForeignKey("models.version"), nullable=False),
    Column("model_digest", key(), nullable=False),
    Column("threshold", Float, nullable=False),
    Column("washout_days", Integer, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("maps", key(), nullable=False),
)
crossover_cases = Table(
    "crossover_cases",
    metadata,
    Column("key", key(), primary_key=True),
    Column("reader_study", key(), ForeignKey("reader_studies.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("study", key(), ForeignKey("studies.uid"), nullable=False, index=True),
    Column("truth", key(16), nullable=False),
    Column("probability", Float, nullable=False),
    UniqueConstraint("reader_study", "number"),
)
reader_sequences = Table(
    "reader_sequences",
    metadata,
    Column("reader_study", key(), ForeignKey("reader_studies.id"), primary_key=True),
    Column("reader", key(), ForeignKey("people.key"), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("arms", Nested, nullable=False),
    Column("orders", Nested, nullable=False),
)
crossover_reads = Table(
    "crossover_reads",
    metadata,
    Column("id", key(), primary_key=True),
    Column("reader_study", key(), ForeignKey("reader_studies.id"), nullable=False),
    Column("case", key(), ForeignKey("crossover_cases.key"), nullable=False),
    Column("reader", key(), nullable=False),
    Column("arm", key(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("label", key(16), nullable=False),
    Column("rating", Integer, nullable=False),
    Column("findings", Nested, nullable=False),
    Column("seconds", Float),
    UniqueConstraint("reader_study", "reader", "arm", "case"),
)
