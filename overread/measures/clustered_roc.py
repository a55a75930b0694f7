"""Two areas under the ROC curve on the same films, where films of one patient are not independent."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from overread.measures.inputs import Codes, Flags, Floats, checked_groups, checked_level, checked_pair
from overread.measures.results import NAN, clipped, normal_quantile, normal_test, settled
from overread.measures.roc import PairedAuc, placements, rank_area


def clustered_auc_difference(
    y_true: ArrayLike,
    score_a: ArrayLike,
    score_b: ArrayLike,
    cluster: Iterable[Hashable],
    *,
    level: float = 0.95,
) -> PairedAuc:
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
    PairedAuc
        Method "obuchowski-paired", limits kept in [-1, 1]. Fewer than two patients with films of a class:
        areas and difference only.

    References
    ----------
    Obuchowski NA. Biometrics 1997; 53: 567-578.
    """
    positive, first = checked_pair(y_true, score_a)
    _, second = checked_pair(y_true, score_b)
    codes, _ = checked_groups(cluster, positive.size)
    quantile = normal_quantile(checked_level(level))
    area_a, area_b = rank_area(positive, first), rank_area(positive, second)
    spread = _spread(positive, first, second, codes)
    test = normal_test(area_a - area_b, spread.difference, quantile)
    return PairedAuc(
        test.estimate,
        clipped(test.lower, -1.0, 1.0),
        clipped(test.upper, -1.0, 1.0),
        float(level),
        "obuchowski-paired",
        positive.size,
        area_a,
        area_b,
        spread.variance_a,
        spread.variance_b,
        spread.covariance,
        test.standard_error,
        test.statistic,
        test.p_value,
    )


@dataclass(frozen=True, slots=True)
class _Spread:
    """Obuchowski's variances of two areas, their covariance, and the variance of their difference."""

    variance_a: float
    variance_b: float
    covariance: float
    difference: float


def _spread(positive: Flags, first: Floats, second: Floats, codes: Codes) -> _Spread:
    """Return the spread of two areas; NaN below two patients with films of each class."""
    if min(np.unique(codes[among]).size for among in (positive, ~positive)) < 2:  # noqa: PLR2004 - no variance
        return _Spread(NAN, NAN, NAN, NAN)
    a, b = placements(positive, first), placements(positive, second)
    both = _Patients(positive, codes)
    moved_a, moved_b = both.moved(a.positive, a.negative), both.moved(b.positive, b.negative)
    variance_a, variance_b = both.joint(moved_a, moved_a), both.joint(moved_b, moved_b)
    apart = both.moved(a.positive - b.positive, a.negative - b.negative)
    return _Spread(
        variance_a,
        variance_b,
        both.joint(moved_a, moved_b),
        settled(both.joint(apart, apart), variance_a + variance_b),
    )


class _Patients:
    """Sums by patient of how far each film's placement lies from the mean of its class."""

    def __init__(self, positive: Flags, codes: Codes) -> None:
        self._classes = (codes[positive], codes[~positive])
        self._k = int(codes.max()) + 1
        self._scales = [n / (n - 1) for n in (np.unique(of).size for of in self._classes)]

    def moved(self, above: Floats, below: Floats) -> tuple[Floats, Floats]:
        """Return the sums (patients,) of both classes, each over its number of films."""
        one, other = (
            np.bincount(codes, weights=films - films.mean(), minlength=self._k) / films.size
            for codes, films in zip(self._classes, (above, below), strict=True)
        )
        return one, other

    def joint(self, one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> float:
        """Return the covariance of two areas; of one with itself, its variance."""
        within = sum(
            scale * float(mine @ theirs) for scale, mine, theirs in zip(self._scales, one, other, strict=True)
        )
        across = float(one[0] @ other[1] + one[1] @ other[0])
        return within + self._k / (self._k - 1) * across
