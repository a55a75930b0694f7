"""Answers beside what readers signed, in few columns: what rates and volumes are counted from."""

import json
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, exists, select

from overread.domain.findings import Label
from overread.domain.reports import ReportStatus
from overread.store.tables.reports import reports
from overread.store.tables.studies import predictions, studies

_earlier = predictions.alias("earlier")


class Reading(NamedTuple):
    """The first answer on a study, which its readers saw; who signed its report, None while nobody has.

    Plain columns and no domain values: a page counts ten thousand of them.
    """

    study: str
    at: datetime
    called: str
    probability: float
    signed_by: str | None
    maker: str
    model: str
    station: str


class ReadingStore:
    """Reads; writes nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def since(self, since: datetime) -> list[Reading]:
        """Return the studies whose first answer is not older, the oldest first."""
        query = (
            select(predictions.c.study, predictions.c.made_at, predictions.c.label)
            .add_columns(predictions.c.probability, reports.c.signed_by, cast(studies.c.acquisition, Text))
            .join(studies, studies.c.uid == predictions.c.study)
            .outerjoin(reports, _signed_report())
            .where(_first_since(since))
            .order_by(predictions.c.made_at, predictions.c.study)
        )
        return [
            Reading(study, at, called, probability, signed_by, *_scanner(header))
            for study, at, called, probability, signed_by, header in self._connection.execute(query)
        ]

    def signed_findings(self, since: datetime) -> dict[str, list[str]]:
        """Return the codes that signed reports name, by study, of studies whose first answer is not older."""
        query = (
            select(reports.c.study, reports.c.findings)
            .join(predictions, _signed_report())
            .where(reports.c.label == Label.HAS_FINDING, _first_since(since))
        )
        return {
            study: [finding["code"] for finding in findings]
            for study, findings in self._connection.execute(query)
        }


@lru_cache(
    maxsize=4096
)  # ten thousand studies have a few hundred headers; a database takes three looks at each
def _scanner(header: str) -> tuple[str, str, str]:
    """Return maker, model and station of a header as it is kept."""
    said = json.loads(header)
    return said["manufacturer"], said["model"], said["station"]


def _signed_report() -> ColumnElement[bool]:
    return and_(reports.c.study == predictions.c.study, reports.c.status == ReportStatus.SIGNED)


def _first_since(since: datetime) -> ColumnElement[bool]:
    older = and_(_earlier.c.study == predictions.c.study, _earlier.c.made_at < predictions.c.made_at)
    return and_(predictions.c.made_at >= since, ~exists().where(older))
