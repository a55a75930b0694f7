"""What the GPU's department says of a network: patients apart, the threshold from the tuning set alone."""

from itertools import combinations

import numpy as np
import pytest

from benchmarks.gpu_department import COLUMNS, Part, judged, split_of
from overread.learning.scoring import Scores
from overread.simulation.population import MIX, Department, cohort


@pytest.fixture(scope="module")
def parts() -> dict[str, Part]:
    studies = cohort(Department(seed=3), {"train": 60, "tune": 120, "test": 120}, split_of)
    rng = np.random.default_rng(3)
    return {
        split: Part(studies=some, pictures=rng.integers(256, size=(len(some), 8, 8), dtype=np.uint8))
        for split, some in studies.items()
    }


def scores_of(part: Part, *, shift: float = 0.0) -> Scores:
    """Return logits that know the truth, and noise; `shift` moves them all."""
    noise = np.random.default_rng(len(part.studies)).normal(size=(len(part.studies), len(COLUMNS)))
    logits = (part.labels.labels * 2 - 1 + noise + shift).astype(np.float32)
    return Scores(logits=logits, embedding=logits)


def test_no_patient_is_in_two_parts(parts: dict[str, Part]) -> None:
    patients = [set(part.patients.tolist()) for part in parts.values()]
    assert all(one and not one & other for one, other in combinations(patients, 2))


def test_a_finding_is_labelled_with_its_box(parts: dict[str, Part]) -> None:
    labels = parts["test"].labels
    findings = [finding for study in parts["test"].studies for finding in study.findings]
    assert len(labels.boxes) == len(findings) > 0
    assert labels.labels[:, 0].sum() == sum(bool(study.findings) for study in parts["test"].studies)


def test_moved_test_scores_move_its_rates_and_not_the_threshold(parts: dict[str, Part]) -> None:
    tuned = scores_of(parts["tune"])
    _, threshold, plain = judged(scores_of(parts["test"]), tuned, parts)
    _, same, moved = judged(scores_of(parts["test"], shift=3.0), tuned, parts)
    assert same == threshold
    assert moved["sensitivity"]["estimate"] > plain["sensitivity"]["estimate"]
    assert moved["specificity"]["estimate"] < plain["specificity"]["estimate"]
    assert moved["auc"]["estimate"] == pytest.approx(plain["auc"]["estimate"])


def test_the_tuning_set_gets_the_specificity_that_is_asked(parts: dict[str, Part]) -> None:
    tuned = scores_of(parts["tune"])
    _, _, found = judged(tuned, tuned, {**parts, "test": parts["tune"]})
    assert found["specificity"]["estimate"] >= 0.90


def test_what_was_found_of_each_finding_is_counted_among_those_who_show_it(parts: dict[str, Part]) -> None:
    _, _, found = judged(scores_of(parts["test"]), scores_of(parts["tune"]), parts)
    assert set(found["by_finding"]) <= set(MIX)
    assert all(0 <= called <= shown for called, shown in found["by_finding"].values())
    assert sum(shown for _, shown in found["by_finding"].values()) == sum(
        len(study.findings) for study in parts["test"].studies
    )
