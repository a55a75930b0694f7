"""Which training labels look wrong to networks that never saw the patient; a few of them go to readers.

Production has learned from the very labels it would be asked about, so it is not asked. A small network is
trained anew on two thirds of the patients and judges the third it has not seen, three times over: out of
sample, at the price of three short trainings. A logistic head on production's embeddings would cost seconds,
and was tried: on the demo (seed 1, after its corrections; 23 % of the old labels are wrong) 40 to 50 % of the
first 50 labels that it doubted were wrong, and 86 % of the networks'. A mean over places says little of a
small finding, and production's has learned from the labels in question.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from feedback.datasets import DatasetRow, Gathered, Recipe, frozen, gather
from feedback.doubts import Doubt, open_doubts, places_left
from model_registry.evaluation import score
from model_registry.packaging import open_package
from model_registry.tracking import code_version
from overread.domain.adjudication import Grade
from overread.domain.datasets import Split
from overread.domain.identifiers import derived_id
from overread.learning.label_noise import doubtful
from overread.learning.recipes import read_recipe
from pipeline.candidates import find_recipe
from pipeline.children import Told, train_in_children
from pipeline.labelling import truth_of
from pipeline.services import PipelineServices
from pipeline.training import Job, Trained

FOLDS = 3
MOST = 20
TRAINING = "doubts"
Rows = tuple[DatasetRow, ...]
_READ_TWICE = frozenset({Grade.DOUBLE, Grade.ADJUDICATED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """How many labels were doubted, and the cases opened for the first; None where enough waited already."""

    doubted: int | None
    cases: tuple[str, ...]


def send_doubtful(
    services: PipelineServices,
    *,
    training: str = TRAINING,
    most: int = MOST,
    on_progress: Callable[[float], None] = lambda _: None,
) -> Sent:
    """Open blinded cases for the training labels most likely wrong, until `most` such cases stand open.

    Nothing is trained while so many wait. Run again, it opens no second case, and its trainings resume.

    Raises
    ------
    EvidenceError
        There are too few labels to learn from, or two readers have agreed on all of one class.
    """
    with services.storage.look() as work:
        if not places_left(work, most):
            return Sent(doubted=None, cases=())
        gathered = gather(work, task=services.task, recipe=Recipe(), compare=services.look_alikes)
    doubts = doubts_of(services, gathered, training=training, on_progress=on_progress)
    with services.storage.work() as work:
        opened = open_doubts(work, doubts, task=services.task, most=most, now=services.now())
        work.commit()
    return Sent(doubted=len(doubts), cases=tuple(case.id for case in opened))


def doubts_of(
    services: PipelineServices,
    gathered: Gathered,
    *,
    training: str = TRAINING,
    on_progress: Callable[[float], None] = lambda _: None,
) -> list[Doubt]:
    """Return the training labels that look wrong, the worst first; none that two readers agreed on."""
    size = read_recipe(find_recipe(training)).contract.size
    readable = set(services.pictures(size).readable([row.study for row in gathered.rows]))
    parts = apart([row for row in gathered.rows if row.study in readable])
    jobs = [_job(services, replace(gathered, rows=learned), training) for learned, _ in parts]
    trained = train_in_children(services.settings, jobs, processes=2, told=Told(share=on_progress))
    asked = [row for _, judged in parts for row in judged]
    probability = np.concatenate(
        [_probability(services, one, judged) for one, (_, judged) in zip(trained, parts, strict=True)]
    )
    settled = np.array([row.grade in _READ_TWICE for row in asked])
    labels = np.where(settled, np.nan, truth_of(asked)).astype(np.float32)
    return [
        Doubt(study=asked[at].study, label=asked[at].label, probability=float(probability[at]))
        for at in doubtful(labels, probability)
    ]


def apart(rows: Sequence[DatasetRow]) -> list[tuple[Rows, Rows]]:
    """Return what each network learns from, tuning studies too, and what it judges: of other patients."""
    folds = [_fold(row) for row in rows]
    return [
        (
            tuple(row for row, at in zip(rows, folds, strict=True) if at != fold),
            tuple(row for row, at in zip(rows, folds, strict=True) if at == fold),
        )
        for fold in range(FOLDS)
    ]


def _fold(row: DatasetRow) -> int | None:
    """Return which network judges a row: a patient's for ever the same, a tuning study's none."""
    if row.split is not Split.TRAIN:
        return None
    return int.from_bytes(hashlib.sha256(f"fold|{row.patient}".encode()).digest()[:8], "big") % FOLDS


def _job(services: PipelineServices, learned: Gathered, training: str) -> Job:
    """Return one network's training; the same studies, recipe and code give the same one."""
    digest = frozen(services.storage.objects, learned)
    path = find_recipe(training)
    key = derived_id("doubt", digest, read_recipe(path).digest, code_version())
    return Job(
        key=key,
        dataset=digest,
        dataset_version="",
        recipe=path,
        variant=None,
        seed=1,
        folder=services.settings.folder / "trainings" / key,
    )


def _probability(
    services: PipelineServices, trained: Trained, judged: Sequence[DatasetRow]
) -> NDArray[np.float32]:
    package = open_package(services.storage.objects.get(trained.package))
    pictures = services.pictures(trained.image_size).gather([row.study for row in judged])
    return score(package, pictures).probability[:, 0]
