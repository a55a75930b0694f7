"""A training stops once the tuning set has been patient for long enough."""

import pytest

from overread.domain.errors import EvidenceError
from overread.learning.stopping import Patience


def after(passes: int, *measured: float) -> Patience:
    """Return how it stands after passes with these tuning AUCs."""
    patience = Patience(passes=passes)
    for auc in measured:
        patience = patience.after(auc)
    return patience


def test_it_is_over_when_so_many_passes_brought_nothing() -> None:
    assert not after(2, 0.7, 0.6).over
    assert after(2, 0.7, 0.6, 0.7).over


def test_a_better_pass_begins_the_wait_anew() -> None:
    patience = after(2, 0.7, 0.6, 0.8, 0.75)
    assert (patience.best, patience.waited, patience.improved, patience.over) == (0.8, 1, False, False)
    assert after(2, 0.7, 0.6, 0.8).improved


def test_without_patience_it_is_never_over() -> None:
    assert not after(0, 0.7, 0.6, 0.5, 0.4).over


def test_a_tuning_set_of_one_class_is_refused_with_the_remedy() -> None:
    with pytest.raises(EvidenceError, match=r"add the missing class, or set images\.patience to 0"):
        after(2, float("nan"))
