"""How well a score ranks studies, and what a threshold on it does; positive means `score >= threshold`."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from overread.domain.estimates import Estimate
from overread.measures.inputs import (
    Codes,
    Flags,
    Floats,
    checked_choice,
    checked_level,
    checked_pair,
    checked_proportion,
)
from overread.measures.proportion import wilson, wilson_limits
from overread.measures.resampling import bca_limits as bca_limits
from overread.measures.resampling import bootstrap_interval as bootstrap_interval
from overread.measures.results import (
    NAN,
    clipped,
    normal_quantile,
    normal_test,
    settled,
)


@dataclass(frozen=True)
class AucEstimate(Estimate):
    """An area under the ROC curve."""

    standard_error: float


@dataclass(frozen=True)
class PairedAuc(Estimate):
    """A difference of two areas measured on the same cases."""

    auc_a: float
    auc_b: float
    variance_a: float
    variance_b: float
    covariance: float
    standard_error: float
    statistic: float
    p_value: float


@dataclass(frozen=True)
class OperatingEstimate(Estimate):
    """The sensitivity at a specificity, its threshold taken as given."""

    threshold: float
    achieved_specificity: float


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold and what it does on the cases it was chosen on."""

    threshold: float
    sensitivity: float
    specificity: float
    method: str
    n: int


class Placements(NamedTuple):
    """The area, and the share of the other class each case is ranked beyond (Sun and Xu 2014)."""

    area: float
    positive: Floats
    negative: Floats


class ThresholdCounts(NamedTuple):
    """What each distinct observed score does as a threshold, ascending."""

    thresholds: Floats
    true_positive: Codes
    true_negative: Codes
    n_positive: int
    n_negative: int


