"""The histogram baseline."""

import csv
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model_registry.baseline import histogram_baseline
from overread.domain.errors import EvidenceError

Images = list[NDArray[np.uint8]]
REAL = Path(__file__).parents[2] / "../shared/data/cxr"


def noisy(brightness: float, rng: np.random.Generator, *, spread: float = 30) -> NDArray[np.uint8]:
    return np.clip(rng.normal(brightness, spread, size=(32, 32)), 0, 255).astype(np.uint8)


def a_set(n: int, *, gain: float, seed: int = 0) -> tuple[Images, list[int], list[str]]:
    """Return n images, two a patient, brighter by `gain` grey levels where there is a finding."""
    rng = np.random.default_rng(seed)
    labels = [int(i % 4 < 2) for i in range(n)]
    images = [noisy(110 + gain * label + rng.normal(scale=8), rng) for label in labels]
    return images, labels, [f"p{i // 2}" for i in range(n)]


def test_brightness_that_follows_the_label_is_found() -> None:
    found = histogram_baseline(*a_set(160, gain=40))
    assert found.auc.estimate > 0.95
    assert (found.n_positive, found.n_negative, found.n_patients) == (80, 80, 80)
    assert found.auc.lower <= found.auc.estimate <= found.auc.upper
    assert found.auc.method == "bca"


def test_pictures_alike_in_both_classes_give_chance_inside_the_limits() -> None:
    found = histogram_baseline(*a_set(240, gain=0))
    assert found.auc.lower < 0.5 < found.auc.upper


def test_a_patient_never_teaches_what_is_asked_of_the_same_patient() -> None:
    rng = np.random.default_rng(1)
    images, labels, patients = [], [], []
    for patient in range(60):  # each patient has a grey level of their own, and it says nothing of the next
        level, label = rng.uniform(20, 235), int(rng.random() < 0.5)
        images += [noisy(level, rng, spread=2) for _ in range(4)]
        labels += [label] * 4
        patients += [f"p{patient}"] * 4
    found = histogram_baseline(images, labels, patients)
    assert found.auc.estimate < 0.75
    assert found.auc.lower < 0.5


def test_the_stored_size_is_part_of_the_trivial_cue() -> None:
    images, labels, patients = a_set(160, gain=0)
    sizes = [(2048, 2048) if label else (1024, 1024) for label in labels]
    assert histogram_baseline(images, labels, patients, sizes=sizes).auc.estimate > 0.99


def test_images_are_read_once_and_may_differ_in_shape() -> None:
    images, labels, patients = a_set(80, gain=40)

    def one_by_one() -> Iterator[NDArray[np.uint8]]:
        yield from (image[: 24 + 4 * (i % 2)] for i, image in enumerate(images))

    assert histogram_baseline(one_by_one(), labels, patients).auc.estimate > 0.9


def test_a_seed_gives_one_answer() -> None:
    some = a_set(80, gain=10)
    assert histogram_baseline(*some, seed=3) == histogram_baseline(*some, seed=3)


def test_too_few_patients_of_a_class_are_refused() -> None:
    images, _, patients = a_set(80, gain=0)
    with pytest.raises(EvidenceError, match="1 patients with a finding"):
        histogram_baseline(images, [1, 1, *[0] * 78], patients)


def test_lists_of_unequal_length_are_refused() -> None:
    images, labels, patients = a_set(80, gain=0)
    with pytest.raises(ValueError, match="equally many"):
        histogram_baseline(images, labels[:-1], patients)


@pytest.fixture
def real() -> Path:
    if not REAL.is_dir():
        pytest.skip("the real radiographs of shared/data are not here")
    return REAL


@pytest.mark.parametrize(("name", "published"), [("kermany224", 0.731), ("nih64", 0.567)])
def test_real_radiographs_give_the_baseline_their_card_states(
    real: Path, name: str, published: float
) -> None:
    with (real / "labels.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith(f"{name}/")]
    images = (np.asarray(cv2.imread(str(real / row["file"]), cv2.IMREAD_GRAYSCALE), np.uint8) for row in rows)
    found = histogram_baseline(
        images, [int(row["label"] == "has_finding") for row in rows], [row["patient_id"] for row in rows]
    )
    assert found.auc.estimate == pytest.approx(published, abs=0.05)
    assert found.auc.lower < published < found.auc.upper
