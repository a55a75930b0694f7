"""Results that several families share, and the normal theory that makes them from a mean difference."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import scipy

from overread.domain.estimates import Estimate
from overread.measures.inputs import Floats

NAN = float("nan")
_NO_VARIANCE = 1e-15  # of the positive terms it was made from: below, a variance is rounding noise
_NO_DIFFERENCE = 1e-12  # beside a variance of 0


@dataclass(frozen=True)
class TestResult:
    """A test statistic with its two-sided p-value."""

    __test__: ClassVar[bool] = False

    statistic: float
    p_value: float
    method: str
    n: int


@dataclass(frozen=True)
class PairedDifference(Estimate):
    """A mean difference between two models on the same cases, with its normal test."""

    standard_error: float
    statistic: float
    p_value: float


class NormalTest(NamedTuple):
    """A difference with limits, standard error, z and two-sided p; NaN where undefined."""

    estimate: float
    lower: float
    upper: float
    standard_error: float
    statistic: float
    p_value: float


def normal_quantile(level: float) -> float:
    """Return z of a two-sided level: 1.96 at 0.95."""
    return float(scipy.special.ndtri((1 + level) / 2))


def settled(variance: float, positive_terms: float) -> float:
    """Return the variance, or 0 where it is noise beside the positive terms it was made from; NaN stays."""
    return 0.0 if variance <= _NO_VARIANCE * positive_terms else float(variance)


def normal_test(difference: float, variance: float, quantile: float) -> NormalTest:
    """Return the Wald limits and test of a difference whose variance is already settled.

    Identical models (no difference, no variance) give limits 0, statistic 0 and p 1; a difference without
    variance has neither limits nor test.
    """
    if math.isnan(difference) or math.isnan(variance):
        return NormalTest(difference, NAN, NAN, NAN, NAN, NAN)
    if variance == 0:
        if abs(difference) < _NO_DIFFERENCE:
            return NormalTest(0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
        return NormalTest(difference, NAN, NAN, 0.0, NAN, NAN)
    error = math.sqrt(variance)
    statistic = difference / error
    p_value = 2 * float(scipy.special.ndtr(-abs(statistic)))
    reach = quantile * error
    return NormalTest(difference, difference - reach, difference + reach, error, statistic, p_value)


def mean_difference_test(differences: Floats, quantile: float) -> NormalTest:
    """Return the normal test of the mean of per-case differences: s (ddof 1) over the root of n."""
    n = differences.size
    if n == 0:
        return normal_test(NAN, NAN, quantile)
    mean = float(differences.mean())
    if n == 1:
        return normal_test(mean, NAN, quantile)
    scale = n * (n - 1)
    variance = float(((differences - mean) ** 2).sum()) / scale
    return normal_test(mean, settled(variance, float((differences**2).sum()) / scale), quantile)


def mean_limits(values: Floats, quantile: float) -> tuple[float, float, float]:
    """Return a mean and its limits, mean -+ z s / sqrt(n); no limits for one value, nothing for none."""
    n = values.size
    if n == 0:
        return NAN, NAN, NAN
    mean = float(values.mean())
    if n == 1:
        return mean, NAN, NAN
    reach = quantile * float(values.std(ddof=1)) / math.sqrt(n)
    return mean, mean - reach, mean + reach


def clipped(value: float, low: float, high: float) -> float:
    """Return the value kept inside [low, high]; NaN stays NaN."""
    return float(np.clip(value, low, high))
