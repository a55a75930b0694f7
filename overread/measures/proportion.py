"""Proportions and their differences: of independent samples, of one sample read twice, of patients' films."""

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from overread.domain.estimates import Estimate
from overread.measures.inputs import (
    checked_alpha,
    checked_choice,
    checked_count,
    checked_counts,
    checked_flags,
    checked_groups,
    checked_level,
    checked_open,
    same_length,
)
from overread.measures.results import NAN, TestResult, clipped, normal_quantile, normal_test, settled


@dataclass(frozen=True)
class NonInferiority(Estimate):
    """A paired difference of proportions tested against -margin."""

    margin: float
    statistic: float
    p_value: float
    noninferior: bool


@dataclass(frozen=True)
class ClusteredProportion(Estimate):
    """A proportion of films, with the patients they come from taken into account."""

    standard_error: float
    design_effect: float
    n_effective: float
    n_clusters: int


@dataclass(frozen=True)
class ClusteredDifference(Estimate):
    """A paired difference of proportions of films, with the patients taken into account."""

    standard_error: float
    statistic: float
    p_value: float
    n_clusters: int


def wilson_limits(p: float, n: float, quantile: float) -> tuple[float, float]:
    """Return Wilson's limits for a proportion p of a possibly fractional n; 0 and 1 when n is 0."""
    if n == 0:
        return 0.0, 1.0
    square = quantile**2
    centre = (p * n + square / 2) / (n + square)
    reach = quantile * math.sqrt(p * (1 - p) * n + square / 4) / (n + square)
    return (0.0 if p == 0 else max(centre - reach, 0.0)), (1.0 if p == 1 else min(centre + reach, 1.0))


def wilson(x: float, n: float, *, level: float = 0.95) -> Estimate:
    """Proportion x / n with Wilson's score limits.

    Parameters
    ----------
    x, n : int
        Count and its total.
    level : float
        Two-sided, inside (0, 1).

    Returns
    -------
    Estimate
        Method "wilson"; no rows give NaN with limits 0 and 1.

    References
    ----------
    Wilson EB. J Am Stat Assoc 1927; 22: 209-212.
    """
    count, total = checked_counts(x, n)
    lower, upper = wilson_limits(_share(count, total), total, normal_quantile(checked_level(level)))
    return Estimate(_share(count, total), lower, upper, float(level), "wilson", total)


def clopper_pearson(x: float, n: float, *, level: float = 0.95) -> Estimate:
    """Proportion x / n with exact limits, which cover at least `level` (and usually more).

    References
    ----------
    Clopper CJ, Pearson ES. Biometrika 1934; 26: 404-413.
    """
    count, total = checked_counts(x, n)
    tail = (1 - checked_level(level)) / 2
    lower = 0.0 if count == 0 else float(scipy.special.betaincinv(count, total - count + 1, tail))
    upper = 1.0 if count == total else float(scipy.special.betaincinv(count + 1, total - count, 1 - tail))
    return Estimate(_share(count, total), lower, upper, float(level), "clopper-pearson", total)


def newcombe_difference(x1: float, n1: float, x2: float, n2: float, *, level: float = 0.95) -> Estimate:
    """Difference of two independent proportions, x1 / n1 - x2 / n2; not for two models on one test set.

    Returns
    -------
    Estimate
        Method "newcombe-10", n = n1 + n2; an empty sample gives NaN with limits -1 and 1.

    References
    ----------
    Newcombe RG. Stat Med 1998; 17: 873-890, method 10.
    """
    first, second = wilson(x1, n1, level=level), wilson(x2, n2, level=level)
    n = first.n + second.n
    if first.n == 0 or second.n == 0:
        return Estimate(NAN, -1.0, 1.0, float(level), "newcombe-10", n)
    difference, lower, upper = _squared_and_added(first, second, correlation=0.0)
    return Estimate(difference, lower, upper, float(level), "newcombe-10", n)


def paired_difference(
    both: float,
    only_first: float,
    only_second: float,
    neither: float,
    *,
    level: float = 0.95,
    method: str = "tango",
) -> Estimate:
    """Difference of two proportions measured on the same cases, (only_first - only_second) / n.

    Parameters
    ----------
    both, only_first, only_second, neither : int
        The four cells of the paired table.
    level : float
        Two-sided, inside (0, 1).
    method : {"tango", "newcombe"}
        Score limits, or the closed form made from two Wilson intervals.

    Returns
    -------
    Estimate
        n is the sum of the cells; an empty table gives NaN with limits -1 and 1.

    References
    ----------
    Tango T. Stat Med 1998; 17: 891-908. Newcombe RG. Stat Med 1998; 17: 2635-2650, method 10.
    """
    checked_choice(method, ("tango", "newcombe"), "method")
    a, b, c, d = (checked_count(cell, "cell") for cell in (both, only_first, only_second, neither))
    quantile, n = normal_quantile(checked_level(level)), a + b + c + d
    if n == 0:
        return Estimate(NAN, -1.0, 1.0, float(level), method, 0)
    if method == "tango":
        lower, upper = tango_limits(b, c, n, quantile)
        return Estimate((b - c) / n, lower, upper, float(level), method, n)
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    surplus = a * d - b * c
    corrected = max(surplus - n / 2, 0.0) if surplus > 0 else float(surplus)
    correlation = corrected / math.sqrt(margins) if margins else 0.0
    _, lower, upper = _squared_and_added(
        wilson(a + b, n, level=level), wilson(a + c, n, level=level), correlation
    )
    return Estimate((b - c) / n, lower, upper, float(level), method, n)


