"""The columns in which two windows differ, study by study, and whether some of the studies still do."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import pairwise_distances

from monitoring.features import Features, Floats, Texts
from monitoring.stattests import contingency_p_value
from overread.measures.drift import ks, mmd

Flags = NDArray[np.bool_]

STILL = 0.05  # a p-value up to this is a difference that is still there
_PERMUTATIONS, _SEED = 199, 0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Differences:
    """The columns that drifted, both windows as one, reference first.

    `witnesses` is (n_reference + n_current, n_columns). The difference of its two means is the statistic that
    the check tested: the largest gap of two distributions for a number, Pearson's chi-square over a constant
    for a category, the squared discrepancy for the embedding. Means add up over groups of studies, statistics
    do not.

    References
    ----------
    Gretton A et al. J Mach Learn Res 2012; 13: 723-773 (the witness function, section 2.3).
    """

    columns: tuple[str, ...]
    is_current: Flags
    witnesses: Floats
    pooled: Features

    @classmethod
    def of(cls, reference: Features, current: Features, columns: Sequence[str]) -> "Differences":
        """Take the named columns of both windows; `embedding` is the embedding as a whole."""
        pooled = _pooled(reference, current)
        is_current = np.arange(pooled.n) >= reference.n
        return cls(
            columns=tuple(columns),
            is_current=is_current,
            witnesses=np.column_stack([_witness(pooled, is_current, name) for name in columns]),
            pooled=pooled,
        )

    def still(self, place: int, studies: Flags) -> bool:
        """Say whether the chosen studies of both windows, some on each side, differ in one column."""
        name, pooled = self.columns[place], self.pooled
        before, now = studies & ~self.is_current, studies & self.is_current
        if name in pooled.numeric:
            p_value = ks(pooled.numeric[name][before], pooled.numeric[name][now]).p_value
        elif name in pooled.categorical:
            labels = pooled.categorical[name]
            p_value = contingency_p_value(labels[before], labels[now])
        else:
            rows = _embeddings(pooled)
            p_value = mmd(rows[before], rows[now], n_permutations=_PERMUTATIONS, seed=_SEED).p_value
        return p_value <= STILL


def _pooled(reference: Features, current: Features) -> Features:
    both = reference.embeddings is not None and current.embeddings is not None
    return Features(
        n=reference.n + current.n,
        numeric={k: np.concatenate([v, current.numeric[k]]) for k, v in reference.numeric.items()},
        categorical={
            k: np.concatenate([v, current.categorical[k]]) for k, v in reference.categorical.items()
        },
        embeddings=np.concatenate([_embeddings(reference), _embeddings(current)]) if both else None,
    )


def _embeddings(features: Features) -> Floats:
    if features.embeddings is None:
        raise ValueError("there is no embedding that could have drifted")
    return features.embeddings


def _witness(pooled: Features, is_current: Flags, name: str) -> Floats:
    if name in pooled.numeric:
        return _of_number(pooled.numeric[name], is_current)
    if name in pooled.categorical:
        return _of_category(pooled.categorical[name], is_current)
    return _of_embedding(_embeddings(pooled), is_current)


def _of_number(values: Floats, is_current: Flags) -> Floats:
    """Return whether each value lies on the side of the largest gap where the current window has more."""
    at = np.sort(values)
    now, before = (np.sort(values[side]) for side in (is_current, ~is_current))
    gaps = np.searchsorted(now, at, side="right") / len(now)
    gaps -= np.searchsorted(before, at, side="right") / len(before)
    widest = int(np.abs(gaps).argmax())
    below = values <= at[widest]
    return np.asarray(below if gaps[widest] > 0 else ~below, dtype=np.float64)


def _of_category(labels: Texts, is_current: Flags) -> Floats:
    known, codes = np.unique(labels, return_inverse=True)
    now, before = (
        np.bincount(codes[side], minlength=len(known)) / side.sum() for side in (is_current, ~is_current)
    )
    return np.asarray(((now - before) / (np.bincount(codes) / len(codes)))[codes])


def _of_embedding(rows: Floats, is_current: Flags) -> Floats:
    """Return each row's mean likeness to the other current rows, less that to the other reference rows."""
    distances = pairwise_distances(rows)
    width = float(np.median(distances[np.triu_indices(len(distances), k=1)]))  # as the test has it
    kernel = np.exp(-(distances**2) / (2 * width**2)) if width else (distances == 0).astype(np.float64)
    np.fill_diagonal(kernel, 0.0)
    now, before = kernel[:, is_current].sum(axis=1), kernel[:, ~is_current].sum(axis=1)
    return np.asarray(now / (is_current.sum() - is_current) - before / ((~is_current).sum() - ~is_current))
