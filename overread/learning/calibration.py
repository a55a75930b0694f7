"""Logits to probabilities: slope and intercept of each output, fitted on the tuning set (Platt, 1999).

Labels that under-call teach a network to say too little; a rank is none the worse for it, a shown probability
is.
"""

from dataclasses import dataclass

import numpy as np

from overread.domain.errors import EvidenceError
from overread.learning.data import Floats

FEWEST = 20  # of either class; with fewer an output keeps its own probability
LOWEST_SLOPE = 0.01  # ranks are never turned round, whatever the tuning set says
_CONVERGED = 1e-9
_PRIOR = 1e-3  # keeps the fit finite where the classes are apart


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """Probability = sigmoid(slope x logit + intercept), one pair for each output."""

    slopes: tuple[float, ...]
    intercepts: tuple[float, ...]

    def probability(self, logits: Floats) -> Floats:
        """Return (n, k) probabilities of (n, k) logits."""
        slopes, intercepts = np.array(self.slopes, np.float32), np.array(self.intercepts, np.float32)
        return np.asarray(1 / (1 + np.exp(-(logits * slopes + intercepts))), np.float32)


def identity(outputs: int) -> Calibration:
    """Return the calibration that changes nothing."""
    return Calibration(slopes=(1.0,) * outputs, intercepts=(0.0,) * outputs)


def fit_calibration(logits: Floats, labels: Floats) -> Calibration:
    """Fit each output on its read studies; `logits` and `labels` are (n, k), NaN in `labels` means not read.

    Raises
    ------
    EvidenceError
        The first output, any finding, has fewer than 20 studies of either class.
    """
    slopes, intercepts = [], []
    for column, (scores, truth) in enumerate(zip(logits.T, labels.T, strict=True)):
        read = ~np.isnan(truth)
        positives = int((truth[read] == 1).sum())
        if min(positives, int(read.sum()) - positives) >= FEWEST:
            slope, intercept = _logistic(scores[read].astype(np.float64), truth[read].astype(np.float64))
        elif column == 0:
            raise EvidenceError(
                f"calibration needs {FEWEST} tuning studies with and {FEWEST} without a finding"
            )
        else:
            slope, intercept = 1.0, 0.0
        slopes.append(slope)
        intercepts.append(intercept)
    return Calibration(slopes=tuple(slopes), intercepts=tuple(intercepts))


def _logistic(scores: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Return slope and intercept by Newton's method on standardised scores, with a faint ridge."""
    middle, spread = scores.mean(), max(scores.std(), _CONVERGED)
    design = np.stack([(scores - middle) / spread, np.ones_like(scores)], axis=1)
    ridge = _PRIOR * np.eye(2)
    weights = np.zeros(2)
    for _ in range(100):
        expected = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (expected - truth) + ridge @ weights
        curvature = (design * (expected * (1 - expected))[:, None]).T @ design + ridge
        step = np.linalg.solve(curvature, gradient)
        weights -= step / max(1.0, np.abs(step).max())
        if np.abs(step).max() < _CONVERGED:
            break
    slope = max(float(weights[0] / spread), LOWEST_SLOPE)
    return slope, float(weights[1] - slope * middle)
