"""The paired difference by patient with score limits: known special cases, and the level it keeps."""

import numpy as np
import pytest
from numpy.typing import NDArray

from overread.measures.clustered_pairs import clustered_score_difference
from overread.measures.proportion import clustered_paired_difference, paired_difference, wilson

Z99 = 2.5758293035489004


def answers(both: int, first: int, second: int, neither: int) -> tuple[list[int], list[int]]:
    return (
        [1] * both + [1] * first + [0] * second + [0] * neither,
        [1] * both + [0] * first + [1] * second + [0] * neither,
    )


def test_one_film_a_patient_is_tango() -> None:
    ours, theirs = answers(600, 30, 20, 150)
    found = clustered_score_difference(ours, theirs, range(800), level=0.99)
    tango = paired_difference(600, 30, 20, 150, level=0.99)
    assert found.estimate == pytest.approx(tango.estimate)
    assert (found.lower, found.upper) == pytest.approx((tango.lower, tango.upper), abs=2e-5)


def test_copies_of_a_film_add_no_evidence() -> None:
    ours, theirs = answers(60, 6, 10, 24)
    once = clustered_score_difference(ours, theirs, range(100))
    thrice = clustered_score_difference(ours * 3, theirs * 3, [*range(100)] * 3)
    assert (thrice.lower, thrice.upper) == pytest.approx((once.lower, once.upper), abs=1e-9)
    assert (thrice.n, thrice.n_clusters) == (300, 100)


def test_identical_models_have_the_closed_form_of_as_many_patients() -> None:
    ours = [1, 0, 1] * 200
    found = clustered_score_difference(ours, ours, np.arange(600) // 3, level=0.99)
    end = Z99**2 / (200 + Z99**2)
    assert (found.lower, found.estimate, found.upper) == pytest.approx((-end, 0, end))


def test_one_patient_has_no_limits() -> None:
    found = clustered_score_difference([1, 0, 1], [1, 1, 1], [7, 7, 7])
    assert np.isnan([found.lower, found.upper]).all()
    assert found.estimate == pytest.approx(-1 / 3)


def at_a_loss(rng: np.random.Generator, loss: float, *, patients: int) -> tuple[NDArray[np.bool_], ...]:
    """Return who is right on three films of each patient, half of whose answers are one answer."""
    shared = rng.random((patients, 3)) < 0.5
    uniform = np.where(shared, rng.random((patients, 1)), rng.random((patients, 3))).ravel()
    lost, gained = (0.1 + loss) / 2, (0.1 - loss) / 2
    return ~(uniform < lost), ~((uniform >= lost) & (uniform < lost + gained))


def test_a_loss_at_the_margin_passes_no_more_often_than_said_where_wald_limits_let_it() -> None:
    rng, patients, n = np.random.default_rng(3), np.arange(450) // 3, 1500
    passed = np.zeros(2, int)
    for _ in range(n):
        ours, theirs = at_a_loss(rng, 0.05, patients=150)
        for row, measure in enumerate((clustered_score_difference, clustered_paired_difference)):
            passed[row] += measure(ours, theirs, patients, level=0.95).lower > -0.05
    score, wald = (wilson(int(count), n, level=0.99) for count in passed)
    assert score.lower < 0.025
    assert wald.estimate > score.estimate
