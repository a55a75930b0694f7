"""Assignments as rows, one a study."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, select

from overread.domain.assignments import Assignment
from overread.domain.identifiers import PersonKey, StudyUid
from overread.store.records import columns, parsed
from overread.store.tables.studies import assignments


class AssignmentStore:
    """Those that stand; the change record has those that were."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def among(self, uids: Sequence[StudyUid]) -> dict[StudyUid, Assignment]:
        """Return the assignments of at most 500 studies that have one."""
        query = select(assignments).where(assignments.c.study.in_(uids))
        found = [parsed(Assignment, row) for row in self._connection.execute(query)]
        return {assignment.study: assignment for assignment in found}

    def of_others(self, person: PersonKey) -> frozenset[StudyUid]:
        """Return the studies that anybody else has."""
        query = select(assignments.c.study).where(assignments.c.person != person)
        return frozenset(map(StudyUid, self._connection.execute(query).scalars()))

    def count(self, person: PersonKey) -> int:
        """Return how many studies a person has."""
        query = select(func.count()).where(assignments.c.person == person)
        return self._connection.execute(query).scalar_one()

    def put(self, assignment: Assignment) -> None:
        """Keep an assignment in place of any other of its study."""
        self.end(assignment.study)
        self._connection.execute(insert(assignments).values(**columns(assignment)))

    def end(self, study: StudyUid) -> None:
        """End the assignment of a study, if it has one."""
        self._connection.execute(delete(assignments).where(assignments.c.study == study))
