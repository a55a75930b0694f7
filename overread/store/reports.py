"""Reports as rows, one a version."""

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select, update

from overread.domain.identifiers import PersonKey, StudyUid
from overread.domain.reports import Report, ReportStatus
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

    def drafts(self, uids: Sequence[StudyUid]) -> dict[StudyUid, PersonKey]:
        """Return who wrote last in the drafts of some studies; those that nobody has touched are left out."""
        query = select(reports.c.study, reports.c.status, reports.c.edited_by).where(
            reports.c.study.in_(uids)
        )
        rows = self._connection.execute(query.order_by(reports.c.version))
        latest = {StudyUid(row.study): row for row in rows}
        return {
            study: PersonKey(row.edited_by)
            for study, row in latest.items()
            if row.status == ReportStatus.DRAFT and row.edited_by is not None
        }

    def add(self, report: Report) -> None:
        """Keep a new version."""
        self._connection.execute(insert(reports).values(**columns(report)))

    def save(self, report: Report) -> None:
        """Keep a signature or an addendum on a version."""
        same = (reports.c.study == report.study) & (reports.c.version == report.version)
        self._connection.execute(update(reports).where(same).values(**columns(report)))
