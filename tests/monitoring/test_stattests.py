"""The p-values of a drift check."""

import numpy as np
import pytest
from evidently.legacy.calculations.stattests.registry import get_registered_stattest
from evidently.legacy.core import ColumnType
from pandas import Series
from scipy.stats import hypergeom

from monitoring.features import Texts, with_components
from monitoring.stattests import (
    CONTINGENCY,
    EMBEDDING,
    SMALLEST_P,
    contingency_p_value,
    embedding_test,
    p_values,
    register,
    statistics,
)
from overread.measures.drift import ks
from tests.monitoring.builders import some_features


def labels(**counts: int) -> Texts:
    return np.array([label for label, count in counts.items() for _ in range(count)], dtype=np.str_)


def test_a_contingency_p_value_is_that_of_the_exact_distribution() -> None:
    reference, current = labels(a=30, b=10), labels(a=8, b=12)
    tables = hypergeom(60, 22, 20)  # how many of the 22 b fall among the 20 current studies
    distance = np.abs(np.arange(21) - tables.mean())
    exact = tables.pmf(np.arange(21))[distance >= abs(12 - tables.mean()) - 1e-9].sum()
    assert contingency_p_value(reference, current) == pytest.approx(exact, abs=0.002)


def test_the_same_mix_is_no_drift_and_one_label_is_certain() -> None:
    assert contingency_p_value(labels(a=40, b=20), labels(a=20, b=10)) > 0.9
    assert contingency_p_value(labels(a=40), labels(a=20)) == 1.0


def test_a_label_never_seen_before_reaches_the_smallest_p_value() -> None:
    assert contingency_p_value(labels(a=200), labels(a=70, n=30)) == SMALLEST_P


def test_rare_labels_and_a_small_reference_raise_no_more_alarms_than_promised() -> None:
    rng = np.random.default_rng(5)
    stations = np.array([f"s{i}" for i in range(12)])
    shares = np.array([0.4, 0.3, 0.1, *[0.2 / 9] * 9])
    drawn = rng.choice(stations, size=(400, 150), p=shares)
    found = np.array([contingency_p_value(row[:100], row[100:]) for row in drawn])
    assert (found <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    assert (found <= 0.2).mean() > 0.1  # stopping early takes nothing from those that might alarm


def test_evidently_calls_our_contingency_test_by_its_name() -> None:
    register()
    register()
    test = get_registered_stattest(CONTINGENCY, ColumnType.Categorical)
    reference, current = labels(a=40, b=10), labels(a=10, b=15)
    answer = test(Series(reference), Series(current), ColumnType.Categorical, 0.05)
    assert answer.drift_score == contingency_p_value(reference, current)
    assert answer.drifted


def test_every_column_and_the_embedding_have_a_p_value() -> None:
    reference, current = with_components(some_features(120), some_features(60, seed=1))
    found = p_values(reference, current)
    assert set(found) == {*reference.names, EMBEDDING}
    assert found["noise"] == ks(reference.numeric["noise"], current.numeric["noise"]).p_value
    assert found["dark_share"] == found["polarity"] == 1.0  # constant and the same
    assert set(statistics(reference, current)) == set(reference.names)


def test_embeddings_that_moved_reach_the_smallest_p_value() -> None:
    moved = some_features(60, seed=1, embedding_shift=3.0).embeddings
    reference = some_features(120).embeddings
    assert moved is not None
    assert reference is not None
    assert embedding_test(reference, moved).p_value == SMALLEST_P
    assert embedding_test(reference[:60], reference[60:]).p_value > 0.05
