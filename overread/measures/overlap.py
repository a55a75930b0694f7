"""One model on two test sets that share some patients: how far the sets alone move its numbers."""

import math
from collections.abc import Hashable, Iterable

import numpy as np
from numpy.typing import ArrayLike

from overread.domain.estimates import Estimate
from overread.measures.inputs import Floats, checked_flags, checked_pair
from overread.measures.results import NAN
from overread.measures.roc import placements

METHOD = "mover"


def proportion_parts(x: ArrayLike) -> Floats:
    """Return what each study adds to the error of a proportion: (x - mean) / n, of 0 and 1 (n_studies,)."""
    flags = checked_flags(x, "x")
    return np.asarray((flags - flags.mean()) / flags.size if flags.size else np.empty(0), np.float64)


def area_parts(y_true: ArrayLike, y_score: ArrayLike) -> Floats:
    """Return what each study adds to the error of an area under the ROC curve, from its placement.

    One class gives NaN (n_studies,).

    References
    ----------
    DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988; 44: 837-845.
    """
    positive, scores = checked_pair(y_true, y_score)
    n_positive = int(positive.sum())
    if n_positive in {0, positive.size}:
        return np.full(positive.size, NAN)
    placed = placements(positive, scores)
    parts = np.empty(positive.size)
    parts[positive] = (placed.positive - placed.area) / n_positive
    parts[~positive] = (placed.negative - placed.area) / (positive.size - n_positive)
    return parts


def shared_correlation(
    first: ArrayLike, first_cluster: Iterable[Hashable], second: ArrayLike, second_cluster: Iterable[Hashable]
) -> float:
    """Return the correlation of two estimates through the patients that both rest on.

    Parameters
    ----------
    first, second : (n_first,), (n_second,)
        What each study adds to the error of its estimate: `proportion_parts` or `area_parts`.
    first_cluster, second_cluster : (n_first,), (n_second,)
        Patient of each study, any hashable; the same in both where it is the same person.

    Returns
    -------
    float
        -1 to 1; 0 without shared patients, or where one estimate has no variance.
    """
    one, other = _by_patient(first, first_cluster), _by_patient(second, second_cluster)
    shared = sum(part * other[patient] for patient, part in one.items() if patient in other)
    product = sum(part**2 for part in one.values()) * sum(part**2 for part in other.values())
    return float(np.clip(shared / math.sqrt(product), -1, 1)) if product > 0 else 0.0


def overlapping_difference(first: Estimate, second: Estimate, *, correlation: float) -> Estimate:
    """Difference first - second of two correlated estimates, from the limits of each.

    Parameters
    ----------
    first, second : Estimate
        With limits of the same level, each right for itself (clustered where patients repeat).
    correlation : float
        Of the two estimates, -1 to 1: `shared_correlation`.

    Returns
    -------
    Estimate
        Method "mover", n that of both together; without correlation and with Wilson's limits it is Newcombe's
        method 10. NaN limits where one has none.

    Raises
    ------
    ValueError
        The levels differ, or `correlation` is none.

    References
    ----------
    Zou GY, Donner A. Stat Med 2008; 27: 1693-1702. Newcombe RG. Stat Med 1998; 17: 873-890.
    """
    if first.level != second.level:
        raise ValueError("both estimates need limits of the same level")
    if not -1 <= correlation <= 1:
        raise ValueError("correlation must lie in [-1, 1]")
    difference = first.estimate - second.estimate
    lower = difference - _together(
        first.estimate - first.lower, second.upper - second.estimate, correlation=correlation
    )
    upper = difference + _together(
        first.upper - first.estimate, second.estimate - second.lower, correlation=correlation
    )
    return Estimate(difference, lower, upper, first.level, METHOD, first.n + second.n)


def _together(one: float, other: float, *, correlation: float) -> float:
    square = one**2 + other**2 - 2 * correlation * one * other
    return math.sqrt(max(square, 0.0)) if math.isfinite(square) else NAN


def _by_patient(parts: ArrayLike, cluster: Iterable[Hashable]) -> dict[Hashable, float]:
    """Return the sum of the parts of each patient."""
    summed: dict[Hashable, float] = {}
    for patient, part in zip(cluster, np.asarray(parts, np.float64).tolist(), strict=True):
        summed[patient] = summed.get(patient, 0.0) + part
    return summed
