"""From a dataset version to a proven package: one training, in a process with one compute thread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bootstrap.storage import open_storage
from feedback.datasets import DatasetRow, load
from model_registry.evaluation import score as onnx_score
from model_registry.packaging import open_package, package_weights
from model_registry.parity import Parity, packaged
from overread.domain.datasets import Split
from overread.domain.errors import EvidenceError
from overread.domain.findings import Label
from overread.domain.identifiers import Digest, StudyUid
from overread.learning.calibration import fit_calibration
from overread.learning.checkpoints import TrainedModel, load_model
from overread.learning.data import ANY, LabelledSet, LabelledStudy, labelled_set, mixed
from overread.learning.determinism import single_thread
from overread.learning.recipes import Recipe, read_recipe
from overread.learning.scoring import auc, score, sensitivity_specificity, threshold_at_specificity
from overread.learning.training import Progress, train
from overread.settings.environment import Settings
from pipeline.pictures import PictureSource

FEWEST_STUDIES_OF_A_FINDING = 10  # fewer teach no output of their own
PARITY_PICTURES = 16


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
    """What came of it: the package among the objects, and how it did on the tuning set."""

    job: Job
    package: Digest
    name: str
    architecture: str
    image_size: int
    findings: tuple[str, ...]
    threshold: float
    tuning: dict[str, float]
    parity: Parity
    history: tuple[dict[str, float | str], ...] = field(default=())
    n_train: int = 0


def run_job(settings: Settings, job: Job, progress: Callable[[Progress], None] | None = None) -> Trained:
    """Train, calibrate, choose the threshold on the tuning set, export, prove, and store the package."""
    single_thread()
    storage = open_storage(settings)
    recipe = read_recipe(job.recipe, job.variant, seed=job.seed)
    source = PictureSource(storage=storage, folder=settings.folder / "cache", size=recipe.contract.size)
    rows = load(storage.objects, job.dataset)
    present = set(source.readable([row.study for row in rows]))
    rows = [row for row in rows if row.study in present]
    tuning = [row for row in rows if row.split is Split.TUNE]
    parent = None if job.parent is None else storage.objects.get(job.parent)
    initial = None if parent is None else _weights(parent, job.folder)
    columns = initial.columns if initial is not None else columns_of(rows, [row.split for row in rows])
    studies, dataset = training_set(rows, columns, recipe)
    model = train(
        recipe,
        source.gather(studies),
        dataset,
        initial=None if initial is None else initial.weights,
        on_progress=progress,
        checkpoint_dir=job.folder,
    )
    pictures, truth = source.gather([row.study for row in tuning]), truth_of(tuning)
    logits = score(model.network(), model.contract, pictures).logits
    calibration = fit_calibration(logits, labels_of(tuning, columns))
    probability = calibration.probability(logits)[:, 0]
    target = recipe.threshold.specificity if parent is None else _target(parent, pictures, truth, recipe)
    threshold = min(1.0, threshold_at_specificity(truth, probability, target))
    content, parity = packaged(
        model, calibration, name=recipe.name, threshold=threshold, pictures=pictures[:PARITY_PICTURES]
    )
    sensitivity, specificity = sensitivity_specificity(truth, probability, threshold)
    return Trained(
        job=job,
        package=storage.objects.put(content),
        name=recipe.name,
        architecture=model.architecture,
        image_size=model.contract.size,
        findings=model.columns[1:],
        threshold=threshold,
        tuning={
            "auc": auc(truth, probability),
            "sensitivity": sensitivity,
            "specificity": specificity,
            "specificity_target": target,
        },
        parity=parity,
        history=model.history,
        n_train=len(dataset),
    )


def _weights(package: bytes, folder: Path) -> TrainedModel:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "parent.safetensors"
    path.write_bytes(package_weights(package))
    return load_model(path)


def _target(parent: bytes, pictures: NDArray[np.uint8], truth: NDArray[np.float32], recipe: Recipe) -> float:
    """Return production's specificity on the tuning set plus the buffer: the rule for every candidate."""
    package = open_package(parent)
    probability = onnx_score(package, pictures).probability[:, 0]
    _, specificity = sensitivity_specificity(truth, probability, package.contract.threshold)
    return min(0.99, specificity + recipe.threshold.buffer)


def columns_of(rows: Sequence[DatasetRow], splits: Sequence[Split]) -> tuple[str, ...]:
    """Return the outputs of a first model: any finding, then each finding that enough training studies show."""
    counts: dict[str, int] = {}
    for row, split in zip(rows, splits, strict=True):
        if split is Split.TRAIN:
            for code in {code for code, _ in row.findings}:
                counts[code] = counts.get(code, 0) + 1
    return (ANY, *sorted(code for code, n in counts.items() if n >= FEWEST_STUDIES_OF_A_FINDING))


def training_set(
    rows: Sequence[DatasetRow], columns: Sequence[str], recipe: Recipe
) -> tuple[list[StudyUid], LabelledSet]:
    """Return the studies, replayed ones first, and their labels mixed as the recipe says."""
    training = [row for row in rows if row.split is Split.TRAIN]
    replay = [row for row in training if not row.correction]
    corrections = [row for row in training if row.correction]
    if not replay and not corrections:
        raise EvidenceError("the dataset has no training study whose picture can be read")
    known = set(columns)
    mix = recipe.mix
    mix = replace(mix, replay_repeats={c: n for c, n in mix.replay_repeats.items() if c in known})
    dataset = mixed(
        labelled_set(columns, [_labelled(row, known) for row in replay]),
        labelled_set(columns, [_labelled(row, known) for row in corrections]),
        mix,
        seed=recipe.seed,
    )
    return [row.study for row in (*replay, *corrections)], dataset


def _labelled(row: DatasetRow, known: set[str]) -> LabelledStudy:
    """Return a row as it is learned from; a finding without an output leaves the others unread."""
    named = [(code, box) for code, box in row.findings if code in known]
    return LabelledStudy(
        any_finding=float(row.label is Label.HAS_FINDING),
        findings={code: 1.0 for code, _ in named},
        boxes=[(code, box) for code, box in named if box is not None],
    )


def truth_of(rows: Sequence[DatasetRow]) -> NDArray[np.float32]:
    """Return 1 where a row has a finding."""
    return np.array([row.label is Label.HAS_FINDING for row in rows], np.float32)


def labels_of(rows: Sequence[DatasetRow], columns: Sequence[str]) -> NDArray[np.float32]:
    """Return the (n, k) labels of rows, NaN where not read."""
    return labelled_set(columns, [_labelled(row, set(columns)) for row in rows]).labels
