"""Corrections, cases and labels as rows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, func, insert, or_, select, update

from overread.domain.adjudication import Case, CaseState, Read, Resolution, Stage
from overread.domain.corrections import Correction, Verdict, Word
from overread.domain.datasets import Erratum, Split
from overread.domain.errors import NotFoundError
from overread.domain.identifiers import PersonKey, StudyUid
from overread.domain.labels import ADJUDICATION, StudyLabel
from overread.store.readings import Scanner
from overread.store.records import columns, parsed
from overread.store.tables.feedback import (
    case_barred,
    cases,
    corrections,
    errata,
    labels,
    reads,
    resolutions,
    withdrawals,
)
from overread.store.tables.studies import first_answers, patients, studies


class Answered(NamedTuple):
    """A study, when it was first answered, and what it was taken with."""

    study: str
    at: datetime
    scanner: Scanner


class CorrectionStore:
    """Append-only words on predictions; a withdrawal is a row of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, correction: Correction) -> None:
        """Keep a correction."""
        values = columns(correction)
        values.pop("withdrawn_at")
        self._connection.execute(insert(corrections).values(**values))

    def withdraw(self, correction_id: str, *, at: datetime) -> None:
        """Note that its author took it back."""
        self._connection.execute(insert(withdrawals).values(correction=correction_id, at=at))

    def get(self, correction_id: str) -> Correction:
        """Return one; raise `NotFoundError`."""
        found = self._select(corrections.c.id == correction_id)
        if not found:
            raise NotFoundError("no such correction")
        return found[0]

    def of_study(self, study: StudyUid) -> list[Correction]:
        """Return all words on a study, in order."""
        return self._select(corrections.c.study == study)

    def by_person(self, person: PersonKey, among: Collection[StudyUid]) -> list[Correction]:
        """Return a person's words on some studies, in order."""
        return self._select((corrections.c.by == person) & corrections.c.study.in_(among))

    def of_case(self, case: str) -> list[Correction]:
        """Return the words that raised a case."""
        return self._select(corrections.c.case == case)

    def latest_by(self, person: PersonKey, *, limit: int | None = None) -> list[Correction]:
        """Return a person's words, the latest first."""
        query = self._query(corrections.c.by == person)
        query = query.order_by(corrections.c.at.desc(), corrections.c.id.desc()).limit(limit)
        return [parsed(Correction, row) for row in self._connection.execute(query)]

    def all(self, *, since: datetime | None = None) -> list[Correction]:
        """Return every correction, in order."""
        return self._select(*([] if since is None else [corrections.c.at >= since]))

    def words(self, *, since: datetime | None = None) -> list[Word]:
        """Return the corrections not taken back, in order, for counts: a page has a thousand of them."""
        facts = ("study", "by", "at", "verdict", "label", "kind", "findings", "case")
        query = self._query(withdrawals.c.at.is_(None)).order_by(corrections.c.at, corrections.c.id)
        if since is not None:
            query = query.where(corrections.c.at >= since)
        rows = self._connection.execute(query.with_only_columns(*(corrections.c[name] for name in facts)))
        return [
            Word(study, by, at, verdict == Verdict.DISAGREE, label, kind, _codes(findings), case)
            for study, by, at, verdict, label, kind, findings, case in rows
        ]

    def answered(self, begins: datetime, ends: datetime) -> list[Answered]:
        """Return the studies first answered between two instants that somebody has said something of."""
        said = select(corrections.c.study).where(corrections.c.at >= begins)
        first = first_answers.c
        query = select(first.study, first.made_at, first.manufacturer, first.model, first.station).where(
            first.made_at >= begins, first.made_at < ends, first.study.in_(said)
        )
        return [
            Answered(study, at, (maker, model, station))
            for study, at, maker, model, station in self._connection.execute(query)
        ]

    def count_disputed(self, *, until: datetime) -> int:
        """Return how many studies had a standing dispute by an instant."""
        standing = self._query(
            corrections.c.verdict == Verdict.DISAGREE, corrections.c.at <= until, withdrawals.c.at.is_(None)
        )
        query = standing.with_only_columns(func.count(corrections.c.study.distinct()))
        return self._connection.execute(query).scalar_one()

    def _select(self, *conditions: ColumnElement[bool]) -> list[Correction]:
        query = self._query(*conditions).order_by(corrections.c.at, corrections.c.id)
        return [parsed(Correction, row) for row in self._connection.execute(query)]

    @staticmethod
    def _query(*conditions: ColumnElement[bool]) -> Select[Any]:
        return (
            select(corrections, withdrawals.c.at.label("withdrawn_at"))
            .outerjoin(withdrawals, withdrawals.c.correction == corrections.c.id)
            .where(*conditions)
        )


