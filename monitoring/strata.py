"""The difference of two windows taken apart by the levels of one attribute: mix against what is within."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.differences import Flags
from monitoring.features import Floats

Codes = NDArray[np.int64]

QUANTILE = 1.645  # of the normal distribution: one-sided 95 %
FEWEST = 20  # studies of a level on a side, to speak of that level


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Strata:
    """Means of each column in each cell, a cell being the studies of one window and one level.

    `counts` is (2, n_levels), reference first; `means` and `variances` are (2, n_levels, n_columns).
    """

    counts: Codes
    means: Floats
    variances: Floats

    @classmethod
    def of(cls, values: Floats, is_current: Flags, levels: Codes, n_levels: int) -> "Strata":
        """Take (n, n_columns) values apart; `levels` counts from 0 and is below `n_levels`.

        A cell of fewer than `FEWEST` has the variance of its whole window: a few that happen to be alike are
        no proof.
        """
        n_columns = values.shape[1]
        counts = np.zeros((2, n_levels), np.int64)
        means, variances = (np.zeros((2, n_levels, n_columns)) for _ in range(2))
        for window in (0, 1):
            side = is_current == window
            overall = values[side].var(axis=0)
            for level in range(n_levels):
                cell = values[side & (levels == level)]
                counts[window, level] = len(cell)
                if len(cell):
                    means[window, level] = cell.mean(axis=0)
                    variances[window, level] = cell.var(axis=0) if len(cell) >= FEWEST else overall
        return cls(counts=counts, means=means, variances=variances)

    @property
    def raw(self) -> Floats:
        """The weights (2, n_levels) of the difference as it stands."""
        return self.only(np.ones(self.counts.shape[1], np.bool_))

    def only(self, kept: Flags) -> Floats:
        """Return the weights of the difference among the studies of the kept levels; some on each side."""
        shares = self.counts * kept / (self.counts * kept).sum(axis=1, keepdims=True)
        return np.asarray(shares * [[-1.0], [1.0]])

    def standardised(self, kept: Flags) -> Floats:
        """Return the weights of the difference were the reference's mix of the kept levels the current one.

        References
        ----------
        Kitagawa EM. J Am Stat Assoc 1955; 50: 1168-1194.
        """
        mix = self.counts[1] * kept / (self.counts[1] * kept).sum()
        return np.stack([-mix, mix])

    def upper(self, weights: Floats) -> Floats:
        """Return the upper 95 % limit (n_columns,) of the difference with these weights."""
        value = np.einsum("wl,wlc->c", weights, self.means)
        variance = np.einsum("wl,wlc->c", weights**2 / np.maximum(self.counts, 1), self.variances)
        return np.asarray(value + QUANTILE * np.sqrt(variance))