def auc(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Area under the ROC curve: the chance that a study with a finding outscores one without.

    Parameters
    ----------
    y_true : (n_studies,) of 0 and 1
        1 where the finding is present.
    y_score : (n_studies,)
        Finite, any monotone scale; a tie counts one half.

    Returns
    -------
    float
        0 to 1, 0.5 is chance; NaN when `y_true` holds one class only.

    References
    ----------
    Bamber D. J Math Psychol 1975; 12: 387-415.
    """
    return rank_area(*checked_pair(y_true, y_score))


def auc_interval(
    y_true: ArrayLike, y_score: ArrayLike, *, level: float = 0.95, method: str = "logit-delong"
) -> AucEstimate:
    """Area under the ROC curve with DeLong's standard error.

    Parameters
    ----------
    y_true : (n_studies,) of 0 and 1
    y_score : (n_studies,)
        Finite.
    level : float
        Two-sided, inside (0, 1).
    method : {"logit-delong", "delong"}
        Limits on the logit scale, or symmetric ones clipped to [0, 1].

    Returns
    -------
    AucEstimate
        n is the number of cases; fewer than two of a class give no limits. A perfect area has the Wilson
        limits of the smaller class under "logit-delong", so that a dozen cases are not reported as certain.

    References
    ----------
    DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988; 44: 837-845.
    """
    checked_choice(method, ("delong", "logit-delong"), "method")
    positive, scores = checked_pair(y_true, y_score)
    quantile = normal_quantile(checked_level(level))
    m = int(positive.sum())
    smaller = min(m, positive.size - m)
    if smaller < 2:  # noqa: PLR2004 - a sample variance needs two
        area = rank_area(positive, scores)
        return AucEstimate(area, NAN, NAN, float(level), method, positive.size, NAN)
    placed = placements(positive, scores)
    error = math.sqrt(_spread(placed.positive) + _spread(placed.negative))
    lower, upper = _area_limits(placed.area, error, quantile, method, smaller)
    return AucEstimate(placed.area, lower, upper, float(level), method, positive.size, error)


def delong_test(
    y_true: ArrayLike, score_a: ArrayLike, score_b: ArrayLike, *, level: float = 0.95
) -> PairedAuc:
    """Compare two areas on the same cases: auc_a - auc_b with limits and a two-sided test.

    Returns
    -------
    PairedAuc
        Method "delong-paired", limits clipped to [-1, 1]. Scores with the same ranks give 0, limits 0 and
        p 1; fewer than two of a class give areas and difference only.

    References
    ----------
    DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988; 44: 837-845. Sun X, Xu W. IEEE Signal
    Process Lett 2014; 21: 1389-1393.
    """
    return paired_areas(y_true, score_a, score_b, checked_level(level))


def paired_areas(y_true: ArrayLike, score_a: ArrayLike, score_b: ArrayLike, level: float) -> PairedAuc:
    """Return `delong_test` at a level that may also be 0, as a gate with alpha 0.5 asks."""
    positive, first = checked_pair(y_true, score_a)
    _, second = checked_pair(y_true, score_b)
    m = int(positive.sum())
    if min(m, positive.size - m) < 2:  # noqa: PLR2004 - a sample variance needs two
        area_a, area_b = rank_area(positive, first), rank_area(positive, second)
        return PairedAuc(
            area_a - area_b, NAN, NAN, level, "delong-paired", positive.size, area_a, area_b, *[NAN] * 6
        )
    a, b = placements(positive, first), placements(positive, second)
    variance_a = _spread(a.positive) + _spread(a.negative)
    variance_b = _spread(b.positive) + _spread(b.negative)
    covariance = _joint_spread(a.positive, b.positive) + _joint_spread(a.negative, b.negative)
    variance = _spread(a.positive - b.positive) + _spread(a.negative - b.negative)
    test = normal_test(a.area - b.area, settled(variance, variance_a + variance_b), normal_quantile(level))
    lower, upper = clipped(test.lower, -1.0, 1.0), clipped(test.upper, -1.0, 1.0)
    return PairedAuc(
        test.estimate, lower, upper, level, "delong-paired", positive.size, a.area, b.area,
        variance_a, variance_b, covariance, test.standard_error, test.statistic, test.p_value,
    )  # fmt: skip


def partial_auc(
    y_true: ArrayLike, y_score: ArrayLike, *, min_specificity: float, standardized: bool = False
) -> float:
    """Area under the ROC curve where specificity is at least `min_specificity`.

    Parameters
    ----------
    y_true : (n_studies,) of 0 and 1
    y_score : (n_studies,)
        Finite.
    min_specificity : float
        Inside [0, 1]; the curve is interpolated linearly at the cut.
    standardized : bool
        Rescale to 0.5 for chance and 1 for a perfect score.

    Returns
    -------
    float
        At most 1 - min_specificity, or at most 1 standardized; NaN when one class is missing.

    References
    ----------
    McClish DK. Med Decis Making 1989; 9: 190-195.
    """
    positive, scores = checked_pair(y_true, y_score)
    width = 1 - checked_proportion(min_specificity, "min_specificity")
    counts = threshold_counts(positive, scores)
    if counts.n_positive == 0 or counts.n_negative == 0:
        return NAN
    false_positive = np.append((counts.n_negative - counts.true_negative) / counts.n_negative, 0.0)[::-1]
    sensitivity = np.append(counts.true_positive / counts.n_positive, 0.0)[::-1]
    within = false_positive <= width
    across = np.append(false_positive[within], width)
    up = np.append(sensitivity[within], np.interp(width, false_positive, sensitivity))
    area = float(np.trapezoid(up, across))
    if not standardized:
        return area
    chance = width**2 / 2
    return (1 + (area - chance) / (width - chance)) / 2 if width > 0 else NAN


def sensitivity_at_specificity(
    y_true: ArrayLike, y_score: ArrayLike, *, specificity: float, level: float = 0.95
) -> OperatingEstimate:
    """Sensitivity at the smallest threshold that reaches a specificity.

    Parameters
    ----------
    y_true : (n_studies,) of 0 and 1
    y_score : (n_studies,)
        Finite.
    specificity : float
        Target inside [0, 1].
    level : float
        Two-sided, inside (0, 1).

    Returns
    -------
    OperatingEstimate
        Method "wilson-fixed-threshold", n is the positives; the threshold may be +inf. The limits take the
        threshold as given, so they are too narrow where it was chosen on the same cases.
    """
    positive, scores = checked_pair(y_true, y_score)
    target, quantile_level = checked_proportion(specificity, "specificity"), checked_level(level)
    counts = threshold_counts(positive, scores)
    m, n = counts.n_positive, counts.n_negative
    method = "wilson-fixed-threshold"
    if n == 0:
        return OperatingEstimate(NAN, NAN, NAN, quantile_level, method, m, NAN, NAN)
    candidates = np.append(counts.thresholds, np.inf)
    true_negative, true_positive = np.append(counts.true_negative, n), np.append(counts.true_positive, 0)
    first = int(np.argmax(true_negative >= target * n - 1e-9))
    shown = wilson(int(true_positive[first]), m, level=level)
    return OperatingEstimate(
        shown.estimate, shown.lower, shown.upper, quantile_level, method, m,
        float(candidates[first]), float(true_negative[first] / n),
    )  # fmt: skip


def threshold_for_sensitivity(y_true: ArrayLike, y_score: ArrayLike, *, sensitivity: float) -> OperatingPoint:
    """Largest observed score that, as a threshold, reaches a sensitivity.

    Chosen on the tuning set and then frozen; never on the test set.

    Returns
    -------
    OperatingPoint
        Method "sensitivity-target", n is the number of cases. No positives: NaN; no negatives: specificity
        NaN.
    """
    positive, scores = checked_pair(y_true, y_score)
    target = checked_proportion(sensitivity, "sensitivity")
    counts = threshold_counts(positive, scores)
    if counts.n_positive == 0:
        return OperatingPoint(NAN, NAN, NAN, "sensitivity-target", positive.size)
    enough = np.flatnonzero(counts.true_positive >= target * counts.n_positive - 1e-9)
    return _point_at(counts, int(enough[-1]), "sensitivity-target")


def youden_threshold(y_true: ArrayLike, y_score: ArrayLike) -> OperatingPoint:
    """Observed score with the highest sensitivity + specificity; of several, the lowest.

    Returns
    -------
    OperatingPoint
        Method "youden", n is the number of cases; all NaN when one class is missing.

    References
    ----------
    Youden WJ. Cancer 1950; 3: 32-35.
    """
    counts = threshold_counts(*checked_pair(y_true, y_score))
    if counts.n_positive == 0 or counts.n_negative == 0:
        return OperatingPoint(NAN, NAN, NAN, "youden", counts.n_positive + counts.n_negative)
    both = counts.true_positive * counts.n_negative + counts.true_negative * counts.n_positive
    return _point_at(counts, int(np.argmax(both)), "youden")


def rank_area(positive: Flags, scores: Floats) -> float:
    """Return the Mann-Whitney area of checked arrays; NaN when one class is missing."""
    if positive.all() or not positive.any():
        return NAN
    return _area_of_ranks(positive, scipy.stats.rankdata(scores))


def placements(positive: Flags, scores: Floats) -> Placements:
    """Return the area and each case's placement among the other class, from three midrank sorts."""
    ranks = scipy.stats.rankdata(scores)
    above, below = scores[positive], scores[~positive]
    return Placements(
        _area_of_ranks(positive, ranks),
        (ranks[positive] - scipy.stats.rankdata(above)) / below.size,
        1 - (ranks[~positive] - scipy.stats.rankdata(below)) / above.size,
    )


def threshold_counts(positive: Flags, scores: Floats) -> ThresholdCounts:
    """Return true positives and true negatives at every distinct observed score."""
    thresholds, inverse = np.unique(scores, return_inverse=True)
    positives = np.bincount(inverse[positive], minlength=thresholds.size)
    negatives = np.bincount(inverse[~positive], minlength=thresholds.size)
    true_positive = np.cumsum(positives[::-1])[::-1]
    return ThresholdCounts(
        thresholds,
        true_positive,
        np.cumsum(negatives) - negatives,
        int(positives.sum()),
        int(negatives.sum()),
    )


def _area_of_ranks(positive: Flags, ranks: Floats) -> float:
    n_positive = int(positive.sum())
    n_pairs = n_positive * (positive.size - n_positive)
    return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2) / n_pairs)


