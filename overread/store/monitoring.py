"""Drift checks, alerts and training runs as rows."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, insert, select, update

from overread.domain.alerts import Alert
from overread.domain.drift import DriftVerdict
from overread.domain.errors import NotFoundError
from overread.domain.models import RunState, TrainingRun
from overread.domain.retraining import TrainingPoint
from overread.store.records import columns, parsed
from overread.store.tables.monitoring import alerts, drift_checks, training_points, training_runs


@dataclass(frozen=True, kw_only=True, slots=True)
class DriftCheck:
    """A verdict with its place in time."""

    id: str
    at: datetime
    verdict: DriftVerdict


class MonitoringStore:
    """What the monitoring page and the retraining page show."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_check(self, check: DriftCheck) -> None:
        """Keep a drift check."""
        self._connection.execute(
            insert(drift_checks).values(id=check.id, at=check.at, **columns(check.verdict))
        )

    def checks(self, *, limit: int = 200) -> list[DriftCheck]:
        """Return drift checks, the latest first."""
        query = select(drift_checks).order_by(drift_checks.c.at.desc()).limit(limit)
        return [
            DriftCheck(id=row.id, at=row.at, verdict=parsed(DriftVerdict, row))
            for row in self._connection.execute(query)
        ]

    def check(self, check_id: str) -> DriftCheck:
        """Return a drift check; raise `NotFoundError`."""
        query = select(drift_checks).where(drift_checks.c.id == check_id)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise NotFoundError("no such drift check")
        return DriftCheck(id=row.id, at=row.at, verdict=parsed(DriftVerdict, row))

    def add_alert(self, alert: Alert) -> None:
        """Keep an alert."""
        self._connection.execute(insert(alerts).values(**columns(alert)))

    def alerts(self, *, unresolved: bool = False) -> list[Alert]:
        """Return alerts, the latest first."""
        query = select(alerts).order_by(alerts.c.raised_at.desc())
        if unresolved:
            query = query.where(alerts.c.resolved_at.is_(None))
        return [parsed(Alert, row) for row in self._connection.execute(query)]

    def alerts_not_gone(self, kind: str) -> list[Alert]:
        """Return the alerts of a kind whose condition was not seen to end, the latest first."""
        query = select(alerts).where(alerts.c.kind == kind, alerts.c.gone_at.is_(None))
        rows = self._connection.execute(query.order_by(alerts.c.raised_at.desc()))
        return [parsed(Alert, row) for row in rows]

    def alert(self, alert_id: str) -> Alert:
        """Return an alert; raise `NotFoundError`."""
        row = self._connection.execute(select(alerts).where(alerts.c.id == alert_id)).one_or_none()
        if row is None:
            raise NotFoundError("no such alert")
        return parsed(Alert, row)

    def save_alert(self, alert: Alert) -> None:
        """Keep who has an alert, or that it or its condition is over."""
        self._connection.execute(update(alerts).where(alerts.c.id == alert.id).values(**columns(alert)))

    def add_run(self, run: TrainingRun) -> None:
        """Keep a retraining."""
        self._connection.execute(insert(training_runs).values(**columns(run)))

    def save_run(self, run: TrainingRun) -> None:
        """Keep a retraining's progress."""
        self._connection.execute(
            update(training_runs).where(training_runs.c.id == run.id).values(**columns(run))
        )

    def run(self, run_id: str) -> TrainingRun:
        """Return a retraining; raise `NotFoundError`."""
        row = self._connection.execute(
            select(training_runs).where(training_runs.c.id == run_id)
        ).one_or_none()
        if row is None:
            raise NotFoundError("no such retraining")
        return parsed(TrainingRun, row)

    def runs(self, *, state: RunState | None = None) -> list[TrainingRun]:
        """Return retrainings, the latest first."""
        query = select(training_runs).order_by(training_runs.c.requested_at.desc())
        if state is not None:
            query = query.where(training_runs.c.state == state)
        return [parsed(TrainingRun, row) for row in self._connection.execute(query)]

    def went_on(self, *, past: str, limit: int) -> list[timedelta]:
        """Return how long the latest retrainings that were done at the step `past` went on after training."""
        last = func.max(training_points.c.at).label("last")
        query = (
            select(training_runs.c.finished_at, last)
            .join(training_points, training_points.c.run == training_runs.c.id)
            .where(training_runs.c.state == RunState.DONE, training_runs.c.step == past)
            .group_by(training_runs.c.id, training_runs.c.finished_at, training_runs.c.requested_at)
            .order_by(training_runs.c.requested_at.desc())
            .limit(limit)
        )
        return [finished - trained for finished, trained in self._connection.execute(query)]

    def add_point(self, point: TrainingPoint) -> None:
        """Keep how a training stands."""
        self._connection.execute(insert(training_points).values(**columns(point)))

    def points(self, run_id: str) -> list[TrainingPoint]:
        """Return how the trainings of a run went, in order."""
        query = select(training_points).where(training_points.c.run == run_id)
        rows = self._connection.execute(query.order_by(training_points.c.at, training_points.c.job))
        return [parsed(TrainingPoint, row) for row in rows]
