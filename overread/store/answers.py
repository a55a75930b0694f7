"""Answers remembered by idempotency key: the same request gets the same answer, another one a conflict."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from overread.domain.errors import ConflictError
from overread.store.tables.work import answers


class IdempotencyConflictError(ConflictError):
    """The key was used for another request."""

    code = "idempotency-conflict"

    def __init__(self) -> None:
        super().__init__("this Idempotency-Key was used with another request; make a new key")


@dataclass(frozen=True, kw_only=True, slots=True)
class Remembered:
    """An answer given before."""

    status: int
    answer: object


class AnswerStore:
    """One row for each person and key."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def recall(self, person: str, key: str, request: str) -> Remembered | None:
        """Return the first answer to the same request; raise for another request under the same key."""
        row = self._connection.execute(
            select(answers).where(answers.c.person == person, answers.c.key == key)
        ).one_or_none()
        if row is None:
            return None
        if row.request != request:
            raise IdempotencyConflictError
        return Remembered(status=row.status, answer=row.answer)

    def remember(self, person: str, key: str, request: str, *, given: Remembered, at: datetime) -> None:
        """Keep an answer in the transaction of the write it answers."""
        self._connection.execute(
            insert(answers).values(
                person=person, key=key, request=request, status=given.status, answer=given.answer, at=at
            )
        )
