"""Answers beside what readers signed, in few columns: what rates and volumes are counted from."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import JSON, ColumnElement, Connection, and_, exists, select, type_coerce

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
    maker: str | None
    model: str | None
    station: str | None


class ReadingStore:
    """Reads; writes nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def since(self, since: datetime) -> list[Reading]:
        """Return the studies whose first answer is not older, the oldest first."""
        header = type_coerce(studies.c.acquisition, JSON)
        scanner = [header[name].as_string() for name in ("manufacturer", "model", "station")]
        query = (
            select(predictions.c.study, predictions.c.made_at, predictions.c.label)
            .add_columns(predictions.c.probability, reports.c.signed_by, *scanner)
            .join(studies, studies.c.uid == predictions.c.study)
            .outerjoin(reports, _signed_report())
            .where(_first_since(since))
            .order_by(predictions.c.made_at, predictions.c.study)
        )
        return [Reading(*row) for row in self._connection.execute(query)]

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


def _signed_report() -> ColumnElement[bool]:
    return and_(reports.c.study == predictions.c.study, reports.c.status == ReportStatus.SIGNED)


def _first_since(since: datetime) -> ColumnElement[bool]:
    older = and_(_earlier.c.study == predictions.c.study, _earlier.c.made_at < predictions.c.made_at)
    return and_(predictions.c.made_at >= since, ~exists().where(older))
