"""All tables, imported in one place for migrations."""

from overread.store.tables import (
    audits,
    feedback,
    models,
    monitoring,
    people,
    reader_studies,
    reports,
    shadows,
    studies,
    work,
)
from overread.store.tables.base import metadata

__all__ = [
    "audits",
    "feedback",
    "metadata",
    "models",
    "monitoring",
    "people",
    "reader_studies",
    "reports",
    "shadows",
    "studies",
    "work",
]
