"""What a drift check measured, and its verdict; reviewers see these, never the tool behind them."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, kw_only=True, slots=True)
class DriftMeasure:
    """One column of the check: its method, its p-value and its corrected threshold."""

    column: str
    method: str
    statistic: float | None
    p_value: float | None
    threshold: float
    drifted: bool


class Cause(StrEnum):
    """How an attribute of the studies accounts for a drift."""

    NEW = "new"  # it comes with levels that the reference hardly has
    MIX = "mix"  # the shares of the levels changed, what is within a level did not
    LEVEL = "level"  # it is in some of the levels that both windows have
    EVERYWHERE = "everywhere"  # it is in every level


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribution:
    """Columns whose drift one attribute of the studies accounts for, such as maker, site or age.

    `n_current` and `n_reference` count the studies of `levels`; for a changed mix, which is of all levels,
    that is the one that changed most. `same_as` names attributes that account for the same columns by the
    same studies: nothing here can tell them apart. `shown` is False where too few studies are left without
    the levels to show that they differ no more.
    """

    attribute: str
    cause: Cause
    columns: tuple[str, ...]
    levels: tuple[str, ...]
    n_current: int
    n_reference: int
    same_as: tuple[str, ...] = ()
    shown: bool = True


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
    attributions: tuple[Attribution, ...] = ()

    @property
    def drifted(self) -> tuple[str, ...]:
        """Names of the columns that drifted."""
        return tuple(measure.column for measure in self.measures if measure.drifted)

    @property
    def unattributed(self) -> tuple[str, ...]:
        """Names of the columns that drifted and that no attribute accounts for."""
        named = {column for found in self.attributions for column in found.columns}
        return tuple(column for column in self.drifted if column not in named)
