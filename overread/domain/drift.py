"""What a drift check measured, and its verdict; reviewers see these, never the tool behind them."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class DriftMeasure:
    """One column of the check: its method, its p-value and its corrected threshold."""

    column: str
    method: str
    statistic: float | None
    p_value: float | None
    threshold: float
    drifted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class DriftVerdict:
    """Answer of one drift check; `passed` is None when there was too little evidence to say."""

    passed: bool | None
    n_reference: int
    n_current: int
    level: float
    measures: tuple[DriftMeasure, ...]
    reasons: tuple[str, ...] = ()
    report: str | None = None  # digest of the HTML report among the objects

    @property
    def drifted(self) -> tuple[str, ...]:
        """Names of the columns that drifted."""
        return tuple(measure.column for measure in self.measures if measure.drifted)
