"""What a network gets most wrong comes more often."""

import numpy as np

from overread.learning.data import LabelledStudy, labelled_set
from overread.learning.hard_examples import repeated_where_hard

STUDIES = [LabelledStudy(any_finding=truth) for truth in (1, 0, 1, 0, np.nan, 1)]
LOGITS = np.array([2.0, 2.0, -3.0, -2.0, 9.0, 0.5], np.float32)  # hardest: the third, then the second


def test_the_hardest_share_is_repeated() -> None:
    dataset = labelled_set(("any",), STUDIES)
    harder = repeated_where_hard(dataset, LOGITS, share=0.4, times=3)
    assert harder.repeats.tolist() == [1, 3, 3, 1, 1, 1]
    assert dataset.repeats.tolist() == [1] * 6


def test_a_study_that_is_left_out_stays_out_and_repeats_multiply() -> None:
    dataset = labelled_set(("any",), STUDIES)
    dataset.repeats[:] = [1, 2, 0, 1, 1, 1]
    harder = repeated_where_hard(dataset, LOGITS, share=0.25, times=2)
    assert harder.repeats.tolist() == [1, 4, 0, 1, 1, 1]


def test_no_share_changes_nothing_and_a_whole_one_repeats_all_that_was_read() -> None:
    dataset = labelled_set(("any",), STUDIES)
    assert repeated_where_hard(dataset, LOGITS, share=0.0, times=5).repeats.tolist() == [1] * 6
    assert repeated_where_hard(dataset, LOGITS, share=1.0, times=5).repeats.tolist() == [5, 5, 5, 5, 1, 5]
