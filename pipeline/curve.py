"""How the trainings of a retraining go, kept for the page that follows it: no web process opens MLflow."""

import logging
from dataclasses import dataclass, field
from datetime import timedelta

from overread.domain.retraining import TrainingPoint
from overread.learning.progress import Progress
from overread.learning.recipes import read_recipe
from overread.store.failures import FAILURES
from pipeline.services import PipelineServices
from pipeline.training import Job

_log = logging.getLogger(__name__)


@dataclass(kw_only=True, slots=True)
class Curve:
    """A point of each training now and then, and one whenever a stage began or a pass was measured."""

    services: PipelineServices
    run: str
    every: timedelta = timedelta(seconds=10)
    _last: dict[str, TrainingPoint] = field(default_factory=dict, init=False)

    def tell(self, job: Job, progress: Progress) -> None:
        """Keep a point, unless the last one is fresh and says as much; none is worth a training."""
        now, last = self.services.now(), self._last.get(job.key)
        if last is not None and self._says_as_much(last, progress, fresh=now - last.at < self.every):
            return
        point = TrainingPoint(
            run=self.run,
            job=job.key,
            at=now,
            name=read_recipe(job.recipe, job.variant).name,
            stage=progress.stage,
            done=progress.done,
            of=progress.of,
            loss=progress.loss,
            tuning_auc=progress.tuning_auc,
        )
        self._last[job.key] = point
        try:
            with self.services.storage.work() as work:
                work.monitoring.add_point(point)
                work.commit()
        except FAILURES:
            _log.warning("a point of retraining %s is lost: the database did not take it", self.run)

    @staticmethod
    def _says_as_much(last: TrainingPoint, progress: Progress, *, fresh: bool) -> bool:
        if (last.stage, last.tuning_auc) != (progress.stage, progress.tuning_auc):
            return False
        return fresh or last.done == progress.done
