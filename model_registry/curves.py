"""Three curves of a version: what it tells apart, what its probabilities mean, what it is worth.

Shown to reviewers, never decided on. Points are few enough that no study can be read from them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from overread.measures.calibration import Bin, ece
from overread.measures.decision import decision_curve
from overread.measures.inputs import Floats, checked_forecast

Point = tuple[float, float]

SHARES = tuple(round(0.02 * step, 2) for step in range(51))  # of studies without a finding called falsely
THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))
BINS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Curves:
    """Points of the curves; `operating` is where the version's own threshold lies on the first.

    `roc` has (1 - specificity, sensitivity), the best that is reached at or below each share of false alarms.
    `net_benefit` and `treat_all` belong to `thresholds`.
    """

    roc: tuple[Point, ...]
    operating: Point
    calibration: tuple[Bin, ...]
    thresholds: tuple[float, ...]
    net_benefit: tuple[float, ...]
    treat_all: tuple[float, ...]


def curves_of(y_true: ArrayLike, probability: ArrayLike, *, threshold: float) -> Curves:
    """Return the curves of `probability` (n,) of any finding; raise `ValueError` where a class is missing."""
    truth, scores = checked_forecast(y_true, probability)
    if truth.all() or not truth.any():
        raise ValueError("curves need studies of both classes")
    curve = decision_curve(truth, scores, thresholds=THRESHOLDS)
    called = scores >= threshold
    return Curves(
        roc=_roc(scores[truth], scores[~truth]),
        operating=(float(called[~truth].mean()), float(called[truth].mean())),
        calibration=ece(truth, scores, n_bins=BINS).bins,
        thresholds=curve.thresholds,
        net_benefit=curve.model,
        treat_all=curve.treat_all,
    )


def _roc(positive: Floats, negative: Floats) -> tuple[Point, ...]:
    """Return the highest sensitivity among thresholds with at most each share of false alarms."""
    shown, clear = np.sort(positive), np.sort(negative)
    points = []
    for share in SHARES:
        allowed = int(share * clear.size + 1e-9)
        if allowed == clear.size:
            points.append((share, 1.0))
            continue
        # the lowest threshold above the highest score that may not be called
        above = shown.size - np.searchsorted(shown, clear[clear.size - allowed - 1], side="right")
        points.append((share, float(above) / shown.size))
    return tuple(points)
