"""Labels as arrays, boxes by study, passes over both."""

import numpy as np
import pytest

from overread.domain.errors import InputError
from overread.learning.data import (
    LabelledSet,
    LabelledStudy,
    batches,
    joined,
    labelled_set,
)

COLUMNS = ("any", "strand", "heart")
BOX = (0.1, 0.2, 0.3, 0.4)


def a_set(*studies: LabelledStudy) -> LabelledSet:
    """Return the labelled set of these studies."""
    return labelled_set(COLUMNS, studies)


def a_positive(code: str = "strand") -> LabelledStudy:
    """Return a study with one marked finding."""
    return LabelledStudy(any_finding=1, findings={code: 1}, boxes=[(code, BOX)])


NEGATIVE = LabelledStudy(any_finding=0)


def test_a_study_without_findings_is_negative_for_every_code() -> None:
    assert a_set(NEGATIVE).labels.tolist() == [[0, 0, 0]]


def test_a_finding_without_a_code_leaves_the_codes_unread() -> None:
    labels = a_set(LabelledStudy(any_finding=1)).labels[0]
    assert labels[0] == 1
    assert np.isnan(labels[1:]).all()


def test_an_unknown_code_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="ghost"):
        a_set(LabelledStudy(any_finding=1, findings={"ghost": 1}))


def test_boxes_are_found_by_study_also_when_a_study_comes_twice() -> None:
    dataset = a_set(a_positive(), NEGATIVE, a_positive("heart"))
    positions, rows = dataset.boxes_of(np.array([2, 0, 1, 2]))
    assert positions.tolist() == [0, 1, 3]
    assert dataset.box_columns[rows].tolist() == [2, 1, 2]


def test_the_place_of_a_finding_that_was_called_but_not_marked_is_unknown_and_so_is_that_of_any() -> None:
    marked = a_positive()
    partly = LabelledStudy(any_finding=1, findings={"strand": 1, "heart": 1}, boxes=[("strand", BOX)])
    codeless = LabelledStudy(any_finding=1)
    known = a_set(marked, partly, codeless, NEGATIVE).placeable() == 0
    assert known.tolist() == [
        [True, True, True],
        [False, True, False],
        [False, False, False],
        [True, True, True],
    ]


def test_joining_keeps_each_box_with_its_study() -> None:
    both = joined(a_set(NEGATIVE, a_positive()), a_set(a_positive("heart")))
    assert both.box_studies.tolist() == [1, 2]
    assert len(both) == 3


def test_one_pass_brings_each_study_as_often_as_it_repeats() -> None:
    dataset = a_set(NEGATIVE, a_positive(), NEGATIVE)
    dataset.repeats[:] = [1, 3, 3]
    seen = np.concatenate(batches(dataset, 2, np.random.default_rng(0)))
    assert np.bincount(seen).tolist() == [1, 3, 3]


def test_boxes_that_are_not_sorted_by_study_are_refused() -> None:
    good = a_set(a_positive(), a_positive())
    with pytest.raises(InputError, match="sorted"):
        LabelledSet(
            columns=good.columns,
            labels=good.labels,
            boxes=good.boxes,
            box_studies=good.box_studies[::-1].copy(),
            box_columns=good.box_columns,
            weights=good.weights,
            repeats=good.repeats,
        )
