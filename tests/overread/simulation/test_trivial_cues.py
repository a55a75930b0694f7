"""No glance (histogram, thumbnail, tags) tells which studies have a finding: it must be looked for."""

from collections.abc import Callable
from itertools import islice

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from overread.domain.findings import Label
from overread.simulation.pictures import draw, rendered, single_threaded
from overread.simulation.population import Department, SimulatedStudy, studies
from overread.simulation.scanners import MAKERS

Floats = NDArray[np.float64]
STUDIES, DRAWN, SEEN = 1000, 192, 192


class Seen:
    """What trivial cues may use of the same studies: pictures, tags, and the true answer."""

    def __init__(self, some: list[SimulatedStudy]) -> None:
        drawn = [draw(study, DRAWN) for study in some]
        self.pictures = np.stack([rendered(one, SEEN) for one in drawn])
        self.tags = np.array(
            [
                (
                    *(study.maker == name for name in MAKERS),
                    study.age,
                    study.patient.sex == "F",
                    study.acquired_at.hour,
                    study.prior is not None,
                    one.exposure.window_center,
                    one.exposure.window_width,
                    one.exposure.bits,
                )
                for study, one in zip(some, drawn, strict=True)
            ],
            float,
        )
        self.truth = np.array([study.label is Label.HAS_FINDING for study in some])
        self.patients = np.array([study.patient.key for study in some])


@pytest.fixture(scope="module")
def seen() -> Seen:
    single_threaded()
    return Seen(list(islice(studies(Department(seed=2024)), STUDIES)))


def histogram(seen: Seen) -> Floats:
    return np.stack([np.histogram(one, 64, (0, 256))[0] for one in seen.pictures]).astype(float)


def statistics(seen: Seen) -> Floats:
    flat = seen.pictures.reshape(len(seen.pictures), -1).astype(float)
    percentiles = np.percentile(flat, (1, 5, 25, 50, 75, 95, 99), axis=1).T
    return np.column_stack([flat.mean(axis=1), flat.std(axis=1), percentiles])


def thumbnail(seen: Seen) -> Floats:
    small = [cv2.resize(one, (8, 8), interpolation=cv2.INTER_AREA).ravel() for one in seen.pictures]
    return np.stack(small).astype(float)


def tags(seen: Seen) -> Floats:
    return seen.tags


def logistic() -> BaseEstimator:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))


def forest() -> BaseEstimator:
    return RandomForestClassifier(50, min_samples_leaf=5, random_state=0)


@pytest.mark.slow
@pytest.mark.parametrize("learner", [logistic, forest])
@pytest.mark.parametrize("cue", [histogram, statistics, thumbnail, tags])
def test_no_trivial_cue_tells_which_studies_have_a_finding(
    seen: Seen, cue: Callable[[Seen], Floats], learner: Callable[[], BaseEstimator]
) -> None:
    folds = GroupKFold(5)
    score = cross_val_predict(
        learner(), cue(seen), seen.truth, groups=seen.patients, cv=folds, method="predict_proba"
    )
    assert roc_auc_score(seen.truth, score[:, 1]) < 0.60
