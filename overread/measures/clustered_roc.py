"""Two areas under the ROC curve on the same films, where films of one patient are not independent."""

from collections.abc import Hashable, Iterable

import numpy as np
from numpy.typing import ArrayLike

from overread.measures.inputs import Codes, Flags, Floats, checked_groups, checked_level, checked_pair
from overread.measures.proportion import ClusteredDifference
from overread.measures.results import NAN, clipped, normal_quantile, normal_test, settled
from overread.measures.roc import placements, rank_area


def clustered_auc_difference(
    y_true: ArrayLike,
    score_a: ArrayLike,
    score_b: ArrayLike,
    cluster: Iterable[Hashable],
    *,
    level: float = 0.95,
) -> ClusteredDifference:
    """Difference auc_a - auc_b; DeLong's limits with the patient as the unit.

    A patient may have films of both classes. With one film a patient this is `delong_test`.

    Parameters
    ----------
    y_true : (n_films,) of 0 and 1
    score_a, score_b : (n_films,)
        Finite.
    cluster : (n_films,)
        Patient of each film, any hashable.
    level : float
        Two-sided, inside (0, 1).

    Returns
    -------
    ClusteredDifference
        Method "obuchowski-auc", limits kept in [-1, 1]. Fewer than two patients with films of a class: the
        difference alone.

    References
    ----------
    Obuchowski NA. Biometrics 1997; 53: 567-578.
    """
    positive, first = checked_pair(y_true, score_a)
    _, second = checked_pair(y_true, score_b)
    codes, k = checked_groups(cluster, positive.size)
    quantile = normal_quantile(checked_level(level))
    difference = rank_area(positive, first) - rank_area(positive, second)
    test = normal_test(difference, _variance(positive, first, second, codes), quantile)
    return ClusteredDifference(
        test.estimate,
        clipped(test.lower, -1.0, 1.0),
        clipped(test.upper, -1.0, 1.0),
        float(level),
        "obuchowski-auc",
        positive.size,
        test.standard_error,
        test.statistic,
        test.p_value,
        k,
    )


def _variance(positive: Flags, first: Floats, second: Floats, codes: Codes) -> float:
    """Return Obuchowski's variance of the difference; NaN below two patients with films of each class."""
    if min(np.unique(codes[among]).size for among in (positive, ~positive)) < 2:  # noqa: PLR2004 - no variance
        return NAN
    a, b = placements(positive, first), placements(positive, second)
    k = int(codes.max()) + 1
    above = _by_patient(a.positive - b.positive, codes[positive], k)
    below = _by_patient(a.negative - b.negative, codes[~positive], k)
    terms = _spread(above, codes[positive]) + _spread(below, codes[~positive])
    return settled(terms + 2 * k / (k - 1) * float(above @ below), terms)


def _by_patient(moved: Floats, codes: Codes, k: int) -> Floats:
    """Return each patient's summed departure from the mean of one class, over that class's films."""
    return np.bincount(codes, weights=moved - moved.mean(), minlength=k) / moved.size


def _spread(sums: Floats, codes: Codes) -> float:
    patients = np.unique(codes).size
    return patients / (patients - 1) * float(sums @ sums)
