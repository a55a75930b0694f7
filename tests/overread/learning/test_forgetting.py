"""A finding that is no longer seen is found out on the tuning set."""

import numpy as np
import pytest

from overread.learning.data import Floats
from overread.learning.forgetting import fallen, sensitivity_by_finding

COLUMNS = ("any", "strand", "heart", "rare")


def a_tuning_set() -> Floats:
    """Return the labels of 20 normal studies, 10 strands, 10 hearts and 2 rare ones."""
    labels = np.zeros((42, 4), np.float32)
    labels[20:, 0] = 1
    labels[20:30, 1] = labels[30:40, 2] = labels[40:, 3] = 1
    return labels


def scores(strands: int, hearts: int) -> Floats:
    """Return scores that call so many of each finding, and 2 of 20 normal studies."""
    called = np.zeros(42, np.float32)
    called[:2] = called[20 : 20 + strands] = called[30 : 30 + hearts] = 1
    return called


def test_sensitivity_by_finding_counts_who_is_called_at_the_specificity() -> None:
    found = sensitivity_by_finding(scores(4, 9), a_tuning_set(), COLUMNS, specificity=0.9)
    assert found == pytest.approx({"strand": 0.4, "heart": 0.9})  # two rare ones say nothing


def test_an_unread_finding_is_not_one_that_is_shown() -> None:
    labels = a_tuning_set()
    labels[20:26, 1] = np.nan
    assert set(sensitivity_by_finding(scores(4, 9), labels, COLUMNS, specificity=0.9)) == {"heart"}


def test_what_fell_by_more_than_the_tolerance_is_named_with_its_fall() -> None:
    labels = a_tuning_set()
    before, after = (
        sensitivity_by_finding(each, labels, COLUMNS, specificity=0.9)
        for each in (scores(4, 9), scores(9, 5))
    )
    assert fallen(before, after, tolerance=0.05) == pytest.approx({"heart": 0.4})
    assert fallen(before, after, tolerance=0.4) == {}
