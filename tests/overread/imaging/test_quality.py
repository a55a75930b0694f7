"""Hints about a picture: rarely wrong on real radiographs, present where something is wrong."""

import csv
from pathlib import Path

import numpy as np
import pytest

from overread.imaging.pixels import grey_file
from overread.imaging.quality import Flaw, assess
from overread.imaging.resizing import Grey
from tests.overread.imaging.builders import real


def a_chest() -> Grey:
    """Return something with two dark lungs and a bright middle."""
    y, x = np.mgrid[0:128, 0:128] / 128
    lungs = np.exp(-(((np.abs(x - 0.5) - 0.22) / 0.12) ** 2) - ((y - 0.5) / 0.28) ** 2)
    return np.asarray(200 - 150 * lungs + 30 * y, np.uint8)


def some_real(name: str, count: int) -> list[Grey]:
    folder = real("cxr", name)
    return [grey_file(path.read_bytes(), 256) for path in sorted(folder.glob("*.png"))[:count]]


def test_an_ordinary_picture_has_no_flaw() -> None:
    assert assess(a_chest()).flaws == ()


@pytest.mark.parametrize(
    ("image", "flaw"),
    [
        (np.full((64, 64), 90, np.uint8), Flaw.BLANK),
        (np.repeat([[0, 255]], 64, axis=0).repeat(32, axis=1).astype(np.uint8), Flaw.BURNT_OUT),
        ((a_chest() / 8 + 100).astype(np.uint8), Flaw.LOW_CONTRAST),
        (np.clip(a_chest().astype(int) + 75, 0, 255).astype(np.uint8), Flaw.CLIPPED),
        (255 - a_chest(), Flaw.INVERTED),
        (np.rot90(a_chest()), Flaw.SIDEWAYS),
        (np.vstack([np.zeros((90, 128), np.uint8), a_chest()]), Flaw.CUT_OFF),
    ],
)
def test_each_flaw_is_found(image: Grey, flaw: Flaw) -> None:
    assert flaw in assess(image).flaws


def test_only_a_blank_or_burnt_out_picture_cannot_be_read() -> None:
    assert not assess(np.zeros((64, 64), np.uint8)).readable
    assert assess(255 - a_chest()).readable


def test_real_frontal_radiographs_are_rarely_hinted_at_and_never_called_unreadable() -> None:
    found = [assess(image) for image in some_real("nih512", 200)]
    assert all(quality.readable for quality in found)
    assert sum(bool(quality.flaws) for quality in found) <= 0.03 * len(found)


def test_real_radiographs_on_their_side_are_noticed() -> None:
    found = [Flaw.SIDEWAYS in assess(image).flaws for image in some_real("nih512_rotated", 10)]
    assert sum(found) >= 8


def test_a_real_header_that_lies_about_polarity_is_noticed() -> None:
    inverted = [Flaw.INVERTED in assess(np.asarray(255 - image)).flaws for image in some_real("nih512", 100)]
    assert sum(inverted) >= 80


def test_labels_lie_beside_the_images() -> None:
    table: Path = real("cxr/labels.csv")
    with table.open() as file:
        assert "patient_id" in next(csv.reader(file))
