"""Shadows as rows: a registration is never changed, its end is a row of its own."""

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, select

from overread.domain.errors import NotFoundError
from overread.domain.identifiers import StudyUid, VersionKey
from overread.domain.shadows import AnswerPair, Shadow, ShadowAnswer, ShadowEnd
from overread.store.records import columns, parsed
from overread.store.tables.shadows import shadow_answers, shadow_ends, shadows
from overread.store.tables.studies import predictions, studies


class ShadowStore:
    """Registrations, their ends, and the candidate's answers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, shadow: Shadow) -> None:
        """Keep a registration."""
        values = columns(shadow)
        values.pop("end")
        self._connection.execute(insert(shadows).values(**values))

    def add_end(self, shadow: str, end: ShadowEnd) -> None:
        """Keep how a shadow ended, once."""
        self._connection.execute(insert(shadow_ends).values(shadow=shadow, **columns(end)))

    def get(self, shadow: str) -> Shadow:
        """Return a shadow; raise `NotFoundError`."""
        found = self._select(shadows.c.id == shadow)
        if not found:
            raise NotFoundError("no such shadow")
        return found[0]

    def running(self, task: str) -> Shadow | None:
        """Return the shadow that has not ended."""
        found = self._select(shadows.c.task == task, shadow_ends.c.at.is_(None))
        return found[0] if found else None

    def all(self, *, candidate: VersionKey | None = None) -> list[Shadow]:
        """Return all shadows, or those of one candidate, the latest first."""
        return self._select(*([] if candidate is None else [shadows.c.candidate == candidate]))

    def _select(self, *conditions: ColumnElement[bool]) -> list[Shadow]:
        ended = [column.label(f"end_{column.name}") for column in shadow_ends.c]
        query = (
            select(shadows, *ended)
            .outerjoin(shadow_ends, shadow_ends.c.shadow == shadows.c.id)
            .where(*conditions)
            .order_by(shadows.c.registered_at.desc(), shadows.c.id)
        )
        return [_shadow(row) for row in self._connection.execute(query)]

    def add_answer(self, answer: ShadowAnswer) -> None:
        """Keep what a candidate said of a study."""
        self._connection.execute(insert(shadow_answers).values(**columns(answer)))

    def has_answer(self, shadow: str, study: StudyUid) -> bool:
        """Say whether a study is settled."""
        query = select(func.count()).where(shadow_answers.c.shadow == shadow, shadow_answers.c.study == study)
        return bool(self._connection.execute(query).scalar_one())

    def forget(self, study: StudyUid) -> None:
        """Remove every answer on a study that is deleted."""
        self._connection.execute(delete(shadow_answers).where(shadow_answers.c.study == study))

    def count(self, shadow: str) -> tuple[int, int]:
        """Return how many studies were answered, and how many could not be."""
        query = select(func.count(), func.count(shadow_answers.c.failure)).where(
            shadow_answers.c.shadow == shadow
        )
        settled, failed = self._connection.execute(query).one()
        return settled - failed, failed

    def pairs(self, shadow: Shadow) -> list[AnswerPair]:
        """Return the studies that both versions answered, by UID."""
        ours, theirs = shadow_answers.c, predictions.c
        query = (
            select(
                ours.study,
                studies.c.patient,
                theirs.probability.label("production"),
                theirs.label.label("production_label"),
                ours.probability.label("candidate"),
                ours.label.label("candidate_label"),
            )
            .join(studies, studies.c.uid == ours.study)
            .join(
                predictions,
                and_(theirs.study == ours.study, theirs.model_version == shadow.production),
            )
            .where(ours.shadow == shadow.id, ours.failure.is_(None))
            .order_by(ours.study)
        )
        return [parsed(AnswerPair, row) for row in self._connection.execute(query)]


def _shadow(row: Row[tuple[object, ...]]) -> Shadow:
    values = row._asdict()
    end = {name: values[f"end_{name}"] for name in ("at", "by", "how", "reason")}
    return parsed(Shadow, values | {"end": None if row.end_at is None else end})