def _codes(findings: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(finding["code"] for finding in findings)


class CaseStore:
    """Cases with their reads; a hold keeps one person's case theirs until it is read."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, case: Case) -> None:
        """Open a case."""
        self._connection.execute(
            insert(cases).values(
                id=case.id,
                study=case.study,
                task=case.task,
                opened_at=case.opened_at,
                state=case.state,
                origin=case.origin,
            )
        )
        self.bar(case.id, case.barred)

    def bar(self, case: str, people: Iterable[PersonKey]) -> None:
        """Bar people from reading a case; barring twice changes nothing."""
        known = set(
            self._connection.execute(select(case_barred.c.person).where(case_barred.c.case == case)).scalars()
        )
        for person in sorted(set(people) - known):
            self._connection.execute(insert(case_barred).values(case=case, person=person))

    def get(self, case: str) -> Case:
        """Return a case; raise `NotFoundError`."""
        row = self._connection.execute(select(cases).where(cases.c.id == case)).one_or_none()
        if row is None:
            raise NotFoundError("no such case")
        return self._cases([row])[0]

    def some(self, ids: Iterable[str]) -> dict[str, Case]:
        """Return cases by their ids; one that is not there is left out."""
        wanted, found = sorted(set(ids)), []
        for start in range(0, len(wanted), 500):  # SQLite bounds the number of parameters
            query = select(cases).where(cases.c.id.in_(wanted[start : start + 500]))
            found += self._cases(self._connection.execute(query))
        return {case.id: case for case in found}

    def open_of(self, study: StudyUid) -> Case | None:
        """Return a study's open case."""
        row = self._connection.execute(
            select(cases).where(cases.c.study == study, cases.c.state == CaseState.OPEN)
        ).one_or_none()
        return None if row is None else self._cases([row])[0]

    def of_study(self, study: StudyUid) -> list[Case]:
        """Return all cases of a study."""
        query = select(cases).where(cases.c.study == study).order_by(cases.c.opened_at)
        return self._cases(self._connection.execute(query).all())

    def in_state(self, state: CaseState) -> list[Case]:
        """Return the cases in a state, the longest waiting first."""
        query = select(cases).where(cases.c.state == state).order_by(cases.c.opened_at, cases.c.id)
        return self._cases(self._connection.execute(query).all())

    def count_by_state(self) -> dict[str, int]:
        """Return how many cases stand in each state."""
        rows = self._connection.execute(select(cases.c.state, func.count()).group_by(cases.c.state)).all()
        return {row[0]: row[1] for row in rows}

    def count_first_reads(self) -> list[tuple[str, str, int]]:
        """Count the cases with two first reads that were not withdrawn, by what the two say."""
        first, second = reads.alias(), reads.alias()
        query = (
            select(first.c.label, second.c.label, func.count())
            .join(second, second.c.case == first.c.case)
            .join(cases, cases.c.id == first.c.case)
            .where(
                first.c.stage == Stage.FIRST,
                second.c.stage == Stage.SECOND,
                cases.c.state != CaseState.WITHDRAWN,
            )
            .group_by(first.c.label, second.c.label)
            .order_by(first.c.label, second.c.label)
        )
        return [(one, other, n) for one, other, n in self._connection.execute(query)]

    def held_by(self, person: PersonKey, *, now: datetime) -> tuple[Case, datetime] | None:
        """Return the case a person holds, with the end of the hold."""
        row = self._connection.execute(
            select(cases).where(
                cases.c.held_by == person, cases.c.held_until > now, cases.c.state == CaseState.OPEN
            )
        ).first()
        return None if row is None else (self._cases([row])[0], row.held_until)

    def unread_by(self, person: PersonKey, *, free_at: datetime | None = None) -> list[tuple[str, int]]:
        """Return open cases that a person has not read and is not barred from, the longest waiting first.

        Each with its number of reads; `free_at` keeps to those that nobody holds at that instant.
        """
        n_reads = select(func.count()).where(reads.c.case == cases.c.id).scalar_subquery()
        query = (
            select(cases.c.id, n_reads)
            .where(
                cases.c.state == CaseState.OPEN,
                ~exists().where(case_barred.c.case == cases.c.id, case_barred.c.person == person),
                ~exists().where(reads.c.case == cases.c.id, reads.c.by == person),
            )
            .order_by(cases.c.opened_at, cases.c.id)
        )
        if free_at is not None:
            query = query.where(or_(cases.c.held_until.is_(None), cases.c.held_until <= free_at))
        return [(case, count) for case, count in self._connection.execute(query)]

    def read_by(self, person: PersonKey) -> list[tuple[StudyUid, datetime]]:
        """Return the studies that a person has read blinded, each with when."""
        query = select(cases.c.study, reads.c.at).join(reads, reads.c.case == cases.c.id)
        rows = self._connection.execute(query.where(reads.c.by == person).order_by(reads.c.at))
        return [(StudyUid(study), at) for study, at in rows]

    def read_since(self, person: PersonKey, since: datetime) -> list[Case]:
        """Return the cases that a person has read since an instant, the latest read first."""
        query = select(cases).join(reads, reads.c.case == cases.c.id)
        query = query.where(reads.c.by == person, reads.c.at >= since)
        return self._cases(self._connection.execute(query.order_by(reads.c.at.desc(), reads.c.id.desc())))

    def undecided_by(self, person: PersonKey) -> list[str]:
        """Return open cases that a person has read as the senior and has yet to decide."""
        own = exists().where(reads.c.case == cases.c.id, reads.c.by == person, reads.c.stage == Stage.SENIOR)
        query = select(cases.c.id).where(cases.c.state == CaseState.OPEN, own)
        return list(self._connection.execute(query.order_by(cases.c.opened_at, cases.c.id)).scalars())

    def hold(self, case: str, person: PersonKey | None, until: datetime | None) -> None:
        """Give a case to one person for a while, or free it."""
        self._connection.execute(
            update(cases).where(cases.c.id == case).values(held_by=person, held_until=until)
        )

    def holder(self, case: str) -> PersonKey | None:
        """Return who holds a case or held it last."""
        held = self._connection.execute(select(cases.c.held_by).where(cases.c.id == case)).scalar()
        return None if held is None else PersonKey(held)

    def set_state(self, case: str, state: CaseState) -> None:
        """Close or withdraw a case."""
        self._connection.execute(update(cases).where(cases.c.id == case).values(state=state))

    def add_read(self, read: Read) -> None:
        """Keep a read."""
        self._connection.execute(insert(reads).values(**columns(read)))

    def add_resolution(self, resolution: Resolution) -> None:
        """Keep a senior's decision."""
        self._connection.execute(insert(resolutions).values(**columns(resolution)))

    def _cases(self, rows: Iterable[Row[tuple[object, ...]]]) -> list[Case]:
        """Read what belongs to the cases in one query a table, in chunks that every database takes."""
        found = {row.id: parsed(Case, row) for row in rows}
        ids = list(found)
        for start in range(0, len(ids), 500):
            self._fill(found, ids[start : start + 500])
        return list(found.values())

    def _fill(self, found: dict[str, Case], ids: list[str]) -> None:
        for row in self._connection.execute(select(case_barred).where(case_barred.c.case.in_(ids))):
            case = found[row.case]
            found[row.case] = replace(case, barred=case.barred | {PersonKey(row.person)})
        given = [
            parsed(Read, row) for row in self._connection.execute(select(reads).where(reads.c.case.in_(ids)))
        ]
        for read in sorted(given, key=lambda read: tuple(Stage).index(read.stage)):
            case = found[read.case]
            found[read.case] = replace(case, reads=(*case.reads, read))
        for row in self._connection.execute(select(resolutions).where(resolutions.c.case.in_(ids))):
            found[row.case] = replace(found[row.case], resolution=parsed(Resolution, row))


class Settled(NamedTuple):
    """The label that a case settled, and when."""

    label: str
    at: datetime


class LabelStore:
    """Append-only labels with their sources, and the errata of test patients."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, label: StudyLabel) -> None:
        """Keep a label."""
        self._connection.execute(insert(labels).values(**columns(label)))

    def of_study(self, study: StudyUid) -> list[StudyLabel]:
        """Return a study's labels, in order."""
        query = select(labels).where(labels.c.study == study).order_by(labels.c.at, labels.c.id)
        return [parsed(StudyLabel, row) for row in self._connection.execute(query)]

    def of_studies(self, uids: Sequence[StudyUid]) -> dict[StudyUid, list[StudyLabel]]:
        """Return the labels of some studies, by study; one without a label is left out."""
        found: dict[StudyUid, list[StudyLabel]] = {}
        for start in range(0, len(uids), 500):  # SQLite bounds the number of parameters
            query = select(labels).where(labels.c.study.in_(uids[start : start + 500]))
            for row in self._connection.execute(query.order_by(labels.c.at, labels.c.id)):
                found.setdefault(StudyUid(row.study), []).append(parsed(StudyLabel, row))
        return found

    def by_study(self) -> dict[StudyUid, list[StudyLabel]]:
        """Return all labels, by study."""
        found: dict[StudyUid, list[StudyLabel]] = {}
        for row in self._connection.execute(select(labels).order_by(labels.c.at, labels.c.id)):
            found.setdefault(StudyUid(row.study), []).append(parsed(StudyLabel, row))
        return found

    def settled(self, cases: Collection[str]) -> dict[str, Settled]:
        """Return what closed cases settled, by case, the latest label of each."""
        query = select(labels.c.case, labels.c.label, labels.c.at).where(labels.c.case.is_not(None))
        rows = self._connection.execute(query.order_by(labels.c.at, labels.c.id))
        return {case: Settled(label=label, at=at) for case, label, at in rows if case in cases}

    def count_settled(self, *, since: datetime | None) -> int:
        """Return how many studies that may train had a case settled since; a test patient's never train."""
        query = (
            select(func.count(labels.c.study.distinct()))
            .join(studies, studies.c.uid == labels.c.study)
            .join(patients, patients.c.key == studies.c.patient)
            .where(labels.c.case.is_not(None), patients.c.split != Split.TEST)
        )
        if since is not None:
            query = query.where(labels.c.at > since)
        return self._connection.execute(query).scalar_one()

    def count_adjudicated(self, *, until: datetime) -> int:
        """Return how many studies blinded readers had settled by an instant."""
        query = select(func.count(labels.c.study.distinct())).where(
            labels.c.source == ADJUDICATION, labels.c.at <= until
        )
        return self._connection.execute(query).scalar_one()

    def add_erratum(self, erratum: Erratum) -> None:
        """Note a correction that touches a test patient."""
        self._connection.execute(insert(errata).values(**columns(erratum)))

    def errata(self) -> list[Erratum]:
        """Return the errata of the test set."""
        return [
            parsed(Erratum, row) for row in self._connection.execute(select(errata).order_by(errata.c.at))
        ]
