"""How often the drift check calls drift where there is none, and the level that keeps this rare."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.drift import LEVEL, check, obstacles
from monitoring.features import Features, with_components
from monitoring.stattests import p_values
from overread.domain.errors import EvidenceError
from overread.domain.estimates import Estimate
from overread.measures.proportion import wilson

TARGET = 0.025
LEVELS = (
    LEVEL,
    0.02,
    0.015,
    0.01,
    0.005,
)  # the correction by columns already holds the first; only ever lower


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """The level to check at, and the false alarms measured at it, reference against reference.

    `largest_difference` is between a full Evidently report's p-values and those counted here: 0 when the
    calibration tells the truth about the reports, NaN when no report was made.
    """

    level: float
    false_alarms: Estimate
    n_current: int
    n_reference: int
    columns: int
    reports: int
    largest_difference: float


def calibrate(
    reference: Features,
    n: int,
    *,
    draws: int = 200,
    seed: int,
    reports: int = 5,
    target: float = TARGET,
) -> Calibration:
    """Choose the highest level at which at most `target` of the draws call drift.

    Parameters
    ----------
    reference
        Studies among which nothing has drifted.
    n
        Size of the current window; each draw takes n studies and compares them with all others.
    draws, seed
        Splits of the reference, and the random state that draws them.
    reports
        Draws that are run once more as full reports, to show that both give the same p-values.

    Raises
    ------
    EvidenceError
        The reference is not twice as large as the window or holds what cannot be compared, or no level is
        rare enough.
    """
    if reasons := obstacles(reference, reference, n):
        raise EvidenceError("; ".join(reasons))
    if reference.n < 2 * n:
        raise EvidenceError(f"calibrating for {n} studies needs {2 * n} reference studies, not {reference.n}")
    smallest, columns, differences = [], 0, []
    for i, (rest, drawn) in enumerate(_splits(reference, n, draws, seed)):
        values = p_values(*with_components(rest, drawn))
        columns = len(values)
        smallest.append(min(values.values()))
        if i < reports:
            verdict, _ = check(rest, drawn, minimum=n)
            differences += [abs(values[m.column] - (m.p_value or 0.0)) for m in verdict.measures]
    level, alarms = _highest(np.array(smallest), columns, target)
    return Calibration(
        level=level,
        false_alarms=wilson(alarms, draws),
        n_current=n,
        n_reference=reference.n - n,
        columns=columns,
        reports=min(reports, draws),
        largest_difference=max(differences, default=float("nan")),
    )


def _splits(reference: Features, n: int, draws: int, seed: int) -> Iterator[tuple[Features, Features]]:
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        order = rng.permutation(reference.n)
        yield reference.take(np.sort(order[n:])), reference.take(np.sort(order[:n]))


def _highest(smallest: NDArray[np.float64], columns: int, target: float) -> tuple[float, int]:
    """Return the highest level with few enough alarms, and their count, from each draw's smallest p-value."""
    for level in LEVELS:
        alarms = int((smallest <= level / columns).sum())
        if alarms <= target * len(smallest):
            return level, alarms
    raise EvidenceError(
        f"the reference drifts against itself even at {LEVELS[-1]}; look at it before using it"
    )
