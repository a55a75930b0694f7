"""Studies that a network takes for each other, among those it learned from and those it is tested on.

What is near depends on the network: the limit is what one in 50,000 pairs of different training patients
reach, so that no test study tunes it. A resemblance is no leak: the pictures must be of one exposure.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from overread.domain.identifiers import PatientKey, StudyUid

RARE = 2e-5  # of pairs of different patients are as near
ENOUGH = 300  # learned studies, 45,000 pairs: with fewer nobody knows what is rare
SAMPLE = 1_500  # learned studies that the limit is taken from
MOST = 200  # pairs that one search names
_BLOCK = 1_024

Vectors = NDArray[np.float32]
Pairs = list[tuple[StudyUid, StudyUid]]


def neighbours(
    learned: Mapping[StudyUid, Vectors],
    tested: Mapping[StudyUid, Vectors],
    owners: Mapping[StudyUid, PatientKey],
) -> Pairs:
    """Return the pairs (learned, tested) nearer than different patients are, the nearest first.

    Parameters
    ----------
    learned, tested : mapping of study to (d,)
        One network's embeddings.
    owners : mapping of study to patient
        Of the learned studies.
    """
    if len(learned) < ENOUGH or not tested:
        return []
    ours, theirs = list(learned), list(tested)
    centre = np.mean([learned[uid] for uid in ours], axis=0)
    first, second = _directions(learned, ours, centre), _directions(tested, theirs, centre)
    limit = _rare(first, [owners[uid] for uid in ours])
    near: list[tuple[float, int, int]] = []
    for start in range(0, len(first), _BLOCK):
        product = first[start : start + _BLOCK] @ second.T
        rows, columns = np.nonzero(product >= limit)
        nearness = product[rows, columns].tolist()
        near += zip(nearness, (rows + start).tolist(), columns.tolist(), strict=True)
    near.sort(reverse=True)
    return [(ours[i], theirs[j]) for _, i, j in near[:MOST]]


def _directions(vectors: Mapping[StudyUid, Vectors], order: Sequence[StudyUid], centre: Vectors) -> Vectors:
    """Return unit vectors (n, d) from the mean of what was learned; all embeddings share a large part."""
    stacked = np.asarray([vectors[uid] for uid in order], np.float32) - centre
    return np.asarray(stacked / np.linalg.norm(stacked, axis=1, keepdims=True).clip(min=1e-9), np.float32)


def _rare(directions: Vectors, owners: Sequence[PatientKey]) -> float:
    """Return the cosine that `RARE` of the pairs of different patients reach."""
    step = max(1, len(directions) // SAMPLE)
    sample, whose = directions[::step], np.array(owners[::step], str)
    product = sample @ sample.T
    different = np.triu(whose[:, None] != whose[None, :], k=1)
    return float(np.quantile(product[different], 1 - RARE, method="higher"))
