"""What the steps are handed, and how a process that runs them is wired."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from bootstrap.clock import utc_now
from bootstrap.probes import require_answer
from bootstrap.storage import TASK, Storage, open_storage
from feedback.leaks import Alike
from model_registry.mlflow_environment import prepare_environment
from model_registry.tracking import Tracking, repair_paths
from overread.domain.policies import GatePolicy
from overread.domain.studies import Study
from overread.domain.tasks import Task
from overread.settings.environment import Settings, load_settings
from overread.settings.policies import load_policy
from overread.settings.tasks import load_task
from pipeline.lookalikes import LookAlikes
from pipeline.pictures import PictureSource


@dataclass(frozen=True)
class PipelineServices:
    """Storage, task, policy, pictures and MLflow of one installation."""

    settings: Settings
    storage: Storage
    task: Task
    policy: GatePolicy

    @cached_property
    def tracking(self) -> Tracking:
        """MLflow, opened when it is first needed; paths in it are put right where the data folder moved.

        Raises
        ------
        UnavailableError
            The tracking server that is set does not answer.
        """
        prepare_environment(os.environ)
        artifacts = self.settings.folder / "mlflow"
        if self.settings.mlflow.startswith("http"):
            # its own client would try for minutes
            require_answer("MLflow", self.settings.mlflow, "correct OVERREAD_MLFLOW_URI")
        else:
            repair_paths(self.settings.folder / "mlflow.db", artifacts)
        return Tracking(self.settings.mlflow, artifacts=artifacts)

    def pictures(self, size: int | None = None) -> PictureSource:
        """Return pictures at a model's size, or the task's."""
        size = size or self.task.image_size
        return PictureSource(storage=self.storage, folder=self.settings.caches, size=size)

    def look_alikes(self, studies: Sequence[Study]) -> Alike:
        """Return which of the studies look alike; what was compared before is remembered."""
        return LookAlikes(self.settings.caches / "lookalikes.json").among(studies)

    @staticmethod
    def now() -> datetime:
        """Return the present instant in UTC."""
        return utc_now()


def pipeline_services(settings: Settings | None = None) -> PipelineServices:
    """Wire a process that runs steps of the loop."""
    chosen = settings or load_settings()
    storage = open_storage(chosen)
    with storage.look() as work:
        task = load_task(work.people.fact(TASK))
    return PipelineServices(settings=chosen, storage=storage, task=task, policy=load_policy(task.policy))
