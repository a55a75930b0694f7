"""A number fit to be shown: never without its limits, how they were made, and from how many."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A value with its two-sided confidence limits.

    Attributes
    ----------
    estimate, lower, upper : float
        In the unit of the quantity; NaN where the data do not define it.
    level : float
        Two-sided confidence level asked for, inside (0, 1).
    method : str
        How the limits were made, as a stable word.
    n : int
        Denominator of the estimate, also where it is NaN.
    """

    estimate: float
    lower: float
    upper: float
    level: float
    method: str
    n: int
