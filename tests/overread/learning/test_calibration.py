"""Calibration finds slope and intercept again, and never turns ranks round."""

import numpy as np
import pytest

from overread.domain.errors import EvidenceError
from overread.learning.calibration import LOWEST_SLOPE, fit_calibration, identity


def drawn(n: int, slope: float, intercept: float) -> tuple[np.ndarray, np.ndarray]:
    """Return logits (n, 1), and labels drawn from the probabilities that the true calibration gives."""
    rng = np.random.default_rng(0)
    logits = rng.normal(-1, 2, (n, 1)).astype(np.float32)
    chance = 1 / (1 + np.exp(-(slope * logits + intercept)))
    return logits, (rng.random((n, 1)) < chance).astype(np.float32)


def test_the_slope_and_intercept_that_made_the_labels_are_found() -> None:
    fitted = fit_calibration(*drawn(40_000, 0.7, 0.5))
    assert fitted.slopes[0] == pytest.approx(0.7, abs=0.03)
    assert fitted.intercepts[0] == pytest.approx(0.5, abs=0.05)


def test_calibrated_probabilities_add_up_to_the_positives() -> None:
    logits, labels = drawn(500, 2.0, -1.0)
    assert fit_calibration(logits, labels).probability(logits).sum() == pytest.approx(labels.sum(), abs=0.1)


def test_a_model_that_ranks_the_wrong_way_is_not_mended() -> None:
    fitted = fit_calibration(*drawn(2_000, -1.0, 0.0))
    assert fitted.slopes[0] == LOWEST_SLOPE


def test_classes_that_are_apart_give_a_finite_fit() -> None:
    logits = np.r_[np.full(50, -3.0), np.full(50, 3.0)][:, None].astype(np.float32)
    fitted = fit_calibration(logits, (logits > 0).astype(np.float32))
    assert np.isfinite([*fitted.slopes, *fitted.intercepts]).all()


def test_a_rare_finding_keeps_its_own_probability_and_unread_studies_do_not_count() -> None:
    logits, labels = drawn(200, 1.0, 0.0)
    rare = np.full_like(labels, np.nan)
    rare[:30] = 0
    rare[:5] = 1
    fitted = fit_calibration(np.hstack([logits, logits]), np.hstack([labels, rare]))
    assert (fitted.slopes[1], fitted.intercepts[1]) == (1.0, 0.0)


def test_too_few_tuning_studies_are_refused() -> None:
    with pytest.raises(EvidenceError, match="20"):
        fit_calibration(*drawn(30, 1.0, 0.0))


def test_the_identity_is_the_logistic_function() -> None:
    assert identity(1).probability(np.zeros((1, 1), np.float32)).tolist() == [[0.5]]
