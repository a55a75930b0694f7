"""Curves that reviewers see: points that scikit-learn draws too, and nothing of a single study."""

import numpy as np
import pytest
from sklearn.metrics import roc_curve

from model_registry.curves import SHARES, THRESHOLDS, curves_of
from model_registry.recording import recorded
from overread.measures.decision import net_benefit


def drawn(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    truth = rng.random(n) < 0.4
    scores = 1 / (1 + np.exp(-(2 * truth - 1 + rng.normal(size=n))))
    return truth, np.round(scores, 2)  # with ties


def test_the_roc_is_scikit_learns_at_the_same_false_alarms() -> None:
    truth, scores = drawn()
    false_alarms, hits, _ = roc_curve(truth, scores, drop_intermediate=False)
    expected = [hits[false_alarms <= share + 1e-9].max() for share in SHARES]
    assert [y for _, y in curves_of(truth, scores, threshold=0.5).roc] == pytest.approx(expected)


def test_the_operating_point_is_where_its_threshold_calls() -> None:
    truth, scores = drawn()
    called = scores >= 0.37
    assert curves_of(truth, scores, threshold=0.37).operating == pytest.approx(
        (called[~truth].mean(), called[truth].mean())
    )


def test_worth_is_net_benefit_at_each_threshold_beside_calling_everybody() -> None:
    truth, scores = drawn()
    curves = curves_of(truth, scores, threshold=0.5)
    prevalence = truth.mean()
    for place, threshold in enumerate(THRESHOLDS):
        assert curves.net_benefit[place] == net_benefit(truth, scores, threshold=threshold).estimate
        odds = threshold / (1 - threshold)
        assert curves.treat_all[place] == pytest.approx(prevalence - (1 - prevalence) * odds)


def test_calibration_bins_hold_every_study_once() -> None:
    truth, scores = drawn()
    bins = curves_of(truth, scores, threshold=0.5).calibration
    assert sum(each.count for each in bins) == truth.size
    observed = sum(each.count * each.observed for each in bins)
    assert observed == pytest.approx(truth.sum())


def test_they_can_be_recorded_and_are_few_points() -> None:
    truth, scores = drawn()
    plain = recorded(curves_of(truth, scores, threshold=0.5))
    assert isinstance(plain, dict)
    assert sum(len(points) for points in plain.values() if isinstance(points, list)) < 130


def test_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="both"):
        curves_of([1, 1], [0.2, 0.4], threshold=0.5)
