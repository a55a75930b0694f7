"""Reports as rows, one a version."""

from sqlalchemy import Connection, insert, select, update

from overread.domain.identifiers import StudyUid
from overread.domain.reports import Report
from overread.store.records import columns, parsed
from overread.store.tables.reports import reports


class ReportStore:
    """Versions of reports; a version changes only by being signed or by an addendum."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def latest(self, study: StudyUid) -> Report | None:
        """Return the newest version of a study's report."""
        row = self._connection.execute(
            select(reports).where(reports.c.study == study).order_by(reports.c.version.desc()).limit(1)
        ).one_or_none()
        return None if row is None else parsed(Report, row)

    def add(self, report: Report) -> None:
        """Keep a new version."""
        self._connection.execute(insert(reports).values(**columns(report)))

    def save(self, report: Report) -> None:
        """Keep a signature or an addendum on a version."""
        same = (reports.c.study == report.study) & (reports.c.version == report.version)
        self._connection.execute(update(reports).where(same).values(**columns(report)))
