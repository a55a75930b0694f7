"""Flipped labels come to the top of the list of doubtful ones."""

import numpy as np
import pytest

from overread.domain.errors import EvidenceError
from overread.learning.label_noise import doubtful


def test_the_label_that_the_scores_contradict_most_comes_first() -> None:
    labels = np.array([0, 0, 0, 1, 1, 1, 1], np.float32)
    probability = np.array([0.1, 0.2, 0.95, 0.8, 0.9, 0.1, 0.6], np.float32)
    assert doubtful(labels, probability).tolist() == [2, 5]


def test_an_unread_study_is_never_doubtful() -> None:
    labels = np.array([0, 0, 1, 1, np.nan], np.float32)
    assert doubtful(labels, np.array([0.1, 0.2, 0.8, 0.9, 0.5], np.float32)).tolist() == []


def test_most_flipped_labels_are_found_and_few_right_ones_are_doubted() -> None:
    rng = np.random.default_rng(3)
    truth = rng.random(2000) < 0.3
    probability = 1 / (1 + np.exp(-rng.normal(np.where(truth, 2.0, -2.0), 1.0)))
    flipped = rng.random(2000) < 0.1
    found = doubtful((truth ^ flipped).astype(np.float32), probability.astype(np.float32))
    assert flipped[found].sum() > 0.7 * flipped.sum()
    assert flipped[found].mean() > 0.95
    assert flipped[found[:50]].all()


def test_scores_of_one_sided_bias_doubt_no_whole_class() -> None:
    rng = np.random.default_rng(4)
    truth = rng.random(1000) < 0.5
    timid = 0.02 + 0.3 * truth * rng.random(1000)  # never says more than .32
    assert len(doubtful(truth.astype(np.float32), timid.astype(np.float32))) < 300


def test_a_class_without_labels_is_refused() -> None:
    with pytest.raises(EvidenceError, match="both classes"):
        doubtful(np.zeros(3, np.float32), np.full(3, 0.5, np.float32))
