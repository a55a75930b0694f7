"""First answers beside what readers signed and settled: counted by the database, or in few columns."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Date,
    Integer,
    Select,
    and_,
    cast,
    column,
    exists,
    func,
    or_,
    select,
    type_coerce,
    values,
)

from overread.domain.adjudication import CaseState, Stage
from overread.domain.findings import Label
from overread.domain.reports import ReportStatus
from overread.store.records import Instant
from overread.store.tables.feedback import cases, corrections, reads, resolutions
from overread.store.tables.reports import reports
from overread.store.tables.studies import predictions, studies

Scanner = tuple[str, str, str]
"""Maker, model and station; empty where the header does not say."""

_earlier = predictions.alias("earlier")


class Day(NamedTuple):
    """A day as a site counts it: from one instant to before another."""

    day: date
    begins: datetime
    ends: datetime


class DayCount(NamedTuple):
    """The studies that got their first answer on a day, those of them called a finding, and their mean."""

    day: date
    answers: int
    flagged: int
    mean_probability: float


class Tally(NamedTuple):
    """So many studies with an answer, and those of them called a finding."""

    answers: int
    flagged: int


class Reading(NamedTuple):
    """What a study was called first; who signed its report, None while nobody has; what it was taken with."""

    study: str
    called: str
    signed_by: str | None
    scanner: Scanner


class SettledAnswer(NamedTuple):
    """The first answer on a study beside what a closed case says of it."""

    called: str
    probability: float
    truth: str


class ReadingStore:
    """Reads; writes nothing. A study's first answer is the one that its readers saw."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def last(self) -> datetime | None:
        """Return when the latest answer was given, None without one."""
        latest: datetime | None = self._connection.execute(select(func.max(predictions.c.made_at))).scalar()
        return latest

    def by_day(self, days: Sequence[Day]) -> list[DayCount]:
        """Count the first answers of each day, in order; a day without one is left out."""
        if not days:
            return []
        asked = (
            values(column("day", Date), column("begins", Instant), column("ends", Instant), name="asked")
            .data(list(days))
            .cte("days")
        )
        probability = func.avg(predictions.c.probability)
        query = (
            select(asked.c.day, func.count(), _flagged(), probability)
            .join(
                predictions,
                and_(predictions.c.made_at >= asked.c.begins, predictions.c.made_at < asked.c.ends),
            )
            .where(_first())
            .group_by(asked.c.day)
            .order_by(asked.c.day)
        )
        return [DayCount(*row) for row in self._connection.execute(query)]

    def by_scanner(self, since: datetime) -> dict[Scanner, Tally]:
        """Count the studies whose first answer is not older, by what they were taken with."""
        scanner = _scanner()
        query = select(*scanner, func.count(), _flagged()).select_from(predictions)
        query = query.join(studies, studies.c.uid == predictions.c.study)
        query = query.where(_first_since(since)).group_by(*scanner).order_by(*scanner)
        return {
            (maker, model, station): Tally(answers, flagged)
            for maker, model, station, answers, flagged in self._connection.execute(query)
        }

    def by_signer(self, since: datetime) -> dict[str, int]:
        """Count the studies whose first answer is not older, by who signed their report."""
        query = select(reports.c.signed_by, func.count()).join(predictions, _signed_report())
        query = query.where(_first_since(since)).group_by(reports.c.signed_by)
        return {person: n for person, n in self._connection.execute(query)}  # noqa: C416 - rows are no tuples

    def with_words(self, since: datetime) -> list[Reading]:
        """Return the studies whose first answer is not older, and that somebody has said something of."""
        said = select(corrections.c.study).where(corrections.c.at >= since).distinct().subquery()
        query = (
            select(predictions.c.study, predictions.c.label, reports.c.signed_by, *_scanner())
            .join(said, said.c.study == predictions.c.study)
            .join(studies, studies.c.uid == predictions.c.study)
            .outerjoin(reports, _signed_report())
            .where(_first_since(since))
        )
        return [
            Reading(study, called, signed_by, (maker, model, station))
            for study, called, signed_by, maker, model, station in self._connection.execute(query)
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

    def settled(self) -> list[SettledAnswer]:
        """Return what closed cases say of answered studies, the case first opened first."""
        first_read = and_(reads.c.case == cases.c.id, reads.c.stage == Stage.FIRST)
        truth = func.coalesce(resolutions.c.label, reads.c.label)
        query: Select[Any] = (
            select(predictions.c.label, predictions.c.probability, truth)
            .join(cases, cases.c.study == predictions.c.study)
            .join(reads, first_read)
            .outerjoin(resolutions, resolutions.c.case == cases.c.id)
            .where(cases.c.state == CaseState.CLOSED, _first())
            .order_by(cases.c.opened_at, cases.c.id)
        )
        return [SettledAnswer(*row) for row in self._connection.execute(query)]


def _flagged() -> ColumnElement[int]:
    return func.sum(cast(predictions.c.label == Label.HAS_FINDING, Integer))


def _scanner() -> list[ColumnElement[str]]:
    header = type_coerce(studies.c.acquisition, JSON)
    return [header[name].as_string() for name in ("manufacturer", "model", "station")]


def _signed_report() -> ColumnElement[bool]:
    return and_(reports.c.study == predictions.c.study, reports.c.status == ReportStatus.SIGNED)


def _first_since(since: datetime) -> ColumnElement[bool]:
    return and_(predictions.c.made_at >= since, _first())


def _first() -> ColumnElement[bool]:
    """Return the condition that no other answer on the study came before, or at once by a lesser version.

    That another version gave it is said first: the key alone then shows that most studies have no other.
    """
    before = or_(
        _earlier.c.made_at < predictions.c.made_at,
        and_(
            _earlier.c.made_at == predictions.c.made_at,
            _earlier.c.model_version < predictions.c.model_version,
        ),
    )
    another = _earlier.c.model_version != predictions.c.model_version
    return ~exists().where(_earlier.c.study == predictions.c.study, another, before)
