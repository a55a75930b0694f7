"""From a dataset version to a proven package: one training, in a process with one compute thread."""

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bootstrap.storage import TASK, Storage, open_storage
from feedback.datasets import DatasetRow, load
from model_registry.baseline import HistogramBaseline
from model_registry.evaluation import Evaluation, evaluate
from model_registry.evaluation import score as onnx_score
from model_registry.int8_gate import Int8Verdict
from model_registry.map_sanity import MapSanity, map_sanity
from model_registry.packaging import open_package, package_weights
from model_registry.parity import Parity, packaged
from overread.domain.datasets import Split
from overread.domain.errors import ConfigurationError, EvidenceError
from overread.domain.findings import Label
from overread.domain.identifiers import Digest
from overread.domain.policies import Int8Margins
from overread.domain.resources import Device
from overread.learning.calibration import FEWEST, Calibration, fit_calibration
from overread.learning.checkpoints import TrainedModel, load_model
from overread.learning.data import Studies
from overread.learning.determinism import single_thread
from overread.learning.devices import described, device_of
from overread.learning.distributed import joined
from overread.learning.progress import Progress
from overread.learning.recipes import Recipe, read_recipe
from overread.learning.scoring import auc, score, sensitivity_specificity, threshold_at_specificity
from overread.settings.environment import Settings
from overread.settings.policies import load_policy
from overread.settings.tasks import load_task
from pipeline.cases import baseline_beside, cases_of_rows
from pipeline.labelling import columns_of, rows_as_labels, truth_of
from pipeline.learning import Teaching, learned
from pipeline.pictures import PictureSource
from pipeline.quantising import InInt8, with_int8

PARITY_PICTURES = 16
SANITY_PICTURES = 16
Grey = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One training; run again with the same `folder`, it goes on from its last checkpoint.

    `parent` is the package whose weights it starts from, and whose tuning specificity it must beat.
    """

    key: str
    dataset: Digest
    dataset_version: str
    recipe: Path
    variant: str | None
    seed: int
    folder: Path
    parent: Digest | None = None
    parent_version: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """What came of it: the package among the objects, and how it did on the tuning set.

    `baseline` is what grey levels alone say of the same studies, None where patients are too few for it;
    `int8` the verdict on the graph in eight bits, None where the recipe asks for none; `device` is where it
    was trained. All numbers are of the graph that is served.
    """

    job: Job
    package: Digest
    name: str
    architecture: str
    image_size: int
    findings: tuple[str, ...]
    threshold: float
    tuning: dict[str, float]
    evaluation: Evaluation
    baseline: HistogramBaseline | None
    parity: Parity
    sanity: MapSanity
    device: Device
    package_bytes: int
    int8: Int8Verdict | None = None
    history: tuple[dict[str, float | str], ...] = field(default=())
    n_train: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Order:
    """One training with all it reads: recipe, pictures, rows by split, and its parent's package."""

    job: Job
    recipe: Recipe
    source: PictureSource
    training: Sequence[DatasetRow]
    tuning: Sequence[DatasetRow]
    pictures: Grey  # of the tuning studies
    parent: bytes | None

    @property
    def truth(self) -> NDArray[np.float32]:
        """1 where a tuning study has a finding."""
        return truth_of(self.tuning)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Result:
    """A trained model, calibrated, with its probability of any finding of each tuning study."""

    model: TrainedModel
    calibration: Calibration
    probability: NDArray[np.float32]
    n_train: int


def run_job(settings: Settings, job: Job, progress: Callable[[Progress], None] = lambda _: None) -> Trained:
    """Train, calibrate, choose the threshold on the tuning set, export, prove, and store the package.

    Raises
    ------
    EvidenceError
        A class is missing from the training or the tuning set.
    """
    single_thread()
    storage = open_storage(settings)
    order = _ordered(settings, job, storage)
    result = _calibrated(order, _learned(order, progress))
    target = order.recipe.threshold.specificity if order.parent is None else _target(order)
    threshold = min(1.0, threshold_at_specificity(order.truth, result.probability, target))
    return _kept(storage, order, result, threshold=threshold, target=target)


def assist(settings: Settings, job: Job) -> None:
    """Be one more process of the training that `run_job` is, with a rank in the environment."""
    single_thread()
    _learned(_ordered(settings, job, open_storage(settings)), lambda _: None)


def _ordered(settings: Settings, job: Job, storage: Storage) -> _Order:
    recipe = read_recipe(job.recipe, job.variant, seed=job.seed)
    recipe = replace(recipe, device=device_of(settings.device))
    source = PictureSource(storage=storage, folder=settings.caches, size=recipe.contract.size)
    rows = load(storage.objects, job.dataset)
    present = set(source.readable([row.study for row in rows]))
    rows = [row for row in rows if row.study in present]
    training, tuning = ([row for row in rows if row.split is split] for split in (Split.TRAIN, Split.TUNE))
    _require(training, "training", 1)
    _require(tuning, "tuning", FEWEST)
    return _Order(
        job=job,
        recipe=recipe,
        source=source,
        training=training,
        tuning=tuning,
        pictures=source.gather([row.study for row in tuning]),
        parent=None if job.parent is None else storage.objects.get(job.parent),
    )


