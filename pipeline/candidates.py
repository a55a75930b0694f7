"""From a dataset version to registered candidates: trained side by side, logged and registered once."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bootstrap.signing import SiteKey, signed
from feedback.datasets import load
from model_registry.logbook import log_evaluation, log_history, log_order
from model_registry.recording import recorded
from model_registry.tracking import Record, code_version
from model_registry.versions import enter, log_model, register, tag_lineage
from overread.domain.datasets import DatasetVersion
from overread.domain.errors import ConfigurationError, RuleError
from overread.domain.identifiers import VersionKey, derived_id
from overread.domain.models import Lineage, TrainingRun
from overread.domain.retraining import Step
from overread.learning.backbones import statement
from overread.learning.devices import device_of
from overread.learning.progress import Progress
from overread.learning.recipes import Recipe, read_recipe
from overread.settings.tasks import ROOT
from pipeline.children import Told, train_in_children
from pipeline.live import EXPERIMENT, live_curves
from pipeline.retraining import change
from pipeline.room import space_taken
from pipeline.services import PipelineServices
from pipeline.training import Job, Trained


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One candidate to train: on which dataset, by which variant of which recipe.

    A variant starts from `parent`, or from the version in production.
    """

    dataset: str
    recipe: str
    variant: str | None = None
    seed: int = 1
    parent: str | None = None


def jobs_of(services: PipelineServices, plans: Sequence[Plan]) -> list[Job]:
    """Return the trainings that plans stand for.

    The same dataset, recipe, code and parent give the same job: run again, it goes on where it stopped.
    """
    with services.storage.look() as work:
        production = work.models.production(services.task.name)
        datasets = {plan.dataset: work.datasets.get(plan.dataset) for plan in plans}
        named = {plan.parent: work.models.get(plan.parent) for plan in plans if plan.parent is not None}
    jobs = []
    for plan in plans:
        parent = None if plan.variant is None else named.get(plan.parent or "", production)
        if plan.variant is not None and parent is None:
            raise RuleError("a variant starts from the model in production, and there is none; train without")
        dataset, path = datasets[plan.dataset], find_recipe(plan.recipe)
        recipe = read_recipe(path, plan.variant, seed=plan.seed)
        words = (dataset.digest, recipe.digest, code_version(), parent.digest if parent else "")
        key = derived_id("job", *words)
        jobs.append(
            Job(
                key=key,
                dataset=dataset.digest,
                dataset_version=dataset.version,
                recipe=path,
                variant=plan.variant,
                seed=plan.seed,
                folder=services.settings.folder / "trainings" / key,
                parent=parent.digest if parent else None,
                parent_version=parent.version if parent else None,
            )
        )
    return jobs


def find_recipe(name: str) -> Path:
    """Return the file of a training: a path to a TOML file, or a name in `configs/`."""
    if name.endswith(".toml"):
        path = Path(name).absolute()
        if not path.is_file():
            raise ConfigurationError(f"there is no file {path}; give a TOML file, or a name in configs/")
        return path
    path = ROOT / "configs" / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in path.parent.glob("*.toml")))
        raise ConfigurationError(f"there is no training {name!r}; known: {known}; or give a TOML file")
    return path


def train_side_by_side(
    services: PipelineServices,
    jobs: Sequence[Job],
    *,
    processes: int = 2,
    on_progress: Callable[[float], None] = lambda _: None,
    on_point: Callable[[Job, Progress], None] = lambda _job, _progress: None,
) -> list[Trained]:
    """Train all jobs in at most `processes` child processes; a killed job goes on from its checkpoint.

    `on_progress` is told the share of all that is done, `on_point` what each training last said of itself.
    """
    for job in jobs:  # decoded once, here: the children find every picture in the cache
        size = read_recipe(job.recipe, job.variant).contract.size
        studies = [row.study for row in load(services.storage.objects, job.dataset)]
        services.pictures(size).readable(studies, on_chunk=lambda: on_progress(0.0))
    with live_curves(services, jobs) as draw:

        def tell(job: Job, progress: Progress) -> None:
            draw(job, progress)
            on_point(job, progress)

        told = Told(share=on_progress, progress=tell)
        return train_in_children(services.settings, jobs, processes=processes, told=told)


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
        model = signed(work, model, SiteKey.read(services.settings.signing_key_path))
        work.commit()
    tag_lineage(services.tracking.client, services.task.name, model)
    return model.version


def keep_trained(
    services: PipelineServices, run_id: str, trained: Sequence[Trained], versions: Sequence[VersionKey]
) -> None:
    """Note on a retraining what came of it, where it was trained and what that took of the disk."""
    disk = sum(
        space_taken(services.settings, one.job.folder, package_bytes=one.package_bytes) for one in trained
    )

    def told(run: TrainingRun) -> TrainingRun:
        device = trained[0].device
        return replace(run, candidates=tuple(versions), step=Step.REGISTERED, device=device, disk=disk)

    change(services, run_id, told)


def _start(trained: Trained, recipe: Recipe) -> str:
    """Return the sentence of the model card about the weights that a training began with."""
    parent = trained.job.parent_version
    if parent is not None:
        return f"Training went on from the weights of version {parent}."
    return statement(recipe.weights, recipe.architecture)


def _log(services: PipelineServices, record: Record, trained: Trained, dataset: DatasetVersion) -> None:
    job, now = trained.job, services.now()
    recipe = read_recipe(job.recipe, job.variant, seed=job.seed)
    recipe = replace(recipe, device=device_of(services.settings.device))
    order = {**asdict(recipe), "parent": job.parent_version or "none", "start": _start(trained, recipe)}
    log_order(record, order, dataset=dataset, seed=job.seed, code=code_version())
    log_history(record, trained.history, at=now)
    log_evaluation(record, "tuning", trained.evaluation, at=now)
    if trained.baseline is not None:
        shown = trained.baseline.auc
        limits = {"lower": shown.lower, "upper": shown.upper}
        beside = {f"grey_levels.auc.{name}": value for name, value in limits.items()}
        record.metrics({"grey_levels.auc": shown.estimate, **beside}, at=now)
    record.table("grey_levels.json", recorded(trained.baseline))
    if trained.int8 is not None:
        record.table("int8.json", recorded(trained.int8))
    parity = {"parity.probability": trained.parity.probability, "parity.map": trained.parity.map}
    target = {"tuning.specificity_target": trained.tuning["specificity_target"]}
    sanity = {"map.likeness_to_random": trained.sanity.likeness}
    record.metrics({"threshold": trained.threshold, **parity, **target, **sanity}, at=now)
