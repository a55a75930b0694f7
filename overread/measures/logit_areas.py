"""The difference of two areas on the same cases, with limits that keep their level near areas of 1."""

import math
from dataclasses import replace

import scipy

from overread.measures.results import normal_quantile
from overread.measures.roc import PairedAuc

_STEPS = 50  # halvings of an interval of length 2 at most: below 1e-14


def logit_limits(paired: PairedAuc) -> PairedAuc:
    """Return a comparison by DeLong, or by patient, with limits made on the logit scale.

    A difference D lies inside when logit(auc_a) - logit(auc_b + D) is less than z standard errors from 0, by
    the delta method with the comparison's own variances. At level .99, with 300 cases of a class and areas of
    .95, a loss at the margin is passed .4 to .9 % of the time by DeLong's own limits, and by these in fewer
    than .5 %.

    An area of 0 or 1 has no logit, and identical models no error: the comparison's own limits stand.
    """
    method = f"logit-{paired.method}"
    apart = 0 < paired.auc_a < 1 and 0 < paired.auc_b < 1 and paired.standard_error > 0
    if not apart:
        return replace(paired, method=method)
    quantile = normal_quantile(paired.level)
    lower, upper = _end(paired, quantile, down=True), _end(paired, quantile, down=False)
    return replace(paired, lower=lower, upper=upper, method=method)


def _end(paired: PairedAuc, quantile: float, *, down: bool) -> float:
    """Step away from the estimate to the first difference outside, then halve; auc_b + D ends at 0 and 1."""
    step = quantile * paired.standard_error * (-1 if down else 1)
    inside, outside = paired.estimate, paired.estimate + step
    while abs(_statistic(paired, outside)) <= quantile:
        inside, outside = outside, outside + step
    if not 0 < paired.auc_b + outside < 1:
        outside = (0.0 if down else 1.0) - paired.auc_b
    for _ in range(_STEPS):
        middle = (inside + outside) / 2
        if abs(_statistic(paired, middle)) <= quantile:
            inside = middle
        else:
            outside = middle
    return inside


def _statistic(paired: PairedAuc, difference: float) -> float:
    first, second = paired.auc_a, paired.auc_b + difference
    if not 0 < second < 1:
        return math.inf
    slope_a, slope_b = 1 / (first * (1 - first)), 1 / (second * (1 - second))
    variance = (
        paired.variance_a * slope_a**2
        + paired.variance_b * slope_b**2
        - 2 * paired.covariance * slope_a * slope_b
    )
    distance = float(scipy.special.logit(first) - scipy.special.logit(second))
    if distance == 0:
        return 0.0
    return distance / math.sqrt(variance) if variance > 0 else math.inf
