"""Lots of the random audits, and changes of the automatic normal text, as rows."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, exists, func, insert, or_, select

from overread.domain.corrections import Origin, Verdict
from overread.domain.findings import Label
from overread.domain.identifiers import VersionKey
from overread.domain.lots import Answered, Lot, LotCount
from overread.domain.normal_text import TextSwitch
from overread.domain.studies import StudyState
from overread.store.records import columns, parsed
from overread.store.tables.audits import audit_lots, text_switches
from overread.store.tables.feedback import corrections, labels, withdrawals
from overread.store.tables.studies import predictions, studies


class LotStore:
    """What chance decided about each study, once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def undecided(self) -> list[Answered]:
        """Return the reported studies without a lot, with the first answer on each, the earliest first."""
        query = (
            select(
                predictions.c.study,
                predictions.c.model_version.label("version"),
                predictions.c.label.label("called"),
                predictions.c.made_at.label("answered_at"),
                _disputed(predictions.c.study).label("disputed"),
            )
            .join(studies, studies.c.uid == predictions.c.study)
            .where(
                studies.c.state == StudyState.REPORTED, ~exists().where(audit_lots.c.study == studies.c.uid)
            )
            .order_by(predictions.c.made_at, predictions.c.model_version, predictions.c.study)
        )
        found: dict[str, Answered] = {}
        for row in self._connection.execute(query):
            if row.study not in found:
                found[row.study] = parsed(Answered, row)
        return list(found.values())

    def add(self, lots: Sequence[Lot]) -> None:
        """Keep the lots of one drawing."""
        if lots:
            self._connection.execute(insert(audit_lots), [columns(lot) for lot in lots])

    def all(self) -> list[Lot]:
        """Return every lot, in the order of the answers."""
        query = select(audit_lots).order_by(audit_lots.c.answered_at, audit_lots.c.study)
        return [parsed(Lot, row) for row in self._connection.execute(query)]

    def versions(self, *, since: datetime) -> list[VersionKey]:
        """Return the versions that gave an answer since then that has a lot, the last to answer first."""
        latest = func.max(audit_lots.c.answered_at)
        query = select(audit_lots.c.version).group_by(audit_lots.c.version).having(latest >= since)
        return [
            VersionKey(name) for name in self._connection.execute(query.order_by(latest.desc())).scalars()
        ]

    def span(self, version: VersionKey) -> tuple[datetime, datetime] | None:
        """Return when a version gave the first and the last answer that has a lot."""
        query = select(func.min(audit_lots.c.answered_at), func.max(audit_lots.c.answered_at))
        first, last = self._connection.execute(query.where(audit_lots.c.version == version)).one()
        return None if first is None else (first, last)

    def counts(
        self, version: VersionKey, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[LotCount]:
        """Count the lots of a version's answers from `since` on and before `until`, by all that matters."""
        settled = (
            select(labels.c.label)
            .where(
                labels.c.study == audit_lots.c.study,
                labels.c.case.is_not(None),
                or_(audit_lots.c.case.is_(None), labels.c.case == audit_lots.c.case),
            )
            .order_by(labels.c.at.desc(), labels.c.id)
            .limit(1)
        )
        kinds = (
            audit_lots.c.called,
            audit_lots.c.share,
            audit_lots.c.drawn,
            audit_lots.c.disputed,
            settled.scalar_subquery().label("truth"),
        )
        lots = select(*kinds).where(audit_lots.c.version == version)
        if since is not None:
            lots = lots.where(audit_lots.c.answered_at >= since)
        if until is not None:
            lots = lots.where(audit_lots.c.answered_at < until)
        each = lots.subquery()
        query = select(*each.c, func.count().label("n")).group_by(*each.c).order_by(*each.c)
        return [parsed(LotCount, row) for row in self._connection.execute(query)]

    def outcomes(self, version: VersionKey, *, since: datetime) -> list[Label]:
        """Return what audits found where a version had called no finding, in the order they were settled.

        Only answers from `since` on count.
        """
        query = (
            select(labels.c.label)
            .join(audit_lots, audit_lots.c.case == labels.c.case)
            .where(
                audit_lots.c.version == version,
                audit_lots.c.called == Label.NO_FINDING,
                audit_lots.c.answered_at >= since,
            )
            .order_by(labels.c.at, labels.c.id)
        )
        return [Label(found) for found in self._connection.execute(query).scalars()]


class TextSwitchStore:
    """Changes of the automatic normal text; without one it is on."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, switch: TextSwitch) -> None:
        """Keep a change."""
        self._connection.execute(insert(text_switches).values(**columns(switch)))

    def latest(self, task: str) -> TextSwitch | None:
        """Return the change that counts."""
        query = select(text_switches).where(text_switches.c.task == task)
        query = query.order_by(text_switches.c.at.desc(), text_switches.c.id).limit(1)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else parsed(TextSwitch, row)

    def automatic(self, task: str) -> bool:
        """Say whether a study without a finding gets its normal text by itself."""
        latest = self.latest(task)
        return latest is None or latest.automatic


def _disputed(study: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that somebody stands by a disagreement; what is signed stays said."""
    taken_back = exists().where(withdrawals.c.correction == corrections.c.id)
    return exists().where(
        corrections.c.study == study,
        corrections.c.verdict == Verdict.DISAGREE,
        or_(~taken_back, corrections.c.origin == Origin.SIGNED_REPORT),
    )
