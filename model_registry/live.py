"""The curve of a training while it runs: a point every few seconds, and none where MLflow is away."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mlflow.exceptions import MlflowException

from model_registry.tracking import Record

_log = logging.getLogger(__name__)


@dataclass(kw_only=True, slots=True)
class LiveCurve:
    """One open run that is told how its training goes, no more often than it is worth."""

    record: Record
    every: timedelta = timedelta(seconds=5)
    _told: datetime | None = field(default=None, init=False)

    def tell(self, numbers: Mapping[str, float | None], *, step: int, at: datetime) -> None:
        """Keep a point, unless the last one is fresh; raise nothing: no curve is worth a training."""
        if self._told is not None and at - self._told < self.every:
            return
        self._told = at
        try:
            self.record.metrics(numbers, step=step, at=at)
        except MlflowException as error:
            _log.warning("a point of run %s is lost: MLflow does not answer (%s)", self.record.id, error)
