"""Whether a probability means what it says, and what would correct it."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from overread.domain.estimates import Estimate
from overread.measures.inputs import Codes, Flags, Floats, checked_count, checked_forecast, checked_level
from overread.measures.results import NAN, TestResult, clipped, mean_limits, normal_quantile

_MOST_STEPS = 100
_SETTLED = 1e-10  # a Newton step shorter than this, on the logit scale
_FIRST_MOVE = 5.0  # of any case's logit at most, growing from step to step: none lands where all is flat


@dataclass(frozen=True)
class Bin:
    """Cases of neighbouring probability: what was said, and what was found."""

    count: int
    mean_predicted: float
    observed: float


@dataclass(frozen=True)
class CalibrationError:
    """Mean gap between probability and observed share over equal-mass bins."""

    estimate: float
    method: str
    n: int
    n_bins: int
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class CalibrationFit:
    """Logistic recalibration: intercept 0 and slope 1 where nothing is to be corrected."""

    intercept: Estimate
    slope: Estimate
    slope_intercept: float
    converged: bool
    n: int


@dataclass(frozen=True)
class GoodnessOfFit(TestResult):
    """A goodness-of-fit test with its degrees of freedom."""

    df: int


class Fit(NamedTuple):
    """Maximum-likelihood coefficients and their standard errors."""

    coefficients: Floats
    errors: Floats
    converged: bool


_UNDEFINED = Fit(np.full(2, NAN), np.full(2, NAN), converged=False)


class Grouped(NamedTuple):
    """Cases in equal-mass bins, the empty ones left out."""

    counts: Codes
    predicted: Floats
    observed: Floats


def brier(y_true: ArrayLike, y_prob: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Mean squared gap between probability and truth; 0 is perfect.

    Parameters
    ----------
    y_true : (n_studies,) of 0 and 1
    y_prob : (n_studies,)
        Inside [0, 1].
    level : float
        Two-sided, inside (0, 1).

    Returns
    -------
    Estimate
        Method "brier", limits clipped to [0, 1]; one study has none.

    References
    ----------
    Brier GW. Mon Weather Rev 1950; 78: 1-3.
    """
    truth, probabilities = checked_forecast(y_true, y_prob)
    quantile = normal_quantile(checked_level(level))
    mean, lower, upper = mean_limits((probabilities - truth) ** 2, quantile)
    return Estimate(
        mean, clipped(lower, 0.0, 1.0), clipped(upper, 0.0, 1.0), float(level), "brier", truth.size
    )


def ece(y_true: ArrayLike, y_prob: ArrayLike, *, n_bins: int = 15) -> CalibrationError:
    """Mean gap between probability and observed share, over equal-mass bins that ignore the order of rows.

    Parameters
    ----------
    y_true : (n_studies,) of 0 and 1
    y_prob : (n_studies,)
        Inside [0, 1]; ties share a bin.
    n_bins : int
        Bins asked for.

    Returns
    -------
    CalibrationError
        Method "equal-mass"; no rows give NaN. Biased upward in small samples.

    References
    ----------
    Naeini MP, Cooper GF, Hauskrecht M. AAAI 2015. Nixon J et al. CVPR Workshops 2019.
    """
    truth, probabilities = checked_forecast(y_true, y_prob)
    asked, n = checked_count(n_bins, "n_bins", at_least=1), truth.size
    grouped = _equal_mass(truth, probabilities, asked)
    gaps = np.abs(grouped.predicted - grouped.observed)
    estimate = float(gaps.sum() / n) if n else NAN
    bins = tuple(
        Bin(int(count), float(predicted / count), float(observed / count))
        for count, predicted, observed in zip(*grouped, strict=True)
    )
    return CalibrationError(estimate, "equal-mass", n, asked, bins)


def calibration_fit(y_true: ArrayLike, y_prob: ArrayLike, *, level: float = 0.95) -> CalibrationFit:
    """Fit calibration in the large and the calibration slope, without any penalty.

    Parameters
    ----------
    y_true : (n_studies,) of 0 and 1
    y_prob : (n_studies,)
        Inside [0, 1]; kept in [1e-6, 1 - 1e-6] before its logit is taken.
    level : float
        Two-sided, inside (0, 1).

    Returns
    -------
    CalibrationFit
        `intercept` has the slope fixed at 1; `slope` and `slope_intercept` are fitted together. A missing
        class, or probabilities that separate the classes, give NaN and `converged` False; one single
        probability has no slope.

    References
    ----------
    Cox DR. Biometrika 1958; 45: 562-565. Van Calster B et al. BMC Med 2019; 17: 230.
    """
    truth, probabilities = checked_forecast(y_true, y_prob)
    quantile = normal_quantile(checked_level(level))
    predictor = np.asarray(scipy.special.logit(np.clip(probabilities, 1e-6, 1 - 1e-6)))
    n, large, joint = truth.size, _UNDEFINED, _UNDEFINED
    if truth.any() and not truth.all() and not _separated(truth, predictor):
        large = _fit(truth, np.ones((n, 1)), predictor)
        joint = _joint_fit(truth, predictor)
    return CalibrationFit(
        _wald(large, 0, quantile, level, "calibration-intercept", n),
        _wald(joint, 1, quantile, level, "calibration-slope", n),
        float(joint.coefficients[0]),
        large.converged and joint.converged,
        n,
    )


