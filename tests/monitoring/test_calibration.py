"""False alarms of the drift check, counted."""

import math
from dataclasses import replace

import numpy as np
import pytest

from monitoring.calibration import LEVELS, calibrate
from monitoring.drift import LEVEL, check
from overread.domain.errors import EvidenceError
from tests.monitoring.builders import some_features


def test_reference_against_reference_alarms_rarely_and_says_what_reports_say() -> None:
    found = calibrate(some_features(300), 60, draws=60, seed=1, reports=2)
    assert found.holding in LEVELS
    assert found.false_alarms.estimate <= 0.05
    assert found.false_alarms.n == 60
    assert (found.n_reference, found.n_current, found.columns) == (240, 60, 14)
    assert found.reports == 2
    assert found.largest_difference == 0.0


def test_a_seed_gives_one_calibration() -> None:
    reference = replace(some_features(200), embeddings=None)
    first, second = (calibrate(reference, 50, draws=30, seed=4, reports=0) for _ in range(2))
    assert first.holding == second.holding
    assert first.false_alarms == second.false_alarms
    assert math.isnan(first.largest_difference)


def test_a_lower_level_is_named_where_splits_of_the_reference_alarm_too_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    smallest = iter(np.linspace(0.0012, 0.05, 40))
    monkeypatch.setattr("monitoring.calibration.p_values", lambda *_: dict.fromkeys("abcde", next(smallest)))
    found = calibrate(some_features(200), 50, draws=40, seed=1, reports=0)
    assert found.holding == 0.01  # 4 of 40 alarm at 0.025 / 5, one at 0.01 / 5
    assert found.false_alarms.estimate == 4 / 40


def test_a_reference_that_drifts_against_itself_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.calibration.p_values", lambda *_: {"noise": 1e-6})
    with pytest.raises(EvidenceError, match="drifts against itself"):
        calibrate(some_features(200), 50, draws=5, seed=1, reports=0)


def test_a_reference_too_small_to_split_is_refused() -> None:
    with pytest.raises(EvidenceError, match="needs 200 reference studies"):
        calibrate(some_features(150), 100, seed=1)


def test_a_reference_with_holes_is_refused() -> None:
    reference = some_features(200)
    holed = replace(reference, numeric={**reference.numeric, "score": np.full(200, np.inf)})
    with pytest.raises(EvidenceError, match="score has values that are not finite"):
        calibrate(holed, 50, seed=1)


@pytest.mark.slow
def test_two_hundred_draws_alarm_in_at_most_one_of_forty_and_a_shift_is_still_seen() -> None:
    reference = some_features(400)
    found = calibrate(reference, 100, draws=200, seed=2, reports=5)
    assert found.false_alarms.estimate <= 0.025
    assert found.largest_difference == 0.0
    assert found.holding <= LEVEL
    shifted, _ = check(reference, some_features(100, seed=9, shift=1.0), level=found.holding)
    assert shifted.passed is False