def tango_statistic(b: ArrayLike, c: ArrayLike, n: int, difference: float) -> np.ndarray:
    """Return Tango's score statistic T of H0: p1 - p2 = `difference`; elementwise over the tables (b, c)."""
    first, second = np.asarray(b, dtype=np.float64), np.asarray(c, dtype=np.float64)
    linear = -first - second + (2 * n - first + second) * difference
    constant = -second * difference * (1 - difference)
    q = (np.sqrt(np.maximum(linear**2 - 8 * n * constant, 0.0)) - linear) / (4 * n)
    variance = n * (2 * q + difference * (1 - difference))
    distance = first - second - n * difference
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = distance / np.sqrt(np.maximum(variance, 0.0))
    return np.where(distance == 0, 0.0, statistic)


def tango_noninferiority(
    b: float, c: float, n: float, *, margin: float, alpha: float = 0.025
) -> NonInferiority:
    """Test that a candidate loses less than `margin` against a reference on the same cases.

    Parameters
    ----------
    b, c : int
        Cases where only the candidate is right, and where only the reference is right.
    n : int
        All pairs.
    margin : float
        Largest tolerable loss, inside (0, 1).
    alpha : float
        One-sided, in (0, 0.5]; the limits have level 1 - 2 alpha.

    Returns
    -------
    NonInferiority
        Method "tango". No pairs: NaN with limits -1 and 1, and not non-inferior.

    References
    ----------
    Tango T. Stat Med 1998; 17: 891-908.
    """
    total = checked_count(n, "n")
    wins, losses = checked_count(b, "b"), checked_count(c, "c")
    if wins + losses > total:
        raise ValueError(f"b + c = {wins + losses} is larger than n = {total}")
    checked_open(margin, "margin")
    tail = checked_alpha(alpha)
    level = 1 - 2 * tail
    if total == 0:
        return NonInferiority(NAN, -1.0, 1.0, level, "tango", 0, float(margin), NAN, NAN, noninferior=False)
    lower, upper = tango_limits(wins, losses, total, float(scipy.special.ndtri(1 - tail)))
    statistic = float(tango_statistic(wins, losses, total, -margin))
    p_value = float(scipy.special.ndtr(-statistic))
    return NonInferiority(
        (wins - losses) / total,
        lower,
        upper,
        level,
        "tango",
        total,
        float(margin),
        statistic,
        p_value,
        p_value < tail,
    )


def mcnemar_midp(b: float, c: float) -> TestResult:
    """Mid-p test that two models on the same cases are right equally often.

    Parameters
    ----------
    b, c : int
        Discordant pairs of either kind.

    Returns
    -------
    TestResult
        Method "mcnemar-midp", statistic b, n = b + c; p is 1 when b = c.

    References
    ----------
    Fagerland MW, Lydersen S, Laake P. BMC Med Res Methodol 2013; 13: 91.
    """
    first, second = checked_count(b, "b"), checked_count(c, "c")
    n, fewer = first + second, min(first, second)
    if first == second:
        return TestResult(float(first), 1.0, "mcnemar-midp", n)
    p_value = 2 * scipy.stats.binom.cdf(fewer, n, 0.5) - scipy.stats.binom.pmf(fewer, n, 0.5)
    return TestResult(float(first), clipped(p_value, 0.0, 1.0), "mcnemar-midp", n)


