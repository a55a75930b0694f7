"""The difference of two areas by patient: DeLong's for single films, a bootstrap's for several."""

import numpy as np
import pytest
from numpy.typing import NDArray

from overread.measures.clustered_roc import clustered_auc_difference
from overread.measures.resampling import bootstrap_interval
from overread.measures.roc import auc, delong_test

Floats = NDArray[np.float64]


def some_films(patients: int, films: int, *, seed: int = 1) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """Return truth and two scores of films that share half their noise within a patient."""
    rng = np.random.default_rng(seed)
    n = patients * films
    truth = rng.random(n) < 0.5
    own = np.repeat(rng.standard_normal((2, patients)), films, axis=1)
    noise = (own + rng.standard_normal((2, n))) / np.sqrt(2)
    return truth, noise[0] + 1.5 * truth, noise[1] + 1.2 * truth


def test_single_films_give_delong() -> None:
    truth, first, second = some_films(200, 1)
    found = clustered_auc_difference(truth, first, second, range(200), level=0.99)
    delong = delong_test(truth, first, second, level=0.99)
    assert (found.estimate, found.lower, found.upper) == pytest.approx(
        (delong.estimate, delong.lower, delong.upper)
    )
    assert found.p_value == pytest.approx(delong.p_value)
    for part in ("auc_a", "auc_b", "variance_a", "variance_b", "covariance"):
        assert getattr(found, part) == pytest.approx(getattr(delong, part)), part


def test_copies_of_all_films_add_no_evidence() -> None:
    truth, first, second = some_films(100, 1)
    once = clustered_auc_difference(truth, first, second, range(100))
    twice = clustered_auc_difference(
        np.tile(truth, 2), np.tile(first, 2), np.tile(second, 2), np.tile(np.arange(100), 2)
    )
    assert twice.standard_error == pytest.approx(once.standard_error)
    assert twice.estimate == pytest.approx(once.estimate)


def test_patients_of_both_classes_have_the_error_of_a_bootstrap_by_patient() -> None:
    truth, first, second = some_films(120, 4)
    patients = np.repeat(np.arange(120), 4)
    found = clustered_auc_difference(truth, first, second, patients)
    drawn = bootstrap_interval(
        truth,
        first,
        second,
        statistic=lambda y, a, b: auc(y, a) - auc(y, b),
        cluster=patients,
        method="percentile",
        n_resamples=800,
        seed=2,
    )
    assert found.estimate == pytest.approx(drawn.estimate)
    assert found.upper - found.lower == pytest.approx(drawn.upper - drawn.lower, rel=0.1)


def test_each_area_and_both_together_vary_as_a_bootstrap_by_patient_says() -> None:
    truth, first, other = some_films(120, 4)
    second = first + other
    patients = np.repeat(np.arange(120), 4)
    found = clustered_auc_difference(truth, first, second, patients)
    rng, films = np.random.default_rng(3), np.arange(480).reshape(120, 4)
    rows = [films[rng.integers(0, 120, 120)].ravel() for _ in range(1500)]
    drawn = np.array([[auc(truth[row], first[row]), auc(truth[row], second[row])] for row in rows])
    spread = np.cov(drawn.T)
    assert found.variance_a == pytest.approx(spread[0, 0], rel=0.12)
    assert found.variance_b == pytest.approx(spread[1, 1], rel=0.12)
    assert found.covariance == pytest.approx(spread[0, 1], rel=0.15)


def test_identical_models_do_not_differ() -> None:
    truth, first, _ = some_films(30, 2)
    found = clustered_auc_difference(truth, first, 3 * first, np.arange(60) // 2)
    assert (found.estimate, found.lower, found.upper, found.p_value) == (0, 0, 0, 1)


def test_one_class_or_one_patient_of_a_class_gives_no_limits() -> None:
    one_class = clustered_auc_difference([1, 1, 1], [0.1, 0.2, 0.3], [0.1, 0.2, 0.3], [1, 2, 3])
    assert np.isnan([one_class.estimate, one_class.lower, one_class.upper]).all()
    one_patient = clustered_auc_difference(
        [1, 1, 0, 0], [0.9, 0.8, 0.3, 0.85], [0.9, 0.8, 0.3, 0.1], [1, 1, 2, 3]
    )
    assert one_patient.estimate == pytest.approx(-0.25)
    assert np.isnan([one_patient.lower, one_patient.upper]).all()


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="lengths differ"):
        clustered_auc_difference([1, 0], [0.1, 0.2], [0.1, 0.2], [1])
