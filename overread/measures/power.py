"""How many cases a non-inferiority check needs, and how often it would pass."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from overread.measures.inputs import (
    checked_alpha,
    checked_choice,
    checked_count,
    checked_open,
    checked_proportion,
)
from overread.measures.proportion import tango_noninferiority, tango_statistic


@dataclass(frozen=True)
class PowerRow:
    """The power of one size at one discordance."""

    n: int
    discordance: float
    power: float


def power_noninferiority(
    n: int,
    *,
    discordance: float,
    difference: float = 0.0,
    margin: float,
    alpha: float = 0.025,
    method: str = "normal",
) -> float:
    """Chance that `tango_noninferiority` says non-inferior.

    Parameters
    ----------
    n : int
        Pairs.
    discordance : float
        Share of pairs on which the two models differ, inside [0, 1].
    difference : float
        True difference, candidate less reference; at most `discordance` in size.
    margin, alpha : float
        As in the test.
    method : {"normal", "exact"}
        The normal form is a few points too kind below n = 300.

    References
    ----------
    Nam JM. Biometrics 1997; 53: 1422-1430.
    """
    checked_choice(method, ("normal", "exact"), "method")
    pairs, total = checked_count(n, "n"), checked_alpha(alpha)
    checked_open(margin, "margin")
    variance = _discordance_variance(discordance, difference)
    if method == "exact":
        return _exact_power(pairs, discordance, difference, margin, total)
    if variance == 0:  # one table is certain: nobody differs, or everybody the same way
        wins, losses = (pairs, 0) if difference > 0 else (0, pairs)
        table = (wins, losses) if discordance > 0 else (0, 0)
        return float(tango_noninferiority(*table, pairs, margin=margin, alpha=total).noninferior)
    reached = (difference + margin) * math.sqrt(pairs / variance)
    return float(scipy.special.ndtr(reached - scipy.special.ndtri(1 - total)))


def sample_size_noninferiority(
    *, discordance: float, difference: float = 0.0, margin: float, alpha: float = 0.025, power: float = 0.9
) -> int:
    """Pairs needed for a power, by the normal form; 0 without any discordance, where power says more.

    Raises
    ------
    ValueError
        The difference is at or below -margin, so that no size is enough, or the power is not inside (0, 1).

    References
    ----------
    Nam JM. Biometrics 1997; 53: 1422-1430.
    """
    checked_open(margin, "margin")
    variance = _discordance_variance(discordance, difference)
    tails = np.array([1 - checked_alpha(alpha), checked_open(power, "power")])
    quantiles = float(scipy.special.ndtri(tails).sum())
    if difference <= -margin:
        raise ValueError("no size can show non-inferiority of a difference at or below -margin")
    return math.ceil(quantiles**2 * variance / (difference + margin) ** 2)


def power_table(
    sizes: Sequence[int],
    *,
    discordances: Sequence[float],
    margin: float,
    alpha: float = 0.025,
    difference: float = 0.0,
) -> tuple[PowerRow, ...]:
    """Return the normal power of each size at each discordance, sizes outermost."""
    return tuple(
        PowerRow(
            checked_count(n, "n"),
            float(discordance),
            power_noninferiority(
                n, discordance=discordance, difference=difference, margin=margin, alpha=alpha
            ),
        )
        for n in sizes
        for discordance in discordances
    )


def _discordance_variance(discordance: float, difference: float) -> float:
    checked_proportion(discordance, "discordance")
    if not abs(difference) <= discordance:
        raise ValueError("the difference cannot be larger than the discordance")
    return max(discordance - difference**2, 0.0)


def _exact_power(n: int, discordance: float, difference: float, margin: float, alpha: float) -> float:
    """Sum the chance of every table (b, c) that is non-inferior, by the number of discordant pairs."""
    if n == 0:
        return 0.0
    wins_share = (discordance + difference) / (2 * discordance) if discordance > 0 else 0.5
    differing = np.arange(n + 1)
    chances = scipy.stats.binom.pmf(differing, n, discordance)
    power = 0.0
    for m in differing[chances > 1e-15].tolist():  # noqa: PLR2004 - together below 1e-12
        b = np.arange(m + 1)
        noninferior = scipy.special.ndtr(-tango_statistic(b, m - b, n, -margin)) < alpha
        power += float(chances[m] * (scipy.stats.binom.pmf(b, m, wins_share) * noninferior).sum())
    return min(power, 1.0)
