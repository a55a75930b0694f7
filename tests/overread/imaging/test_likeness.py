"""The same picture is found again; different patients are not."""

import csv
import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image

from overread.domain.errors import InputError
from overread.imaging.likeness import Fingerprint, fingerprint, pairs
from overread.imaging.pixels import grey_file
from overread.imaging.resizing import Grey, squared
from tests.overread.imaging.builders import real

_RNG = np.random.default_rng(7)


def a_picture(seed: int, side: int = 256) -> Grey:
    """Return smooth random structure, different for each seed."""
    rng = np.random.default_rng(seed)
    coarse = [
        cv2.resize(rng.random((nodes, nodes)), (side, side), interpolation=cv2.INTER_CUBIC)
        for nodes in (4, 9, 24)
    ]
    field = coarse[0] + 0.6 * coarse[1] + 0.4 * coarse[2]
    return np.asarray(255 * (field - field.min()) / np.ptp(field), np.uint8)


def re_encoded(image: Grey) -> Grey:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=50)
    return np.asarray(Image.open(file))


def trimmed(image: Grey) -> Grey:
    rows, columns = image.shape
    return image[round(0.02 * rows) :, : columns - round(0.02 * columns)]


def noisy(image: Grey) -> Grey:
    noise = np.random.default_rng(0).normal(0, 1, image.shape)
    return np.asarray(np.clip(image + noise, 0, 255).round(), np.uint8)


def halved(image: Grey) -> Grey:
    return squared(image, image.shape[0] // 2)


def brighter(image: Grey) -> Grey:
    return np.asarray(np.clip(image * 1.05, 0, 255), np.uint8)


def all_at_once(image: Grey) -> Grey:
    return re_encoded(halved(noisy(brighter(trimmed(image)))))


def alike(one: Fingerprint, other: Fingerprint) -> bool:
    return pairs((one, other)) == [(0, 1)]


ALTERATIONS = [re_encoded, trimmed, noisy, halved, brighter, all_at_once]


@pytest.mark.parametrize("altered", ALTERATIONS)
def test_an_altered_copy_is_found_both_ways(altered: Callable[[Grey], Grey]) -> None:
    for seed in range(5):
        image = a_picture(seed)
        one, other = fingerprint(image), fingerprint(altered(image))
        assert alike(one, other)
        assert alike(other, one)


def test_different_pictures_are_not_alike() -> None:
    assert pairs([fingerprint(a_picture(seed)) for seed in range(60)]) == []


def test_pairs_come_in_order() -> None:
    first, second = a_picture(1), a_picture(2)
    prints = [fingerprint(each) for each in (first, second, re_encoded(first), noisy(second), first)]
    assert pairs(prints) == [(0, 2), (0, 4), (1, 3), (2, 4)]
    assert pairs([]) == []


@pytest.mark.parametrize("known", range(6))
def test_what_was_compared_before_is_left_out(known: int) -> None:
    first, second = a_picture(1), a_picture(2)
    prints = [fingerprint(each) for each in (first, second, re_encoded(first), noisy(second), first)]
    assert pairs(prints, known=known) == [(i, j) for i, j in pairs(prints) if j >= known]


def test_a_fingerprint_survives_storage() -> None:
    stored = bytes(fingerprint(a_picture(1)))
    assert len(stored) == 4096
    assert alike(Fingerprint(stored), fingerprint(a_picture(1)))


def test_flat_pictures_do_not_break_the_comparison() -> None:
    blank = fingerprint(np.zeros((64, 64), np.uint8))
    assert not alike(blank, fingerprint(a_picture(1)))


def test_other_bytes_are_no_fingerprint() -> None:
    with pytest.raises(InputError, match="4096"):
        Fingerprint(b"short")


@pytest.mark.parametrize("altered", ALTERATIONS)
def test_altered_copies_of_real_radiographs_are_found(altered: Callable[[Grey], Grey]) -> None:
    for path in sorted(real("cxr/nih512").glob("*.png"))[:400:10]:
        image = grey_file(path.read_bytes())
        assert alike(fingerprint(image), fingerprint(altered(image)))


def test_no_two_of_a_thousand_real_patients_are_alike() -> None:
    with real("cxr/labels.csv").open() as file:
        first_of = {row["patient_id"]: row["file"] for row in csv.DictReader(file)}
    patients = list(first_of)[:1000]
    prints = [fingerprint(grey_file(real("cxr", first_of[each]).read_bytes(), 64)) for each in patients]
    assert len(patients) == 1000
    assert pairs(prints) == []


def test_a_reduced_copy_of_a_real_radiograph_is_found_in_another_set() -> None:
    large, small = real("cxr/nih512"), real("cxr/nih64")
    names = sorted({path.name for path in large.glob("*.png")} & {path.name for path in small.glob("*.png")})[
        :50
    ]
    assert names
    for name in names:
        one, other = (grey_file((folder / name).read_bytes()) for folder in (large, small))
        assert alike(fingerprint(one), fingerprint(other))


@pytest.mark.slow
def test_phantoms_of_different_patients_are_not_alike() -> None:
    population = pytest.importorskip("overread.simulation.population")
    pictures = pytest.importorskip("overread.simulation.pictures")
    department = population.Department(seed=5)
    first_studies = [population.studies_of(department, number)[0] for number in range(200)]
    prints = [fingerprint(pictures.rendered(study, 96, drawn_at=192)) for study in first_studies]
    assert len(pairs(prints)) <= 0.01 * 200
