"""The studies a network gets most wrong come more often (Shrivastava and others, 2016).

The most wrong are also where a label is most likely to be: use it where labels are adjudicated.
"""

import math
from dataclasses import replace

import numpy as np

from overread.learning.data import Floats, LabelledSet


def repeated_where_hard(dataset: LabelledSet, logits: Floats, *, share: float, times: int) -> LabelledSet:
    """Return the set with its hardest studies repeated.

    Parameters
    ----------
    dataset : LabelledSet
        Of n studies; those that come 0 times, and those whose first answer was not read, are not hard.
    logits : (n,)
        What the network says of *any finding*.
    share : float
        0 to 1, of the studies that come at all.
    times : int
        How much more often the hardest come.
    """
    truth = dataset.labels[:, 0]
    loss = np.logaddexp(0, np.where(truth == 1, -logits, logits))
    loss[np.isnan(truth) | (dataset.repeats == 0)] = -math.inf
    comes = int(np.isfinite(loss).sum())
    hardest = np.argsort(-loss, kind="stable")[: math.ceil(share * comes)]
    repeats = dataset.repeats.copy()
    repeats[hardest] *= times
    return replace(dataset, repeats=repeats)
