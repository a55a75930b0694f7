"""Patients, studies, instances, predictions, what was answered first, and who has or reads a study."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    false,
)

from overread.store.tables.base import Instant, Nested, key, metadata

patients = Table(
    "patients",
    metadata,
    Column("key", key(), primary_key=True),
    Column("id", String(128), nullable=False),
    Column("name", String(400), nullable=False),
    Column("birth_date", Date),
    Column("sex", key(16), nullable=False),
    Column("split", key(8), nullable=False),
)
studies = Table(
    "studies",
    metadata,
    Column("uid", key(), primary_key=True),
    Column("site", key(), nullable=False),
    Column("patient", key(), ForeignKey("patients.key"), nullable=False, index=True),
    Column("state", key(16), nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("study_date", Date),
    Column("source", key(16), nullable=False),
    Column("acquisition", Nested, nullable=False),
    Column("outcomes", Nested, nullable=False),
    Column("reasons", Nested, nullable=False),
    Column("cohort", Boolean, nullable=False),
    Column("label", key(16)),
    Column("probability", Float),
    Column("fingerprint", LargeBinary),
    Column("urgent", Boolean, nullable=False, server_default=false()),
    Index("ix_studies_urgent_state_received_at_uid", "urgent", "state", "received_at", "uid"),
    Index("ix_studies_state_received_at", "state", "received_at"),
    Index("ix_studies_received_at_uid", "received_at", "uid"),
)
instances = Table(
    "instances",
    metadata,
    Column("sop_uid", key(), primary_key=True),
    Column("study", key(), ForeignKey("studies.uid"), nullable=False, index=True),
    Column("digest", key(), nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("columns", Integer, nullable=False),
    Column("sent_by", key(), nullable=False),
)
predictions = Table(
    "predictions",
    metadata,
    Column("study", key(), ForeignKey("studies.uid"), primary_key=True),
    Column("model_version", key(), primary_key=True),
    Column("model_digest", key(), nullable=False),
    Column("probability", Float, nullable=False),
    Column("threshold", Float, nullable=False),
    Column("label", key(16), nullable=False),
    Column("made_at", Instant, nullable=False, index=True),
    Column("milliseconds", Float, nullable=False),
    Column("by_finding", Nested, nullable=False),
    Column("heatmap", key()),
    Column("embedding", Nested, nullable=False),
    Column("asked_by", key()),
)
first_answers = Table(
    "first_answers",
    metadata,
    Column("study", key(), ForeignKey("studies.uid"), primary_key=True),
    Column("made_at", Instant, nullable=False),
    Column("waited", Float, nullable=False),
    Column("label", key(16), nullable=False),
    Column("probability", Float, nullable=False),
    Column("manufacturer", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("station", Text, nullable=False),
    # what the monitoring page counts, read from the index alone
    Index(
        "ix_first_answers_made_at",
        "made_at",
        "study",
        "waited",
        "label",
        "probability",
        "manufacturer",
        "model",
        "station",
    ),
)
assignments = Table(
    "assignments",
    metadata,
    Column("study", key(), ForeignKey("studies.uid"), primary_key=True),
    Column("person", key(), nullable=False, index=True),
    Column("at", Instant, nullable=False),
)
reading_locks = Table(
    "reading_locks",
    metadata,
    Column("study", key(), ForeignKey("studies.uid"), primary_key=True),
    Column("person", key(), nullable=False),
    Column("page", key(), nullable=False),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
)
