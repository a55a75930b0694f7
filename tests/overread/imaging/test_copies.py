"""One exposure is found again under another name though it was mirrored, cropped, turned or windowed."""

import csv
from collections.abc import Callable, Sequence
from functools import cache

import cv2
import numpy as np
import pytest

from overread.imaging.copies import copies, same_exposure
from overread.imaging.likeness import Fingerprint, fingerprint
from overread.imaging.pixels import grey_file
from overread.imaging.resizing import Grey
from tests.overread.imaging.builders import real
from tests.overread.imaging.test_likeness import a_picture, alike, halved, re_encoded


def mirrored(image: Grey) -> Grey:
    return np.ascontiguousarray(image[:, ::-1])


def cropped(image: Grey, share: float = 0.05) -> Grey:
    """Cut a share off the top and half of it off each side."""
    cut = round(share * len(image))
    return np.ascontiguousarray(image[cut:, cut // 2 : -(cut // 2)])


def turned(image: Grey) -> Grey:
    side = len(image)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), 2.0, 1.0)
    return np.asarray(cv2.warpAffine(image, turn, (side, side)), np.uint8)


def windowed(image: Grey) -> Grey:
    return np.asarray(np.clip((image.astype(float) - 20) * 255 / 200, 0, 255), np.uint8)


def all_at_once(image: Grey) -> Grey:
    return re_encoded(halved(mirrored(cropped(image, 0.03))))


ALTERATIONS = [re_encoded, halved, mirrored, cropped, turned, windowed, all_at_once]


def thumbnails(images: Sequence[Grey]) -> list[Fingerprint]:
    return [fingerprint(image) for image in images]


@cache
def patients(count: int) -> tuple[Grey, ...]:
    """Return one real radiograph of each of so many patients."""
    with real("cxr/labels.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith("nih512/")]
    first = {row["patient_id"]: row["file"] for row in rows}
    return tuple(grey_file(real("cxr", name).read_bytes(), 192) for name in list(first.values())[:count])


@pytest.mark.parametrize("altered", ALTERATIONS)
def test_an_altered_copy_is_named_and_no_other_pair(altered: Callable[[Grey], Grey]) -> None:
    images = [a_picture(seed) for seed in range(12)]
    others = [a_picture(seed) for seed in range(100, 112)]
    found = copies(thumbnails(images), thumbnails([*others, altered(images[5])]))
    assert found == [(5, 12)]


@pytest.mark.parametrize("altered", ALTERATIONS)
def test_altered_copies_of_real_radiographs_are_found(altered: Callable[[Grey], Grey]) -> None:
    images = patients(60)
    learned = thumbnails(images[:40])
    tested = thumbnails([*images[40:], *(altered(image) for image in images[:20])])
    found = copies(learned, tested)
    assert set(found) <= {(number, 20 + number) for number in range(20)}
    assert len(found) >= 18


def test_what_was_cropped_is_found_from_either_side() -> None:
    images = [a_picture(seed) for seed in range(3)]
    assert copies(thumbnails([cropped(images[1])]), thumbnails(images)) == [(0, 1)]


def test_no_two_of_three_hundred_real_patients_are_one_exposure() -> None:
    prints = thumbnails(patients(300))
    assert copies(prints[::2], prints[1::2]) == []


def test_a_mirrored_picture_is_no_look_alike_and_is_one_exposure() -> None:
    one, other = fingerprint(a_picture(1)), fingerprint(mirrored(a_picture(1)))
    assert not alike(one, other)
    assert same_exposure(one, other)
    assert not same_exposure(one, fingerprint(a_picture(2)))


def test_nothing_and_flat_pictures_have_no_copies() -> None:
    flat = fingerprint(np.zeros((64, 64), np.uint8))
    assert copies([], [flat]) == copies([flat], []) == copies([flat], [flat]) == []
    assert not same_exposure(flat, fingerprint(a_picture(1)))
