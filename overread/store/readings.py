"""First answers beside what readers signed and settled: counted by the database, or in few columns."""

from collections.abc import Sequence
from datetime import date, datetime
from operator import eq
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    Integer,
    Select,
    and_,
    cast,
    column,
    func,
    or_,
    select,
    true,
    values,
)

from overread.domain.adjudication import CaseState, Stage
from overread.domain.findings import Label
from overread.domain.reports import ReportStatus
from overread.store.records import Instant
from overread.store.tables.feedback import cases, corrections, reads, resolutions
from overread.store.tables.reports import reports
from overread.store.tables.studies import first_answers

Scanner = tuple[str, str, str]
"""Maker, model and station; empty where the header does not say."""

_SCANNER = (first_answers.c.manufacturer, first_answers.c.model, first_answers.c.station)


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


class Waits(NamedTuple):
    """Seconds from arrival to first answer: of the study in the middle, and of the slowest in a hundred."""

    median: float
    p99: float


class ReadingStore:
    """Reads; writes nothing. A study's first answer is the one that its readers saw.

    With a `scanner`, only what it took counts.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def last(self) -> datetime | None:
        """Return when the latest study was first answered, None without one."""
        latest: datetime | None = self._connection.execute(select(func.max(first_answers.c.made_at))).scalar()
        return latest

    def by_day(self, days: Sequence[Day], scanner: Scanner | None = None) -> list[DayCount]:
        """Count the first answers of each day, in order; a day without one is left out."""
        if not days:
            return []
        asked = (
            values(column("day", Date), column("begins", Instant), column("ends", Instant), name="asked")
            .data(list(days))
            .cte("days")
        )
        on = and_(first_answers.c.made_at >= asked.c.begins, first_answers.c.made_at < asked.c.ends)
        query = (
            select(asked.c.day, func.count(), _flagged(), func.avg(first_answers.c.probability))
            .join(first_answers, on)
            .where(_taken_with(scanner))
            .group_by(asked.c.day)
            .order_by(asked.c.day)
        )
        return [DayCount(*row) for row in self._connection.execute(query)]

    def by_scanner(self, since: datetime) -> dict[Scanner, Tally]:
        """Count the studies whose first answer is not older, by what they were taken with."""
        query = select(*_SCANNER, func.count(), _flagged()).where(first_answers.c.made_at >= since)
        query = query.group_by(*_SCANNER).order_by(*_SCANNER)
        return {
            (maker, model, station): Tally(answers, flagged)
            for maker, model, station, answers, flagged in self._connection.execute(query)
        }

    def waits(self, since: datetime, scanner: Scanner | None = None) -> Waits | None:
        """Return how long studies waited for their first answer, by nearest rank; None without one."""
        waited = first_answers.c.waited
        ranked = select(
            waited, func.row_number().over(order_by=waited).label("rank"), func.count().over().label("n")
        )
        placed = ranked.where(_counts(since, scanner)).subquery()
        n, rank = placed.c.n, placed.c.rank
        # ceil(n / 2) and ceil(99 n / 100), in whole numbers
        at = or_(rank == (n + 1) // 2, rank == (99 * n + 99) // 100)
        found = [*self._connection.execute(select(placed.c.waited).where(at).order_by(rank)).scalars()]
        return Waits(found[0], found[-1]) if found else None

    def by_signer(self, since: datetime, scanner: Scanner | None = None) -> dict[str, int]:
        """Count the studies whose first answer is not older, by who signed their report."""
        query = select(reports.c.signed_by, func.count()).join(first_answers, _signed_report())
        query = query.where(_counts(since, scanner)).group_by(reports.c.signed_by)
        return {person: n for person, n in self._connection.execute(query)}  # noqa: C416 - rows are no tuples

    def with_words(self, since: datetime) -> list[Reading]:
        """Return the studies whose first answer is not older, and that somebody has said something of."""
        said = select(corrections.c.study).where(corrections.c.at >= since).distinct().subquery()
        query = (
            select(first_answers.c.study, first_answers.c.label, reports.c.signed_by, *_SCANNER)
            .join(said, said.c.study == first_answers.c.study)
            .outerjoin(reports, _signed_report())
            .where(first_answers.c.made_at >= since)
        )
        return [
            Reading(study, called, signed_by, (maker, model, station))
            for study, called, signed_by, maker, model, station in self._connection.execute(query)
        ]

    def signed_findings(self, since: datetime, scanner: Scanner | None = None) -> dict[str, list[str]]:
        """Return the codes that signed reports name, by study, of studies whose first answer is not older."""
        query = (
            select(reports.c.study, reports.c.findings)
            .join(first_answers, _signed_report())
            .where(reports.c.label == Label.HAS_FINDING, _counts(since, scanner))
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
            select(first_answers.c.label, first_answers.c.probability, truth)
            .join(cases, cases.c.study == first_answers.c.study)
            .join(reads, first_read)
            .outerjoin(resolutions, resolutions.c.case == cases.c.id)
            .where(cases.c.state == CaseState.CLOSED)
            .order_by(cases.c.opened_at, cases.c.id)
        )
        return [SettledAnswer(*row) for row in self._connection.execute(query)]


def _flagged() -> ColumnElement[int]:
    return func.sum(cast(first_answers.c.label == Label.HAS_FINDING, Integer))


def _counts(since: datetime, scanner: Scanner | None) -> ColumnElement[bool]:
    return and_(first_answers.c.made_at >= since, _taken_with(scanner))


def _taken_with(scanner: Scanner | None) -> ColumnElement[bool]:
    return true() if scanner is None else and_(*map(eq, _SCANNER, scanner))


def _signed_report() -> ColumnElement[bool]:
    return and_(reports.c.study == first_answers.c.study, reports.c.status == ReportStatus.SIGNED)