def clustered_proportion(
    x: ArrayLike, cluster: Iterable[Hashable], *, level: float = 0.95
) -> ClusteredProportion:
    """Proportion of films, where films of one patient are not independent.

    Parameters
    ----------
    x : (n_films,) of 0 and 1
        1 where the film counts.
    cluster : (n_films,)
        Patient of each film, any hashable but None and NaN.
    level : float
        Two-sided, inside (0, 1).

    Returns
    -------
    ClusteredProportion
        Method "rao-scott-wilson": Wilson's formula on the effective sample size.

    References
    ----------
    Rao JNK, Scott AJ. Biometrics 1992; 48: 577-585.
    """
    flags = checked_flags(x, "x")
    codes, k = checked_groups(cluster, flags.size)
    quantile, n = normal_quantile(checked_level(level)), flags.size
    positives = np.bincount(codes, weights=flags, minlength=k)
    films = np.bincount(codes, minlength=k)
    p = _share(int(flags.sum()), n)
    variance = _between_clusters(positives - films * p, float((positives**2 + (films * p) ** 2).sum()), n, k)
    if n == 0 or k == 1 or p in {0.0, 1.0}:
        effect, effective = NAN, float(k)
    else:
        effect = variance * n / (p * (1 - p))
        effective = n / max(1.0, effect)
    lower, upper = wilson_limits(p, effective, quantile)
    return ClusteredProportion(
        p, lower, upper, float(level), "rao-scott-wilson", n, math.sqrt(variance), effect, effective, k
    )


def clustered_paired_difference(
    first: ArrayLike, second: ArrayLike, cluster: Iterable[Hashable], *, level: float = 0.95
) -> ClusteredDifference:
    """Difference of two proportions on the same films, mean(first - second), films grouped by patient.

    Returns
    -------
    ClusteredDifference
        Method "obuchowski", limits kept in [-1, 1]. One patient has no limits and no test.

    References
    ----------
    Obuchowski NA. Stat Med 1998; 17: 1495-1507.
    """
    one, other = checked_flags(first, "first"), checked_flags(second, "second")
    same_length(one, other)
    codes, k = checked_groups(cluster, one.size)
    quantile, n = normal_quantile(checked_level(level)), one.size
    differences = one.astype(np.float64) - other
    mean = float(differences.mean()) if n else NAN
    sums, films = np.bincount(codes, weights=differences, minlength=k), np.bincount(codes, minlength=k)
    variance = _between_clusters(sums - films * mean, float((sums**2 + (films * mean) ** 2).sum()), n, k)
    test = normal_test(mean, variance, quantile)
    lower, upper = clipped(test.lower, -1.0, 1.0), clipped(test.upper, -1.0, 1.0)
    return ClusteredDifference(
        test.estimate,
        lower,
        upper,
        float(level),
        "obuchowski",
        n,
        test.standard_error,
        test.statistic,
        test.p_value,
        k,
    )


def _share(count: int, total: int) -> float:
    return count / total if total else NAN


def _squared_and_added(first: Estimate, second: Estimate, correlation: float) -> tuple[float, float, float]:
    """Return p1 - p2 with Newcombe's limits from two Wilson intervals and the correlation between them."""
    difference = first.estimate - second.estimate
    down = (first.estimate - first.lower, second.upper - second.estimate)
    up = (first.upper - first.estimate, second.estimate - second.lower)
    lower, upper = (math.sqrt(max(x**2 - 2 * correlation * x * y + y**2, 0.0)) for x, y in (down, up))
    return difference, clipped(difference - lower, -1.0, 1.0), clipped(difference + upper, -1.0, 1.0)


def tango_limits(b: float, c: float, n: float, quantile: float) -> tuple[float, float]:
    """Return the ends of the differences that Tango's statistic does not reject; T falls as they rise.

    The counts need not be whole: those of an effective sample are not.
    """
    return _tango_end(b, c, n, quantile, end=-1.0), _tango_end(b, c, n, quantile, end=1.0)


def _tango_end(b: float, c: float, n: float, quantile: float, *, end: float) -> float:
    inside, outside = (b - c) / n, end
    if abs(_tango_at(b, c, n, end)) <= quantile:
        return end
    while abs(outside - inside) > 1e-13:  # noqa: PLR2004 - three orders below the contract's 1e-10
        middle = (inside + outside) / 2
        if abs(_tango_at(b, c, n, middle)) <= quantile:
            inside = middle
        else:
            outside = middle
    return inside


def _tango_at(b: float, c: float, n: float, difference: float) -> float:
    """Return `tango_statistic` of one table in plain floats: a bisection asks 45 times."""
    linear = -b - c + (2 * n - b + c) * difference
    constant = -c * difference * (1 - difference)
    q = (math.sqrt(max(linear**2 - 8 * n * constant, 0.0)) - linear) / (4 * n)
    variance = n * (2 * q + difference * (1 - difference))
    distance = b - c - n * difference
    if distance == 0:
        return 0.0
    return distance / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, distance)


def _between_clusters(residuals: np.ndarray, positive_terms: float, n: int, k: int) -> float:
    """Return k / (k - 1) sum of squared cluster residuals / n^2; NaN below two clusters."""
    if k < 2:  # noqa: PLR2004 - one cluster has no variance
        return NAN
    factor = k / (k - 1) / n**2
    return settled(factor * float((residuals**2).sum()), factor * positive_terms)
