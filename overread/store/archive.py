"""Studies as a picture archive lists them: looked at, not set aside, the latest received first."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Connection, Select, select

from overread.domain.errors import NotFoundError
from overread.domain.identifiers import StudyUid
from overread.domain.studies import Patient, Study, StudyState
from overread.store.records import parsed
from overread.store.tables.studies import patients, studies

LOOKED_AT = (StudyState.SCREENED, StudyState.PREDICTED, StudyState.REPORTED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What a list is narrowed to; ids and names may hold `*` and `?` (PS3.4 C.2.2.2.4), days are included."""

    uids: tuple[StudyUid, ...] = ()
    patient_id: str = ""
    patient_name: str = ""
    first: date | None = None
    last: date | None = None


class ArchiveStore:
    """Studies that may be shown; one that was not screened yet, or is set aside, is not there."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def page(self, wanted: Wanted, *, offset: int, limit: int) -> list[tuple[Study, Patient]]:
        """Return some of the studies that match, each with its patient."""
        query = (
            _joined(*_conditions(wanted))
            .order_by(studies.c.received_at.desc(), studies.c.uid.desc())
            .offset(offset)
            .limit(limit)
        )
        return [(parsed(Study, row), parsed(Patient, row)) for row in self._connection.execute(query)]

    def get(self, uid: StudyUid) -> tuple[Study, Patient]:
        """Return one study and its patient; raise `NotFoundError`."""
        row = self._connection.execute(_joined(studies.c.uid == uid)).one_or_none()
        if row is None:
            raise NotFoundError("the archive has no such study, or does not show it")
        return parsed(Study, row), parsed(Patient, row)


def _joined(*conditions: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    columns = [column for column in patients.c if column.name != "split"]
    joined = select(studies, *columns).join(patients, studies.c.patient == patients.c.key)
    return joined.where(studies.c.state.in_(LOOKED_AT), *conditions)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.uids:
        conditions.append(studies.c.uid.in_(wanted.uids))
    if wanted.patient_id:
        conditions.append(_like(patients.c.id, wanted.patient_id))
    if wanted.patient_name:
        conditions.append(patients.c.name.ilike(_pattern(wanted.patient_name), escape="\\"))
    if wanted.first is not None:
        conditions.append(studies.c.study_date >= wanted.first)
    if wanted.last is not None:
        conditions.append(studies.c.study_date <= wanted.last)
    return conditions


def _like(column: ColumnElement[str], wanted: str) -> ColumnElement[bool]:
    if not set(wanted) & set("*?"):
        return column == wanted  # an index serves it, and two ids that differ by case are two
    return column.like(_pattern(wanted), escape="\\")


def _pattern(wanted: str) -> str:
    """Return DICOM's wild cards as SQL's."""
    plain = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return plain.replace("*", "%").replace("?", "_")
