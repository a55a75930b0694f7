"""Does a map come from what was learned? With the weights drawn anew, it must be another map.

The model randomisation test of Adebayo and others (2018): a map that outlives its weights shows edges or the
middle of the chest, whatever the network knows.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model_registry.evaluation import Pictures
from overread.domain.errors import InputError
from overread.learning.architectures import build
from overread.learning.calibration import identity
from overread.learning.checkpoints import TrainedModel
from overread.learning.determinism import seeded
from overread.learning.export import answer

LARGEST_LIKENESS = 0.5  # of maps before and after; our choice, the paper gives none


@dataclass(frozen=True, kw_only=True, slots=True)
class MapSanity:
    """`likeness` is the mean rank correlation (-1 to 1) of the maps of n pictures with those of new weights.

    Of pictures whose map is even in one of the two there is no correlation, and they are not counted.
    """

    likeness: float
    n: int

    @property
    def passed(self) -> bool:
        """Whether new weights destroy the map; also false where nothing could be said."""
        return abs(self.likeness) <= LARGEST_LIKENESS


def map_sanity(model: TrainedModel, pictures: Pictures, *, seed: int) -> MapSanity:
    """Compare the maps of pictures (n, size, size) with those of the same network with random weights."""
    if not len(pictures):
        raise InputError("a sanity check of maps needs pictures")
    with seeded(seed):
        network = build(model.architecture, model.contract, outputs=len(model.columns), width=model.width)
    calibration = identity(len(model.columns))
    learned = answer(model, calibration, pictures).map
    drawn = answer(replace(model, weights=dict(network.state_dict())), calibration, pictures).map
    likeness = np.array([rank_correlation(*pair) for pair in zip(learned, drawn, strict=True)])
    known = likeness[~np.isnan(likeness)]
    return MapSanity(likeness=float(known.mean()) if known.size else float("nan"), n=known.size)


def rank_correlation(first: ArrayLike, second: ArrayLike) -> float:
    """Return Spearman's correlation of two arrays of one shape; NaN where one of them is even."""
    one, other = (_ranks(np.asarray(values, np.float64).ravel()) for values in (first, second))
    one, other = one - one.mean(), other - other.mean()
    spread = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / spread if spread > 0 else float("nan")


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks from 1, the mean of their ranks for those that are equal."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[places], np.float64)
