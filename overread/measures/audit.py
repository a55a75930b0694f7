"""Accuracy in production, where only some cases are ever verified, and how they were chosen matters."""

import math
from collections.abc import Hashable, Iterable
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
    checked_count,
    checked_counts,
    checked_flags,
    checked_groups,
    checked_level,
    checked_probabilities,
    checked_proportion,
    same_length,
)
from overread.measures.proportion import wilson_limits
from overread.measures.results import NAN, normal_quantile, settled


@dataclass(frozen=True)
class VerifiedAccuracy:
    """Accuracy of all cases called, corrected for the share verified in each arm."""

    sensitivity: Estimate
    specificity: Estimate
    prevalence: float
    ppv: float
    npv: float


@dataclass(frozen=True)
class SurveyEstimate(Estimate):
    """A share estimated from cases drawn with known chances."""

    standard_error: float
    n_effective: float


@dataclass(frozen=True)
class SurveyAccuracy:
    """Accuracy of all cases, estimated from audited ones."""

    sensitivity: SurveyEstimate
    specificity: SurveyEstimate
    prevalence: SurveyEstimate
    n: int


class Verified(NamedTuple):
    """Cases called one way: all, and of those verified the ones a measure is about and the others."""

    called: int
    counted: float
    others: float

    @property
    def share(self) -> float:
        """Share of the verified that the measure is about."""
        return self.counted / (self.counted + self.others)


def begg_greenes(
    *,
    flagged: int,
    flagged_diseased: int,
    flagged_healthy: int,
    cleared: int,
    cleared_diseased: int,
    cleared_healthy: int,
    level: float = 0.95,
) -> VerifiedAccuracy:
    """Sensitivity and specificity when flagged and cleared cases are verified at different rates.

    Parameters
    ----------
    flagged, cleared : int
        All cases the model called positive, and negative.
    flagged_diseased, flagged_healthy, cleared_diseased, cleared_healthy : int
        The verified ones among them, by truth.
    level : float
        Two-sided, inside (0, 1).

    Returns
    -------
    VerifiedAccuracy
        Method "begg-greenes" with logit limits, n is the verified cases. An arm without a verified case
        leaves both measures NaN.

    Notes
    -----
    The naive sensitivity among verified cases is too high when few cleared cases are audited; never show it.

    References
    ----------
    Begg CB, Greenes RA. Biometrics 1983; 39: 207-215. Zhou XH. Commun Stat Theory Methods 1993;
    22: 3177-3198.
    """
    cells = (flagged_diseased, flagged_healthy, cleared_diseased, cleared_healthy)
    s1, r1, s0, r0 = (checked_count(cell, "verified count") for cell in cells)
    verified_flagged, all_flagged = checked_counts(s1 + r1, flagged)
    verified_cleared, all_cleared = checked_counts(s0 + r0, cleared)
    quantile, n = normal_quantile(checked_level(level)), verified_flagged + verified_cleared
    ppv = s1 / verified_flagged if verified_flagged else NAN
    npv = r0 / verified_cleared if verified_cleared else NAN
    if not (verified_flagged and verified_cleared):
        nothing = Estimate(NAN, NAN, NAN, float(level), "begg-greenes", n)
        return VerifiedAccuracy(nothing, nothing, NAN, ppv, npv)
    prevalence = (all_flagged * ppv + all_cleared * (1 - npv)) / (all_flagged + all_cleared)
    sensitivity = _corrected(Verified(all_flagged, s1, r1), Verified(all_cleared, s0, r0), quantile)
    specificity = _corrected(Verified(all_cleared, r0, s0), Verified(all_flagged, r1, s1), quantile)
    return VerifiedAccuracy(
        Estimate(*sensitivity, float(level), "begg-greenes", n),
        Estimate(*specificity, float(level), "begg-greenes", n),
        prevalence,
        ppv,
        npv,
    )


