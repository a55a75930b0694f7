"""What frames and map cells should answer, from boxes."""

import numpy as np
import pytest

from overread.learning.data import Floats
from overread.learning.targets import cell_targets, frame_targets

NAN = float("nan")
FIRST = np.zeros(1, np.int64)


def cells(box: tuple[float, float, float, float], n: int, *, known: float = 0.0) -> Floats:
    """Return (2, n, n): the targets of one frame with one box of finding 1."""
    unread, boxes = np.full((1, 2), known, np.float32), np.array([box], np.float32)
    answers: Floats = cell_targets(unread, boxes, FIRST, FIRST + 1, cells=n).reshape(2, n, n)
    return answers


def frame(*box: float) -> float:
    """Return what a frame answers for its one box."""
    boxes = np.array([box], np.float32)
    answers = frame_targets(np.zeros((1, 3), np.float32), boxes, FIRST, FIRST + 1)[0]
    assert answers[2] == 0
    assert np.array_equal(answers[0], answers[1], equal_nan=True)
    return float(answers[1])


@pytest.mark.parametrize(
    ("box", "answer"),
    [
        ((0.4, 0.4, 0.5, 0.5), 1),  # all of a small finding
        ((0.94, 0.4, 1.04, 0.5), 1),  # more than half of it
        ((0.97, 0.4, 1.07, 0.5), NAN),  # a third: nobody could say
        ((0.99, 0.4, 1.09, 0.5), 0),  # a tenth
        ((-2.0, -2.0, 3.0, 0.4), 1),  # a large one that fills 40 %
        ((-2.0, -2.0, 3.0, 0.3), NAN),
        ((-2.0, -2.0, 3.0, 0.1), 0),
        ((1.5, 1.5, 1.6, 1.6), 0),
    ],
)
def test_a_frame_shows_a_finding_when_it_holds_most_of_it_or_is_much_filled(
    box: tuple[float, float, float, float], answer: float
) -> None:
    assert frame(*box) == pytest.approx(answer, nan_ok=True)


def test_cells_answer_where_the_box_is_for_the_finding_and_for_any() -> None:
    targets = cells((0.5, 0.0, 1.0, 0.5), 2)
    assert targets.tolist() == [[[0, 1], [0, 0]]] * 2


def test_a_tiny_box_between_cells_has_at_least_one() -> None:
    targets = cells((0.245, 0.245, 0.255, 0.255), 4)
    assert (targets[1] == 1).sum() >= 1
    assert (targets[1, :2, :2] != 0).all()
    assert (targets[1, 2:] == 0).all()


def test_a_large_box_is_answered_all_over_and_half_read_at_its_rim() -> None:
    row = cells((0.0, 0.0, 0.8, 1.0), 4)[1, 0]
    assert row[:3].tolist() == [1, 1, 1]
    assert np.isnan(row[3])


def test_what_was_not_read_stays_unread_beside_a_box() -> None:
    targets = cells((0.0, 0.0, 0.5, 0.5), 2, known=NAN)
    assert targets[1, 0, 0] == 1
    assert np.isnan(targets[1]).sum() == 3


def test_a_frame_without_boxes_answers_what_is_known() -> None:
    none = np.zeros(0, np.int64)
    known = np.array([[0, NAN]], np.float32)
    targets = cell_targets(known, np.zeros((0, 4), np.float32), none, none, cells=2)
    assert (targets[0, 0] == 0).all()
    assert np.isnan(targets[0, 1]).all()
