"""What grey levels alone can say: the floor that every AUC is shown beside."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from overread.domain.errors import EvidenceError
from overread.domain.estimates import Estimate
from overread.measures.counted_resampling import auc_bootstrap
from overread.measures.resampling import Draws

BINS = 64
FOLDS = 5
PENALTY = 0.1  # scikit-learn's C


@dataclass(frozen=True, kw_only=True, slots=True)
class HistogramBaseline:
    """AUC of a logistic regression on the histogram and size of the image, out of fold."""

    auc: Estimate
    n_positive: int
    n_negative: int
    n_patients: int


def histogram_baseline(
    images: Iterable[NDArray[np.uint8]],
    has_finding: ArrayLike,
    patients: Sequence[Hashable],
    *,
    sizes: Sequence[tuple[int, int]] | None = None,
    seed: int = 0,
) -> HistogramBaseline:
    """Score each image by a model of its grey levels that never saw its patient.

    Parameters
    ----------
    images
        uint8 pictures of any shape, read once; `sizes` gives rows and columns as stored where the pictures
        given here are reduced ones.
    has_finding : (n,) of 0 and 1
        Labels in the order of the images.
    patients : (n,)
        Patients never cross folds, and are resampled whole for the interval.
    seed
        Of the folds and of the interval.

    Raises
    ------
    EvidenceError
        Fewer patients with, or without, a finding than folds.
    """
    labels = np.asarray(has_finding, dtype=np.int64)
    groups = np.unique([repr(patient) for patient in patients], return_inverse=True)[1]
    measured = [(_histogram(image), image.shape[:2]) for image in images]
    if not len(measured) == len(labels) == len(groups) == len(measured if sizes is None else sizes):
        raise ValueError("images, labels, patients and sizes must be equally many")
    for label, name in ((1, "with"), (0, "without")):
        if (count := len(np.unique(groups[labels == label]))) < FOLDS:
            raise EvidenceError(f"{count} patients {name} a finding; a baseline needs {FOLDS}")
    shapes = [shape for _, shape in measured] if sizes is None else sizes
    columns = np.column_stack(
        [np.array([shares for shares, _ in measured]), np.array(shapes, dtype=np.float64)]
    )
    scores = _out_of_fold(columns, labels, groups, seed)
    return HistogramBaseline(
        auc=auc_bootstrap(labels, scores, cluster=groups, draws=Draws(seed=seed)),
        n_positive=int(labels.sum()),
        n_negative=int((1 - labels).sum()),
        n_patients=int(groups.max()) + 1,
    )


def _histogram(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    counts = np.bincount(image.ravel() // np.uint8(256 // BINS), minlength=BINS)
    return counts / image.size


def _out_of_fold(
    columns: NDArray[np.float64], labels: NDArray[np.int64], groups: NDArray[np.int64], seed: int
) -> NDArray[np.float64]:
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    scores = np.empty(len(labels))
    for learnt, left_out in folds.split(columns, labels, groups):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=2000))
        model.fit(columns[learnt], labels[learnt])
        scores[left_out] = model.decision_function(columns[left_out])
    return scores
