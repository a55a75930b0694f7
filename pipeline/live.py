"""The runs of trainings in MLflow, open while they train; their processes know nothing of it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from model_registry.live import LiveCurve
from overread.learning.progress import Progress
from overread.learning.recipes import read_recipe
from pipeline.services import PipelineServices
from pipeline.training import Job

EXPERIMENT = "retraining"


@contextmanager
def live_curves(services: PipelineServices, jobs: Sequence[Job]) -> Iterator[Callable[[Job, Progress], None]]:
    """Open a run for each job, and yield what draws its curve; an error inside marks all runs failed.

    A job that is started again goes on in its own run.
    """
    with ExitStack() as runs:
        curves = {}
        for job in jobs:
            name = read_recipe(job.recipe, job.variant).name
            run = services.tracking.run(EXPERIMENT, name, key=job.key, now=services.now())
            curves[job.key] = LiveCurve(record=runs.enter_context(run))

        def tell(job: Job, progress: Progress) -> None:
            numbers = {f"live.{progress.stage}.loss": progress.loss, "live.tuning_auc": progress.tuning_auc}
            curves[job.key].tell(numbers, step=progress.done, at=services.now())

        yield tell