def _point_at(counts: ThresholdCounts, index: int, method: str) -> OperatingPoint:
    specificity = float(counts.true_negative[index] / counts.n_negative) if counts.n_negative else NAN
    return OperatingPoint(
        float(counts.thresholds[index]),
        float(counts.true_positive[index] / counts.n_positive),
        specificity,
        method,
        counts.n_positive + counts.n_negative,
    )


def _area_limits(
    area: float, error: float, quantile: float, method: str, smaller: int
) -> tuple[float, float]:
    if method == "delong":
        return clipped(area - quantile * error, 0.0, 1.0), clipped(area + quantile * error, 0.0, 1.0)
    if area in {0.0, 1.0}:
        return wilson_limits(area, smaller, quantile)
    if error == 0:
        return area, area
    reach = quantile * error / (area * (1 - area))
    return float(scipy.special.expit(scipy.special.logit(area) - reach)), float(
        scipy.special.expit(scipy.special.logit(area) + reach)
    )


def _spread(values: Floats) -> float:
    """Return the sample variance of a mean, exactly 0 where all values are equal."""
    return 0.0 if np.ptp(values) == 0 else float(values.var(ddof=1) / values.size)


def _joint_spread(first: Floats, second: Floats) -> float:
    """Return the sample covariance of two means of the same cases."""
    return float((first - first.mean()) @ (second - second.mean()) / (first.size - 1) / first.size)
