"""From a dataset version to registered candidates: trained side by side, each in a process of its own."""

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from multiprocessing import get_context

from model_registry.logbook import log_history, log_order
from model_registry.tracking import Record, code_version
from model_registry.versions import enter, log_model, register, tag_lineage
from overread.domain.datasets import DatasetVersion
from overread.domain.errors import RuleError
from overread.domain.identifiers import VersionKey, derived_id
from overread.domain.models import Lineage
from overread.learning.recipes import read_recipe
from overread.learning.training import Progress
from overread.settings.environment import Settings
from overread.settings.tasks import ROOT
from pipeline.services import PipelineServices
from pipeline.training import Job, Trained, run_job

EXPERIMENT = "retraining"
HEARTBEAT_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One candidate to train: on which dataset, by which variant of which recipe."""

    dataset: str
    recipe: str
    variant: str | None = None
    seed: int = 1


def jobs_of(services: PipelineServices, plans: Sequence[Plan]) -> list[Job]:
    """Return the trainings that plans stand for; all but a first model start from production's weights."""
    with services.storage.look() as work:
        production = work.models.production(services.task.name)
        datasets = {plan.dataset: work.datasets.get(plan.dataset) for plan in plans}
    jobs = []
    for plan in plans:
        if plan.variant is not None and production is None:
            raise RuleError("a variant starts from the model in production, and there is none; train without")
        parent = production if plan.variant is not None else None
        dataset = datasets[plan.dataset]
        key = derived_id(
            "job",
            dataset.digest,
            plan.recipe,
            plan.variant or "",
            str(plan.seed),
            parent.digest if parent else "",
        )
        jobs.append(
            Job(
                key=key,
                dataset=dataset.digest,
                dataset_version=dataset.version,
                recipe=ROOT / "configs" / f"{plan.recipe}.toml",
                variant=plan.variant,
                seed=plan.seed,
                folder=services.settings.folder / "trainings" / key,
                parent=parent.digest if parent else None,
                parent_version=parent.version if parent else None,
            )
        )
    return jobs


def train_side_by_side(
    services: PipelineServices,
    jobs: Sequence[Job],
    *,
    processes: int = 2,
    on_progress: Callable[[float], None] = lambda _: None,
) -> list[Trained]:
    """Train all jobs in at most `processes` child processes; a killed job goes on from its checkpoint."""
    waiting: dict[Future[Trained], Job] = {}
    with ProcessPoolExecutor(min(processes, len(jobs)), mp_context=get_context("spawn")) as pool:
        for job in jobs:
            waiting[pool.submit(_in_child, services.settings, job)] = job
        pending = set(waiting)
        while pending:
            _, pending = wait(pending, timeout=HEARTBEAT_SECONDS, return_when=FIRST_COMPLETED)
            on_progress(sum(_told(job) for job in jobs) / len(jobs))
        return [future.result() for future in waiting]


def _in_child(settings: Settings, job: Job) -> Trained:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    job.folder.mkdir(parents=True, exist_ok=True)
    place = job.folder / "progress.json"

    def tell(progress: Progress) -> None:
        if progress.done % 20 == 0 or progress.done == progress.of:
            draft = place.with_suffix(".new")
            draft.write_text(json.dumps(asdict(progress)))
            draft.replace(place)

    return run_job(settings, job, tell)


def _told(job: Job) -> float:
    """Return the share of a job that is done, as its process last said; the two stages count alike."""
    try:
        said = json.loads((job.folder / "progress.json").read_text())
    except (OSError, ValueError):
        return 0.0
    share = said["done"] / max(1, said["of"])
    return float(share / 2 if said["stage"] == "patches" else 0.5 + share / 2)


def register_candidate(
    services: PipelineServices, trained: Trained, *, flow_runs: tuple[str, ...] = ()
) -> VersionKey:
    """Log a training in MLflow and register its package; run again, it gives the same version."""
    job, now = trained.job, services.now()
    with services.storage.look() as work:
        dataset = work.datasets.get(job.dataset_version)
    recipe = read_recipe(job.recipe, job.variant, seed=job.seed)
    content = services.storage.objects.get(trained.package)
    with services.tracking.run(EXPERIMENT, recipe.name, key=job.key, now=now) as record:
        _log(services, record, trained, dataset)
        log_model(record, content)
        run = record.id
    entry = enter(services.tracking, services.task.name, run=run)
    lineage = Lineage(
        dataset_version=dataset.version,
        parent=None if job.parent_version is None else VersionKey(job.parent_version),
        corrections=dataset.corrections,
        code=code_version(),
        run=run,
        flow_runs=flow_runs,
        within_protocol=dataset.registered and recipe.mix.replay,
        recipe=recipe.name,
    )
    with services.storage.work() as work:
        model = register(work, services.storage.objects, content, entry, lineage=lineage, trained_at=now)
        work.commit()
    tag_lineage(services.tracking.client, services.task.name, model)
    return model.version


def _log(services: PipelineServices, record: Record, trained: Trained, dataset: DatasetVersion) -> None:
    job, now = trained.job, services.now()
    recipe = read_recipe(job.recipe, job.variant, seed=job.seed)
    order = {**asdict(recipe), "parent": job.parent_version or "none: random weights"}
    log_order(record, order, dataset=dataset, seed=job.seed, code=code_version())
    log_history(record, trained.history, at=now)
    parity = {"parity.probability": trained.parity.probability, "parity.map": trained.parity.map}
    tuning = {f"tuning.{name}": value for name, value in trained.tuning.items()}
    record.metrics({"threshold": trained.threshold, **parity, **tuning}, at=now)
