"""What a threshold is worth to the patient: net benefit, and the difference between two models."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from overread.domain.estimates import Estimate
from overread.measures.inputs import (
    Flags,
    Floats,
    checked_forecast,
    checked_level,
    checked_open,
    checked_scores,
)
from overread.measures.results import (
    NAN,
    NormalTest,
    PairedDifference,
    mean_difference_test,
    mean_limits,
    normal_quantile,
)


@dataclass(frozen=True)
class DecisionCurve:
    """Net benefit over thresholds: of the model, of treating all, of treating none."""

    thresholds: tuple[float, ...]
    model: tuple[float, ...]
    treat_all: tuple[float, ...]
    treat_none: tuple[float, ...]
    prevalence: float
    n: int


def net_benefit(y_true: ArrayLike, y_prob: ArrayLike, *, threshold: float, level: float = 0.95) -> Estimate:
    """Net benefit: true positives per study, less false positives at the exchange rate of the threshold.

    Parameters
    ----------
    y_true : (n_studies,) of 0 and 1
    y_prob : (n_studies,)
        Inside [0, 1].
    threshold : float
        Probability at which treating and not treating are worth the same, inside (0, 1).
    level : float
        Two-sided, inside (0, 1).

    Returns
    -------
    Estimate
        Method "net-benefit", limits not clipped; one study has none.

    References
    ----------
    Vickers AJ, Elkin EB. Med Decis Making 2006; 26: 565-574.
    """
    truth, probabilities = checked_forecast(y_true, y_prob)
    quantile = normal_quantile(checked_level(level))
    benefit = _benefits(truth, probabilities, checked_open(threshold, "threshold"))
    return Estimate(*mean_limits(benefit, quantile), float(level), "net-benefit", truth.size)


def decision_curve(y_true: ArrayLike, y_prob: ArrayLike, *, thresholds: ArrayLike) -> DecisionCurve:
    """Net benefit at each threshold, beside treating all and treating none.

    Parameters
    ----------
    y_true : (n_studies,) of 0 and 1
    y_prob : (n_studies,)
        Inside [0, 1].
    thresholds : (n_thresholds,)
        Inside (0, 1).

    References
    ----------
    Vickers AJ, Elkin EB. Med Decis Making 2006; 26: 565-574.
    """
    truth, probabilities = checked_forecast(y_true, y_prob)
    cuts = [checked_open(cut, "threshold") for cut in checked_scores(thresholds, "thresholds").tolist()]
    prevalence = float(truth.mean()) if truth.size else NAN
    return DecisionCurve(
        tuple(cuts),
        tuple(mean_limits(_benefits(truth, probabilities, cut), 0.0)[0] for cut in cuts),
        tuple(prevalence - (1 - prevalence) * cut / (1 - cut) for cut in cuts),
        (0.0,) * len(cuts),
        prevalence,
        truth.size,
    )


def net_benefit_difference(
    y_true: ArrayLike, prob_a: ArrayLike, prob_b: ArrayLike, *, threshold: float, level: float = 0.95
) -> PairedDifference:
    """Net benefit of model a less that of model b on the same studies.

    Returns
    -------
    PairedDifference
        Method "net-benefit-paired"; identical decisions give 0, limits 0 and p 1.

    References
    ----------
    Vickers AJ, Elkin EB. Med Decis Making 2006; 26: 565-574.
    """
    quantile = normal_quantile(checked_level(level))
    test = paired_benefit(y_true, prob_a, prob_b, checked_open(threshold, "threshold"), quantile)
    estimate, lower, upper, error, statistic, p_value = test
    n = int(np.size(y_true))
    return PairedDifference(
        estimate, lower, upper, float(level), "net-benefit-paired", n, error, statistic, p_value
    )


def paired_benefit(
    y_true: ArrayLike, prob_a: ArrayLike, prob_b: ArrayLike, threshold: float, quantile: float
) -> NormalTest:
    """Return the normal test of the mean difference in net benefit, a less b."""
    truth, first = checked_forecast(y_true, prob_a)
    _, second = checked_forecast(y_true, prob_b)
    return mean_difference_test(
        _benefits(truth, first, threshold) - _benefits(truth, second, threshold), quantile
    )


def _benefits(truth: Flags, probabilities: Floats, threshold: float) -> Floats:
    """Return each study's share of the net benefit."""
    weight = threshold / (1 - threshold)
    return np.where(probabilities >= threshold, np.where(truth, 1.0, -weight), 0.0)
