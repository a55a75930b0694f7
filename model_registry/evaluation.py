"""How good one version is on one dataset: the package that would serve is what is scored."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from model_registry.kept_scores import Floats, Scores
from model_registry.packaging import Package
from model_registry.sessions import session_of
from model_registry.test_set import TestCase
from overread.domain.errors import InputError
from overread.domain.estimates import Estimate
from overread.domain.findings import Label
from overread.measures.calibration import brier
from overread.measures.counted_resampling import auc_bootstrap
from overread.measures.proportion import clustered_proportion, wilson
from overread.measures.resampling import Draws

Pictures = NDArray[np.uint8]
BATCH = 32
DRAWS = Draws(n_resamples=1000, seed=20_251)  # the same numbers give the same limits


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What a package says of n pictures: `probability` (n, k), `map` (n, h, w), `embedding` (n, d)."""

    probability: Floats
    map: Floats
    embedding: Floats


def answers(session: onnxruntime.InferenceSession, pictures: Pictures) -> Answers:
    """Return what the graph answers to one batch of pictures (n, size, size)."""
    outputs = session.run(["probability", "map", "embedding"], {"pixels": pictures[:, None]})
    return Answers(probability=outputs[0], map=outputs[1], embedding=outputs[2])


def score(package: Package, pictures: Pictures, *, batch: int = BATCH, threads: int = 1) -> Scores:
    """Score pictures (n, size, size) uint8, in memory or mapped, in their order.

    Raises
    ------
    InputError
        The pictures are not what the contract asks.
    """
    size = package.contract.size
    if pictures.dtype != np.uint8 or pictures.ndim != 3 or pictures.shape[1:] != (size, size):  # noqa: PLR2004 - n, h, w
        raise InputError(f"the model reads uint8 (n, {size}, {size}), not {pictures.dtype} {pictures.shape}")
    if not len(pictures):
        raise InputError("no pictures to score")
    session = session_of(package.onnx, threads=threads)
    starts = range(0, len(pictures), batch)
    said = [answers(session, np.ascontiguousarray(pictures[at : at + batch])) for at in starts]
    return Scores(
        probability=np.concatenate([part.probability for part in said]),
        embedding=np.concatenate([part.embedding for part in said]),
        map=np.concatenate([part.map for part in said]),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Confusion:
    """The four counts at the threshold."""

    true_positive: int
    false_negative: int
    true_negative: int
    false_positive: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassScores:
    """Precision, recall and their harmonic mean of one of the two answers."""

    precision: Estimate
    recall: Estimate
    f1: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Missed:
    """Studies that show a finding, and how many of them the model called no finding."""

    n: int
    missed: int
    share: Estimate


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """One model on one dataset, at its own frozen threshold; limits take patients as the unit.

    `auc` has bootstrap limits by whole patients, precision Wilson's; F1 is NaN for a class neither there
    nor called.
    """

    n: int
    n_positive: int
    n_patients: int
    threshold: float
    confusion: Confusion
    sensitivity: Estimate
    specificity: Estimate
    auc: Estimate
    brier: Estimate
    by_class: Mapping[str, ClassScores]
    missed_by_finding: Mapping[str, Missed]


def evaluate(cases: Sequence[TestCase], probability: Floats, *, threshold: float) -> Evaluation:
    """Return how good `probability` (n,) of any finding is on `cases`, in the same order."""
    truth = np.array([case.positive for case in cases], bool)
    scores = np.asarray(probability, np.float64)
    if scores.shape != truth.shape:
        raise InputError(f"{len(cases)} studies and scores of shape {scores.shape} do not go together")
    called = scores >= threshold
    patients = np.array([case.patient for case in cases], str)
    recalls = {
        Label.HAS_FINDING: clustered_proportion(called[truth], patients[truth]),
        Label.NO_FINDING: clustered_proportion(~called[~truth], patients[~truth]),
    }
    return Evaluation(
        n=len(cases),
        n_positive=int(truth.sum()),
        n_patients=len(set(patients)),
        threshold=threshold,
        confusion=_confusion(truth, called),
        sensitivity=recalls[Label.HAS_FINDING],
        specificity=recalls[Label.NO_FINDING],
        auc=auc_bootstrap(truth, scores, cluster=patients, draws=DRAWS),
        brier=brier(truth, scores),
        by_class={
            label.value: _class_scores(truth == positive, called == positive, recalls[label])
            for label, positive in ((Label.HAS_FINDING, True), (Label.NO_FINDING, False))
        },
        missed_by_finding=missed_by_finding(cases, called),
    )


def _confusion(truth: NDArray[np.bool_], called: NDArray[np.bool_]) -> Confusion:
    return Confusion(
        true_positive=int((truth & called).sum()),
        false_negative=int((truth & ~called).sum()),
        true_negative=int((~truth & ~called).sum()),
        false_positive=int((~truth & called).sum()),
    )


def _class_scores(truth: NDArray[np.bool_], called: NDArray[np.bool_], recall: Estimate) -> ClassScores:
    right = int((truth & called).sum())
    counted = int(truth.sum()) + int(called.sum())
    return ClassScores(
        precision=wilson(right, int(called.sum())),
        recall=recall,
        f1=2 * right / counted if counted else float("nan"),
    )


def missed_by_finding(cases: Sequence[TestCase], called: NDArray[np.bool_]) -> dict[str, Missed]:
    """Return, for each finding of the truth, how many studies that show it were called no finding."""
    shown: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for case, call in zip(cases, called, strict=True):
        for code in set(case.findings):
            shown[code] += 1
            missed[code] += not call
    return {
        code: Missed(n=n, missed=missed[code], share=wilson(missed[code], n))
        for code, n in sorted(shown.items())
    }