def horvitz_thompson(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    inclusion_probability: ArrayLike,
    *,
    strata: Iterable[Hashable] | None = None,
    level: float = 0.95,
) -> SurveyAccuracy:
    """Accuracy of all cases from audited ones, each weighted by the inverse of its chance to be audited.

    Parameters
    ----------
    y_true, y_pred : (n_audited,) of 0 and 1
    inclusion_probability : (n_audited,)
        In (0, 1].
    strata : (n_audited,), optional
        Any hashable; at least two audited cases in each.
    level : float
        Two-sided, inside (0, 1).

    Returns
    -------
    SurveyAccuracy
        Method "horvitz-thompson": ratio estimates, linearised variance, Wilson's limits.

    References
    ----------
    Horvitz DG, Thompson DJ. J Am Stat Assoc 1952; 47: 663-685. Korn EL, Graubard BI. Surv Methodol 1998;
    24: 193-201.
    """
    truth, called = checked_flags(y_true), checked_flags(y_pred, "y_pred")
    chances = checked_probabilities(inclusion_probability, "inclusion_probability")
    same_length(truth, called, chances)
    if (chances == 0).any():
        raise ValueError("an audited case cannot have inclusion probability 0")
    checked_level(level)
    n = truth.size
    codes, _ = (np.zeros(n, dtype=np.int64), 1) if strata is None else checked_groups(strata, n, "strata")
    if (np.bincount(codes) == 1).any():
        raise ValueError("a stratum of one audited case has no variance; merge it with another")
    weights = 1 / chances
    return SurveyAccuracy(
        _survey_share(truth, called, weights, codes, level),
        _survey_share(~truth, ~called, weights, codes, level),
        _survey_share(np.ones_like(truth), truth, weights, codes, level),
        n,
    )


def missed_finding_bound(missed: int, audited: int, *, level: float = 0.95) -> Estimate:
    """Miss rate among audited cases, with an exact one-sided upper limit.

    Returns
    -------
    Estimate
        Method "clopper-pearson-upper", lower 0; nothing audited gives NaN and upper 1.

    References
    ----------
    Clopper CJ, Pearson ES. Biometrika 1934; 26: 404-413.
    """
    count, total = checked_counts(missed, audited)
    quantile = checked_level(level)
    upper = 1.0 if count == total else float(scipy.special.betaincinv(count + 1, total - count, quantile))
    rate = count / total if total else NAN
    return Estimate(rate, 0.0, upper, checked_level(level), "clopper-pearson-upper", total)


def audit_sample_size(max_rate: float, *, level: float = 0.95) -> int:
    """Return the fewest audited cases whose flawless audit bounds the miss rate by `max_rate`, in (0, 1].

    References
    ----------
    Hanley JA, Lippman-Hand A. JAMA 1983; 249: 1743-1745.
    """
    rate, confidence = checked_proportion(max_rate, "max_rate"), checked_level(level)
    if rate == 0:
        raise ValueError("no number of audited cases shows a rate of 0")
    if rate == 1:
        return 1
    needed = math.log1p(-confidence) / math.log1p(-rate)
    return max(1, math.ceil(needed * (1 - 1e-12)))  # an exact whole number is not rounded up by noise


def _corrected(own: Verified, other: Verified, quantile: float) -> tuple[float, float, float]:
    """Return a measure and its logit limits; `own` are the cases called as the measure asks."""
    found, lost = own.called * own.share, other.called * other.share
    if found + lost == 0:
        return NAN, NAN, NAN
    estimate = found / (found + lost)
    if own.counted == 0 or other.counted == 0:
        own, other = (
            arm._replace(counted=arm.counted + 0.5, others=arm.others + 0.5) for arm in (own, other)
        )
    centre = math.log(own.called * own.share) - math.log(other.called * other.share)
    variance = sum(
        1 / arm.called + arm.others / (arm.counted * (arm.counted + arm.others)) for arm in (own, other)
    )
    reach = quantile * math.sqrt(variance)
    lower = 0.0 if estimate == 0 else float(scipy.special.expit(centre - reach))
    upper = 1.0 if estimate == 1 else float(scipy.special.expit(centre + reach))
    return estimate, lower, upper


def _survey_share(domain: Flags, hits: Flags, weights: Floats, strata: Codes, level: float) -> SurveyEstimate:
    """Return the weighted share of hits in a domain, its variance taken over all rows of each stratum."""
    n = int(domain.sum())
    if n == 0:
        return SurveyEstimate(NAN, 0.0, 1.0, float(level), "horvitz-thompson", 0, NAN, 0.0)
    inside = np.where(domain, weights, 0.0)
    hit = inside[hits].sum()
    total = hit + inside[~hits].sum()  # so that a perfect share is exactly 1
    p = float(hit / total)
    terms = inside * (hits - p) / total
    rows = np.bincount(strata)
    means = np.bincount(strata, weights=terms) / rows
    factors = (rows / (rows - 1))[strata]
    variance = settled(
        float((factors * (terms - means[strata]) ** 2).sum()), float((factors * terms**2).sum())
    )
    kish = float(total**2 / (inside**2).sum())
    effective = min(float(n), kish if variance == 0 else p * (1 - p) / variance)
    lower, upper = wilson_limits(p, effective, normal_quantile(level))
    return SurveyEstimate(
        p, lower, upper, float(level), "horvitz-thompson", n, math.sqrt(variance), effective
    )