def _int8_margins(storage: Storage) -> Int8Margins:
    """Return what the policy of the installation's task lets eight bits cost."""
    with storage.look() as work:
        task = load_task(work.people.fact(TASK))
    return load_policy(task.policy).int8


def _require(rows: Sequence[DatasetRow], name: str, fewest: int) -> None:
    """Raise before a training that could not be finished."""
    counts = Counter(row.label for row in rows)
    if min(counts[label] for label in Label) < fewest:
        said = ", ".join(f"{counts[label]} {label}" for label in Label)
        raise EvidenceError(
            f"the readable {name} studies are {said}; at least {fewest} of each are needed, import more"
        )


def _learned(order: _Order, progress: Callable[[Progress], None]) -> TrainedModel:
    """Train, alone or as one of the processes that share the training."""
    parent = None if order.parent is None else _production(order.parent, order.recipe)
    columns = parent.columns if parent is not None else columns_of(order.training)
    with joined(order.recipe.device) as device:
        teaching = Teaching(
            recipe=replace(order.recipe, device=device),
            rows=order.training,
            gather=order.source.gather,
            tuning=Studies(order.pictures, rows_as_labels(order.tuning, columns)),
            parent=parent,
            folder=order.job.folder,
        )
        return learned(teaching, progress)


def _calibrated(order: _Order, model: TrainedModel) -> _Result:
    logits = score(model.network(), model.contract, order.pictures).logits
    calibration = fit_calibration(logits, rows_as_labels(order.tuning, model.columns).labels)
    return _Result(
        model=model,
        calibration=calibration,
        probability=calibration.probability(logits)[:, 0],
        n_train=len(order.training),
    )


def _kept(storage: Storage, order: _Order, result: _Result, *, threshold: float, target: float) -> Trained:
    """Export, prove and store the package, and say how it does on the tuning set."""
    model = result.model
    content, parity = packaged(
        replace(model, history=()),  # its times differ from run to run, and equal weights are one package
        result.calibration,
        name=order.recipe.name,
        threshold=threshold,
        pictures=order.pictures[:PARITY_PICTURES],
    )
    quantised = _quantised(storage, order, content) if order.recipe.export.int8 else None
    probability = result.probability
    if quantised is not None and quantised.verdict.passed:
        probability = quantised.probability
    sensitivity, specificity = sensitivity_specificity(order.truth, probability, threshold)
    cases = cases_of_rows(order.tuning)
    package = content if quantised is None else quantised.package
    return Trained(
        job=order.job,
        package=storage.objects.put(package),
        package_bytes=len(package),
        name=order.recipe.name,
        architecture=model.architecture,
        image_size=model.contract.size,
        findings=model.columns[1:],
        threshold=threshold,
        tuning={
            "auc": auc(order.truth, probability),
            "sensitivity": sensitivity,
            "specificity": specificity,
            "specificity_target": target,
        },
        evaluation=evaluate(cases, probability, threshold=threshold),
        baseline=baseline_beside(cases, order.pictures),
        parity=parity,
        device=described(order.recipe.device),
        sanity=map_sanity(model, order.pictures[order.truth == 1][:SANITY_PICTURES], seed=order.job.seed),
        int8=None if quantised is None else quantised.verdict,
        history=model.history,
        n_train=result.n_train,
    )


def _quantised(storage: Storage, order: _Order, content: bytes) -> InInt8:
    """Put the graph in eight bits beside the one in floats; its ranges are of drawn training studies."""
    drawn = np.random.default_rng(order.job.seed).permutation(len(order.training))
    studies = [order.training[at].study for at in sorted(drawn[: order.recipe.export.calibration])]
    margins = _int8_margins(storage)
    return with_int8(content, order.source.gather(studies), order.pictures, order.truth, margins=margins)


def _production(package: bytes, recipe: Recipe) -> TrainedModel:
    """Return production's model to start from; raise where the recipe is for another network."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "parent.safetensors"
        path.write_bytes(package_weights(package))
        model = load_model(path)
    ours = (recipe.architecture, recipe.width, recipe.contract)
    if (model.architecture, model.width, model.contract) != ours:
        raise ConfigurationError(
            f"{recipe.name} is for {recipe.architecture} at {recipe.contract.size} pixels, and production is "
            f"{model.architecture} at {model.contract.size}; train without a variant, or with its recipe"
        )
    return model


def _target(order: _Order) -> float:
    """Return the tuning specificity that a candidate's threshold takes: the rule, fixed beforehand, for all.

    It is that of a first model plus the buffer, or production's where that is higher already: a buffer added
    to production's again and again would creep towards never calling a finding (docs/decisions/0003).
    """
    package = open_package(order.parent or b"")
    probability = onnx_score(package, order.pictures).probability[:, 0]
    _, specificity = sensitivity_specificity(order.truth, probability, package.contract.threshold)
    rule = order.recipe.threshold
    return min(0.99, max(specificity, rule.specificity + rule.buffer))
