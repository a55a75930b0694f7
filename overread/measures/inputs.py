"""What a statistic takes: arrays and numbers checked once, at the door, so that no NaN travels in silence."""

import math
import numbers
from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]


def checked_scores(values: ArrayLike, name: str = "scores", *, ndim: int = 1) -> Floats:
    """Return finite float64 values of `ndim` dimensions."""
    if np.ma.is_masked(values):
        raise ValueError(f"{name} has masked values; leave those rows out first")
    array = np.asarray(values)
    if array.dtype.kind == "O" and all(isinstance(v, numbers.Real | np.bool_) for v in array.flat):
        array = array.astype(np.float64)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers")
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimension(s), it has {array.ndim}")
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite")
    return array


def checked_flags(values: ArrayLike, name: str = "y_true", *, ndim: int = 1) -> Flags:
    """Return 0/1/True/False values as booleans."""
    array = checked_scores(values, name, ndim=ndim)
    flags = np.asarray(array == 1)
    if not (flags | (array == 0)).all():
        raise ValueError(f"{name} must hold only 0 and 1")
    return flags


def checked_probabilities(values: ArrayLike, name: str = "probabilities") -> Floats:
    """Return values checked to be inside [0, 1]."""
    array = checked_scores(values, name)
    if ((array < 0) | (array > 1)).any():
        raise ValueError(f"{name} must be inside [0, 1]")
    return array


def checked_pair(y_true: ArrayLike, y_score: ArrayLike) -> tuple[Flags, Floats]:
    """Return truth as booleans and scores as floats, of one length."""
    truth, scores = checked_flags(y_true), checked_scores(y_score)
    same_length(truth, scores)
    return truth, scores


def checked_forecast(y_true: ArrayLike, y_prob: ArrayLike) -> tuple[Flags, Floats]:
    """Return truth as booleans and probabilities as floats, of one length."""
    truth, probabilities = checked_flags(y_true), checked_probabilities(y_prob)
    same_length(truth, probabilities)
    return truth, probabilities


def same_length(*arrays: NDArray[np.generic]) -> None:
    """Raise unless all arrays are equally long."""
    if len({len(array) for array in arrays}) > 1:
        raise ValueError(f"lengths differ: {', '.join(str(len(array)) for array in arrays)}")


def checked_groups(
    labels: Iterable[Hashable] | ArrayLike, n: int, name: str = "cluster"
) -> tuple[Codes, int]:
    """Return a 0-based code for each row's group, in order of first appearance, and the number of groups."""
    given = listed_labels(labels, name)
    if len(given) != n:
        raise ValueError(f"lengths differ: {name} has {len(given)} rows, the data {n}")
    order: dict[Hashable, int] = {}
    try:
        codes = [order.setdefault(label, len(order)) for label in given]
    except TypeError:
        raise ValueError(f"{name} must hold hashable identifiers") from None
    return np.array(codes, dtype=np.int64), len(order)


def listed_labels(labels: Iterable[Hashable] | ArrayLike, name: str = "labels") -> list[Hashable]:
    """Return labels as plain Python values, refusing a missing one: None and NaN are no label."""
    given = listed(labels, name)
    if any(is_missing(label) for label in given):
        raise ValueError(f"{name} must not hold None or NaN")
    return given


def is_missing(label: object) -> bool:
    """Tell whether a label says that there is none: None, NaN, or pandas' NaT and NA."""
    try:
        return label is None or bool(label != label)  # noqa: PLR0124 - only what is missing differs from itself
    except TypeError:  # pandas' NA does not say whether it is itself
        return True


def listed(values: object, name: str) -> list[Any]:
    """Return the items of a list, tuple, array or Series as plain Python values."""
    tolist = getattr(values, "tolist", None)
    given = values if tolist is None else tolist()
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise ValueError(f"{name} must be a sequence")  # noqa: TRY004 - bad input is a ValueError by contract
    return list(given)


def checked_count(value: float, name: str = "count", *, at_least: int = 0) -> int:
    """Return a whole number as an int."""
    if not isinstance(value, numbers.Real | np.bool_) or not math.isfinite(value) or value != int(value):
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    if value < at_least:
        raise ValueError(f"{name} must be at least {at_least}, not {value!r}")
    return int(value)


def checked_counts(x: float, n: float) -> tuple[int, int]:
    """Return a count and its total."""
    total = checked_count(n, "total")
    count = checked_count(x, "count")
    if count > total:
        raise ValueError(f"the count {count} is larger than its total {total}")
    return count, total


def checked_open(value: float, name: str) -> float:
    """Return a number strictly inside (0, 1): a level, a margin, a decision threshold."""
    if not isinstance(value, numbers.Real) or not 0 < value < 1:
        raise ValueError(f"{name} must be strictly inside (0, 1), not {value!r}")
    return float(value)


def checked_level(level: float) -> float:
    """Return a two-sided confidence level strictly inside (0, 1)."""
    return checked_open(level, "level")


def checked_alpha(alpha: float) -> float:
    """Return a one-sided error rate inside (0, 0.5]."""
    if not isinstance(alpha, numbers.Real) or not 0 < alpha <= 0.5:  # noqa: PLR2004 - the contract's bound
        raise ValueError(f"alpha must be in (0, 0.5], not {alpha!r}")
    return float(alpha)


def checked_proportion(value: float, name: str) -> float:
    """Return a number inside [0, 1]."""
    if not isinstance(value, numbers.Real) or not 0 <= value <= 1:
        raise ValueError(f"{name} must be inside [0, 1], not {value!r}")
    return float(value)


def checked_choice(value: str, allowed: tuple[str, ...], name: str) -> str:
    """Return `value` if it is one of `allowed`."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
    return value