def hosmer_lemeshow(y_true: ArrayLike, y_prob: ArrayLike, *, n_bins: int = 10) -> GoodnessOfFit:
    """Hosmer-Lemeshow test on external data; informational, for in thousands of cases it rejects trifles.

    Parameters
    ----------
    y_true : (n_studies,) of 0 and 1
    y_prob : (n_studies,)
        Inside [0, 1].
    n_bins : int
        Bins asked for, as in `ece`.

    Returns
    -------
    GoodnessOfFit
        Method "hosmer-lemeshow", df is the number of bins (nothing was fitted here); no rows give NaN. A bin
        that was certain and wrong makes the statistic infinite.

    References
    ----------
    Hosmer DW, Lemeshow S. Commun Stat Theory Methods 1980; 9: 1043-1069.
    """
    truth, probabilities = checked_forecast(y_true, y_prob)
    counts, expected, found = _equal_mass(truth, probabilities, checked_count(n_bins, "n_bins", at_least=1))
    df = counts.size
    if df == 0:
        return GoodnessOfFit(NAN, NAN, "hosmer-lemeshow", 0, 0)
    variance, gaps = expected * (1 - expected / counts), (found - expected) ** 2
    certain = variance <= 0
    terms = np.divide(gaps, variance, out=np.where(gaps > 0, np.inf, 0.0), where=~certain)
    statistic = float(terms.sum())
    p_value = float(scipy.stats.chi2.sf(statistic, df))
    return GoodnessOfFit(statistic, p_value, "hosmer-lemeshow", truth.size, df)


def _equal_mass(truth: Flags, probabilities: Floats, n_bins: int) -> Grouped:
    """Return counts and sums per bin; the bin is floor(n_bins (2 r - 1) / (2 n)) of the midrank r.

    Summed in the order of the probabilities, so that not even the last digit knows the order of rows.
    """
    n, order = truth.size, np.argsort(probabilities)
    truth, probabilities = truth[order], probabilities[order]
    twice_rank = np.rint(2 * scipy.stats.rankdata(probabilities)).astype(np.int64)
    bins = n_bins * (twice_rank - 1) // (2 * max(n, 1))
    counts = np.bincount(bins, minlength=n_bins)
    used = counts > 0
    predicted, observed = (
        np.bincount(bins, weights=values, minlength=n_bins).astype(np.float64)
        for values in (probabilities, truth)
    )
    return Grouped(counts[used], predicted[used], observed[used])


def _separated(truth: Flags, predictor: Floats) -> bool:
    """Tell whether a threshold parts the classes, touching allowed: then no maximum exists."""
    above, below = predictor[truth], predictor[~truth]
    return bool(np.ptp(predictor) > 0 and (above.min() >= below.max() or above.max() <= below.min()))


def _joint_fit(truth: Flags, predictor: Floats) -> Fit:
    """Fit intercept and slope together, on a centred and scaled predictor; a constant one has no slope."""
    centre, width = float(predictor.mean()), float(np.ptp(predictor))
    if width == 0:
        return _UNDEFINED._replace(converged=True)
    design = np.column_stack([np.ones(truth.size), (predictor - centre) / width])
    (at_centre, scaled), (_, error), converged = _fit(truth, design, np.zeros(truth.size))
    slope = scaled / width
    return Fit(np.array([at_centre - slope * centre, slope]), np.array([NAN, error / width]), converged)


def _fit(truth: Flags, design: Floats, offset: Floats) -> Fit:
    """Maximise the logistic likelihood; undefined where rounding leaves no maximum to find."""
    try:
        coefficients = _newton(truth, design, offset)
        information = _information(design, scipy.special.expit(design @ coefficients + offset))
        root = np.linalg.inv(np.linalg.cholesky(information))
        return Fit(coefficients, np.sqrt((root**2).sum(axis=0)), converged=True)
    except np.linalg.LinAlgError:
        return _UNDEFINED


def _newton(truth: Flags, design: Floats, offset: Floats) -> Floats:
    """Climb by Newton's method, with no step too long and any that would descend halved."""
    coefficients, likelihood = np.zeros(design.shape[1]), _log_likelihood(truth, offset)
    for longest in _FIRST_MOVE * 1.3 ** np.arange(_MOST_STEPS):
        chance = scipy.special.expit(design @ coefficients + offset)
        step = np.linalg.solve(_information(design, chance), design.T @ (truth - chance))
        step = step * min(1.0, longest / max(float(np.abs(design @ step).max()), _SETTLED))
        trial = _log_likelihood(truth, design @ (coefficients + step) + offset)
        while trial < likelihood - 1e-9 * abs(likelihood) and np.abs(step).max() > _SETTLED:
            step = step / 2
            trial = _log_likelihood(truth, design @ (coefficients + step) + offset)
        coefficients, likelihood = coefficients + step, trial
        if np.abs(step).max() <= _SETTLED * max(1.0, float(np.abs(coefficients).max())):
            return np.asarray(coefficients)
    raise np.linalg.LinAlgError("no maximum within the steps allowed")


def _log_likelihood(truth: Flags, predictor: Floats) -> float:
    return -float(np.logaddexp(0, np.where(truth, -predictor, predictor)).sum())


def _information(design: Floats, chance: Floats) -> Floats:
    return np.asarray((design * (chance * (1 - chance))[:, None]).T @ design)


def _wald(fit: Fit, index: int, quantile: float, level: float, method: str, n: int) -> Estimate:
    value, reach = float(fit.coefficients[index]), quantile * float(fit.errors[index])
    return Estimate(value, value - reach, value + reach, float(level), method, n)
