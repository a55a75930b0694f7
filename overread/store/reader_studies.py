"""Reader studies and their reads as rows."""

from sqlalchemy import Connection, Row, func, insert, select

from overread.domain.errors import NotFoundError
from overread.domain.identifiers import PersonKey, StudyUid, VersionKey
from overread.domain.reader_studies import PERIODS, CrossoverRead, CrossoverStudy
from overread.store.records import columns, parsed
from overread.store.tables.reader_studies import (
    crossover_cases,
    crossover_reads,
    reader_sequences,
    reader_studies,
)


class ReaderStudyStore:
    """Append-only: a registered study and a given read stay as they are."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, study: CrossoverStudy) -> None:
        """Keep a study with its cases and the sequence of every reader."""
        values = columns(study)
        cases, sequences = values.pop("cases"), values.pop("sequences")
        self._connection.execute(insert(reader_studies).values(**values))
        for table, parts in ((crossover_cases, cases), (reader_sequences, sequences)):
            rows = [{**columns(part), "reader_study": study.id, "number": n} for n, part in enumerate(parts)]
            self._connection.execute(insert(table), rows)

    def get(self, study_id: str) -> CrossoverStudy:
        """Return a study by its id; raise `NotFoundError`."""
        query = select(reader_studies).where(reader_studies.c.id == study_id)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise NotFoundError("no such reader study, or it is not yours to read")
        return self._whole(row)

    def named(self, name: str) -> CrossoverStudy:
        """Return a study by its name; raise `NotFoundError`."""
        query = select(reader_studies).where(reader_studies.c.name == name)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise NotFoundError("no such reader study; `overread reader-study show` lists them")
        return self._whole(row)

    def names(self) -> list[str]:
        """Return the names of all studies, the oldest first."""
        query = select(reader_studies.c.name).order_by(reader_studies.c.created_at, reader_studies.c.id)
        return list(self._connection.execute(query).scalars())

    def aided_by(self, version: VersionKey) -> list[CrossoverStudy]:
        """Return the studies whose aided arm shows this version's answers, the oldest first."""
        query = select(reader_studies).where(reader_studies.c.model_version == version)
        query = query.order_by(reader_studies.c.created_at, reader_studies.c.id)
        return [self._whole(row) for row in self._connection.execute(query).all()]

    def unfinished_of(self, reader: PersonKey) -> list[str]:
        """Return the ids of the studies in which a reader has reads left, the oldest first."""
        of_study = reader_studies.c.id
        n_cases = select(func.count()).where(crossover_cases.c.reader_study == of_study).scalar_subquery()
        given = (
            select(func.count())
            .where(crossover_reads.c.reader_study == of_study, crossover_reads.c.reader == reader)
            .scalar_subquery()
        )
        query = (
            select(of_study)
            .join(reader_sequences, reader_sequences.c.reader_study == of_study)
            .where(reader_sequences.c.reader == reader, given < PERIODS * n_cases)
            .order_by(reader_studies.c.created_at, of_study)
        )
        return list(self._connection.execute(query).scalars())

    def hidden_from(self, reader: PersonKey) -> frozenset[StudyUid]:
        """Return the studies that are cases of what a reader has not finished reading."""
        unfinished = self.unfinished_of(reader)
        if not unfinished:
            return frozenset()
        query = select(crossover_cases.c.study).where(crossover_cases.c.reader_study.in_(unfinished))
        return frozenset(map(StudyUid, self._connection.execute(query).scalars()))

    def add_read(self, read: CrossoverRead) -> None:
        """Keep a read."""
        self._connection.execute(insert(crossover_reads).values(**columns(read)))

    def reads(self, study_id: str, reader: PersonKey | None = None) -> list[CrossoverRead]:
        """Return the reads of a study in the order they were given, or those of one reader."""
        query = select(crossover_reads).where(crossover_reads.c.reader_study == study_id)
        if reader is not None:
            query = query.where(crossover_reads.c.reader == reader)
        rows = self._connection.execute(query.order_by(crossover_reads.c.at, crossover_reads.c.id))
        return [parsed(CrossoverRead, row) for row in rows]

    def _whole(self, row: Row[tuple[object, ...]]) -> CrossoverStudy:
        parts = {}
        for name, table in (("cases", crossover_cases), ("sequences", reader_sequences)):
            query = select(table).where(table.c.reader_study == row.id).order_by(table.c.number)
            parts[name] = [part._asdict() for part in self._connection.execute(query)]
        return parsed(CrossoverStudy, row._asdict() | parts)
