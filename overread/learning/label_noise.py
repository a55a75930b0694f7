"""Which labels look wrong: confident learning (Northcutt, Jiang and Chuang, 2021), for two classes.

What it finds is a question to readers, never a changed label: the network that doubts has learned from the
same labels. Its scores must be of studies that it did not learn from.
"""

import numpy as np

from overread.domain.errors import EvidenceError
from overread.learning.data import Floats, Indices


def doubtful(labels: Floats, probability: Floats) -> Indices:
    """Return the studies whose label is likely wrong, the most doubtful first.

    A class is believed of a study that has at least the mean probability of those labelled so. A label is
    doubtful where the other class is believed, and either its own is not, or the other is more probable.

    Parameters
    ----------
    labels : (n,) of 0, 1 and NaN
        NaN, not read, is never doubtful.
    probability : (n,)
        Of class 1, out of sample.

    Raises
    ------
    EvidenceError
        A class has no labelled study.
    """
    if not ((labels == 0).any() and (labels == 1).any()):
        raise EvidenceError("labels can be doubted only where both classes are labelled; one is missing")
    own = np.where(labels == 1, probability, 1 - probability)
    usual = [own[labels == c].mean() for c in (0, 1)]  # what the class's own studies get
    own_usual, other_usual = (np.where(labels == 1, usual[c], usual[1 - c]) for c in (1, 0))
    other = 1 - own
    wrong = ~np.isnan(labels) & (other >= other_usual) & ((own < own_usual) | (other > own))
    found = np.flatnonzero(wrong)
    return np.asarray(found[np.argsort(own[found], kind="stable")], np.int64)
