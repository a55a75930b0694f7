"""Lessons are drawn whole, and every part of one is that part of the whole."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from overread.learning.determinism import generator
from overread.learning.distributed import Group
from overread.learning.legs import Leg, legs
from overread.learning.lessons import Lesson, Lessons
from tests.overread.learning.plain import CPU, plain_recipe
from tests.overread.learning.toys import toy_studies

RECIPE = plain_recipe()  # pictures move, and batches do not divide evenly
STUDIES = toy_studies(33)


def lessons_of(leg: Leg, group: Group, *, done: int = 0) -> Iterator[Lesson]:
    """Yield the lessons of a leg, without the first ones of its order."""
    lessons, rng = Lessons(RECIPE, STUDIES, CPU, group), generator(1, leg.number)
    return lessons.of(leg, rng, lessons.order(leg, rng)[done:])


def leg_of(stage: str) -> Leg:
    """Return the first leg of a stage."""
    return next(leg for leg in legs(RECIPE, STUDIES.labels) if leg.stage == stage)


@pytest.mark.parametrize("stage", ["patches", "images"])
def test_what_two_processes_learn_is_what_one_would(stage: str) -> None:
    leg, groups = leg_of(stage), [Group(rank=rank, size=2) for rank in (0, 1)]
    for whole, *halves in zip(
        lessons_of(leg, Group()), *(lessons_of(leg, group) for group in groups), strict=True
    ):
        pixels = [half.pixels(group.share(len(half))) for half, group in zip(halves, groups, strict=True)]
        torch.testing.assert_close(torch.cat(pixels), whole.pixels(slice(0, len(whole))))
        for half in halves:
            assert np.array_equal(half.labels, whole.labels, equal_nan=True)
            assert np.array_equal(half.places(4), whole.places(4), equal_nan=True)


def test_a_part_can_be_computed_again_and_gives_the_same() -> None:
    lesson = next(lessons_of(leg_of("images"), Group()))
    assert torch.equal(lesson.pixels(slice(2, 5)), lesson.pixels(slice(2, 5)))
    torch.testing.assert_close(lesson.pixels(slice(2, 5)), lesson.pixels(slice(0, 11))[2:5])


def test_answers_have_a_row_for_each_picture_and_count_what_the_whole_batch_read() -> None:
    lesson = next(lessons_of(leg_of("images"), Group()))
    whole = lesson.answers(4, CPU)
    part = whole.part(slice(0, 3))
    assert (len(whole.labels), len(part.labels), part.places.shape[1:]) == (11, 3, (3, 4, 4))
    assert part.read == whole.read
    assert float(whole.read[0]) == 11


def test_a_pass_covers_every_study_and_a_leg_can_be_begun_in_its_middle() -> None:
    leg = leg_of("images")
    sizes = [len(lesson) for lesson in lessons_of(leg, Group())]
    assert sum(sizes) == 33
    assert [len(lesson) for lesson in lessons_of(leg, Group(), done=2)] == sizes[2:]
