"""What a drawn study gives: the same picture every time, findings inside their boxes, makers that differ."""

import cv2
import numpy as np
import pytest

from overread.simulation.pictures import boxes_in_pixels, draw, rendered, single_threaded
from overread.simulation.population import MIX, Department, studies_of
from overread.simulation.scanners import MAKERS
from tests.overread.simulation.examples import a_clean_study, a_study

SIZE = 192


def test_a_study_is_drawn_the_same_twice() -> None:
    first, second = draw(a_study(), SIZE), draw(a_study(), SIZE)
    assert np.array_equal(first.stored, second.stored)
    assert first.boxes == second.boxes


def test_two_patients_look_different() -> None:
    apart = rendered(a_clean_study(0)).astype(int) - rendered(a_clean_study(1))
    assert np.abs(apart).mean() > 5


@pytest.mark.parametrize("maker", MAKERS)
def test_stored_values_fit_the_makers_bits_and_the_window_shows_the_picture(maker: str) -> None:
    drawn = draw(a_study(maker=maker), SIZE)
    assert drawn.stored.dtype == np.uint16
    assert drawn.stored.max() < 1 << MAKERS[maker].bits
    grey = rendered(drawn)
    assert grey.dtype == np.uint8
    assert grey.shape == (SIZE, SIZE)
    assert 3 < np.percentile(grey[60:130, 30:160], 5) < 110
    assert 150 < np.percentile(grey[60:130, 30:160], 95) <= 255


def test_the_makers_pictures_of_one_patient_differ() -> None:
    greys = [rendered(draw(a_clean_study(3, maker=maker), SIZE)).astype(float) for maker in "ABCN"]
    grain = [float(np.median(np.abs(grey - cv2.blur(grey, (3, 3))))) for grey in greys]
    for one in range(4):
        for other in range(one):
            assert np.abs(greys[one] - greys[other]).mean() > 2
    assert grain[3] == max(grain)  # the drifted scanner is the noisiest


@pytest.mark.parametrize("code", MIX)
@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_what_a_finding_changes_lies_inside_its_box(code: str, number: int) -> None:
    clean = a_clean_study(number, maker="C")
    study = clean.with_finding(code, subtlety=0.2)
    change = np.abs(rendered(study, SIZE).astype(float) - rendered(clean, SIZE))
    change = np.maximum(change - np.median(change) - 4, 0)
    ((named, box),) = boxes_in_pixels(study, SIZE)
    x0, y0, x1, y1 = (round(edge) for edge in box.corners)
    inside = change[max(y0 - 2, 0) : y1 + 2, max(x0 - 2, 0) : x1 + 2]
    assert named == code
    assert inside.max() > 8
    assert inside.sum() > 0.85 * change.sum()


def test_the_subtler_a_finding_the_less_it_changes() -> None:
    clean = a_clean_study(2)
    for code in ("fibrous_strand", "calcification", "nodule"):
        plain, subtle = (
            np.abs(rendered(clean.with_finding(code, subtlety=s)).astype(int) - rendered(clean)).sum()
            for s in (0.0, 0.8)
        )
        assert plain > subtle


def test_a_later_study_shows_the_same_chest_in_another_pose() -> None:
    first, second = next(pair for n in range(40) if len(pair := studies_of(Department(seed=2), n)[:2]) == 2)
    assert first.chest.heart == pytest.approx(second.chest.heart, abs=0.04)
    assert first.chest.thickness == second.chest.thickness
    assert first.chest.tilt != second.chest.tilt


def test_boxes_grow_with_the_picture() -> None:
    study = a_clean_study().with_finding("nodule", subtlety=0.0)
    ((_, small),), ((_, large),) = boxes_in_pixels(study, 192), boxes_in_pixels(study, 384)
    assert large.corners == pytest.approx([2 * edge for edge in small.corners])


def test_a_drawing_shrinks_to_about_the_same_picture_at_another_size() -> None:
    coarse, fine = (rendered(a_clean_study(1, maker="C"), 96, drawn_at=size) for size in (256, 384))
    assert np.corrcoef(coarse.ravel(), fine.ravel())[0, 1] > 0.98


def test_a_process_can_be_kept_to_one_thread() -> None:
    single_threaded()
    assert cv2.getNumThreads() == 1
