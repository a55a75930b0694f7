"""How often the drift check calls drift where there is none, and how often it sees a change that is there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from monitoring.drift import LEVEL, check, obstacles
from monitoring.features import Features, with_components
from monitoring.shifts import Draw, splits
from monitoring.stattests import p_values, some_drift
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

Told = Callable[[int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """What the check does with windows of `n_current` studies.

    `false_alarms` is the share of splits of the reference that the check calls drift at its level; `holding`
    is the highest level at which at most the target of these splits alarmed. `detected` is the share of
    changed windows it sees, by shift; `left_out` says which shifts could not be drawn, and why.
    `largest_difference` is between a full Evidently report's p-values and those counted here: 0 when the
    calibration tells the truth about the reports, NaN when no report was made.
    """

    false_alarms: Estimate
    holding: float
    n_current: int
    n_reference: int
    columns: int
    reports: int
    largest_difference: float
    detected: Mapping[str, Estimate] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)


def calibrate(
    reference: Features,
    n: int,
    *,
    draws: int = 200,
    seed: int,
    reports: int = 5,
    on_draw: Told = lambda _: None,
) -> Calibration:
    """Count false alarms on splits of the reference, and choose the highest level that holds the target.

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
    on_draw
        Told how many draws are done.

    Raises
    ------
    EvidenceError
        The reference is not twice as large as the window or holds what cannot be compared, or no level is
        rare enough.
    """
    _require_room(reference, n)
    smallest, columns, differences = [], 0, []
    for i, (rest, drawn) in enumerate(splits(reference, n, draws, np.random.default_rng(seed))):
        values = p_values(*with_components(rest, drawn))
        columns = len(values)
        smallest.append(min(values.values()))
        if i < reports:
            verdict, _ = check(rest, drawn, minimum=n)
            differences += [abs(values[m.column] - (m.p_value or 0.0)) for m in verdict.measures]
        on_draw(i + 1)
    return Calibration(
        false_alarms=wilson(_alarms(smallest, LEVEL / columns), draws),
        holding=_highest(smallest, columns),
        n_current=n,
        n_reference=reference.n - n,
        columns=columns,
        reports=min(reports, draws),
        largest_difference=max(differences, default=float("nan")),
    )


def detected(draw: Draw, n: int, *, draws: int, seed: int, on_draw: Told = lambda _: None) -> Estimate:
    """Return the share of changed windows of n studies that the check calls drift, with Wilson's limits.

    Raises
    ------
    EvidenceError
        Such a window cannot be drawn from the reference.
    """
    rng = np.random.default_rng(seed)
    seen = 0
    for i in range(draws):
        seen += some_drift(*with_components(*draw(n, rng)), level=LEVEL)
        on_draw(i + 1)
    return wilson(seen, draws)


def _require_room(reference: Features, n: int) -> None:
    if reference.n < 2 * n:
        raise EvidenceError(f"calibrating for {n} studies needs {2 * n} reference studies, not {reference.n}")
    if reasons := obstacles(reference, reference, n):
        raise EvidenceError("; ".join(reasons))


def _alarms(smallest: list[float], threshold: float) -> int:
    return sum(value <= threshold for value in smallest)


def _highest(smallest: list[float], columns: int) -> float:
    """Return the highest level with few enough alarms, from each draw's smallest p-value."""
    for level in LEVELS:
        if _alarms(smallest, level / columns) <= TARGET * len(smallest):
            return level
    raise EvidenceError(
        f"the reference drifts against itself even at {LEVELS[-1]}; look at it before using it"
    )
