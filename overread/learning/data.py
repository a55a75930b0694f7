"""Labelled studies as arrays, where their findings are, and in which batches they come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from overread.domain.errors import InputError
from overread.learning.cache import Pictures

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]
ANY = "any"  # the first column: does the study show anything?
UnitBox = tuple[float, float, float, float]  # x0, y0, x1, y1, each 0 to 1, half-open


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledStudy:
    """One study as it is learned from.

    `findings` says 1, 0 or NaN (not read) by code; a code that is not named is 0 where `any_finding` is known
    to be 0 or some code is named 1, and else not read. `boxes` are where findings were marked, if they were.
    """

    any_finding: float
    findings: Mapping[str, float] = field(default_factory=dict)
    boxes: Sequence[tuple[str, UnitBox]] = ()
    weight: float = 1.0
    repeats: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledSet:
    """Studies in the order of their pictures.

    `labels` is (n, k) of 1, 0 and NaN for not read, its first column *any finding*; `boxes` is (m, 4) in unit
    coordinates, sorted by study; `weights` (n,) scale a study's loss, `repeats` (n,) say how often it comes
    in a pass.
    """

    columns: tuple[str, ...]
    labels: Floats
    boxes: Floats
    box_studies: Indices
    box_columns: Indices
    weights: Floats
    repeats: Indices

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together."""
        n, k, m = len(self.labels), len(self.columns), len(self.boxes)
        if self.columns[:1] != (ANY,) or len(set(self.columns)) != k:
            raise InputError(f"the columns of a labelled set start with {ANY!r} and name no code twice")
        shapes = (self.labels.shape, self.boxes.shape, self.box_studies.shape, self.box_columns.shape)
        if shapes != ((n, k), (m, 4), (m,), (m,)) or self.weights.shape != (n,) or self.repeats.shape != (n,):
            raise InputError("the arrays of a labelled set do not fit together")
        if np.any(np.diff(self.box_studies) < 0):
            raise InputError("boxes must be sorted by study")
        if m and not (self.box_studies.min() >= 0 and self.box_studies.max() < n):
            raise InputError("a box belongs to a study outside the set")

    def __len__(self) -> int:
        """Return the number of studies."""
        return len(self.labels)

    def boxes_of(self, studies: Indices) -> tuple[Indices, Indices]:
        """Return, for the boxes of a batch of studies, (position in the batch, row of `boxes`)."""
        starts = np.searchsorted(self.box_studies, studies, side="left")
        counts = np.searchsorted(self.box_studies, studies, side="right") - starts
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.repeat(np.arange(len(studies)), counts), np.repeat(starts, counts) + within

    def placeable(self) -> Floats:
        """Return (n, k): 0 where a finding was read and, if called, marked; NaN where nobody knows."""
        called = self.labels == 1
        marked = np.zeros_like(called)
        marked[self.box_studies, self.box_columns] = True
        missing = called & ~marked
        missing[:, 0] = called[:, 0] & (missing[:, 1:].any(axis=1) | ~marked[:, 1:].any(axis=1))
        return np.where(np.isnan(self.labels) | missing, np.nan, 0).astype(np.float32)


class Studies(NamedTuple):
    """Pictures (n, size, size) uint8, in memory or mapped, and what is known of the same n studies."""

    pictures: Pictures
    labels: LabelledSet


def labelled_set(columns: Sequence[str], studies: Sequence[LabelledStudy]) -> LabelledSet:
    """Return the arrays of `studies`; `columns` are `any` and the codes, in the order of the outputs."""
    places = {code: column for column, code in enumerate(columns)}
    labels = np.full((len(studies), len(columns)), np.nan, np.float32)
    marks: list[tuple[int, int, UnitBox]] = []
    for row, study in enumerate(studies):
        unknown = (set(study.findings) | {code for code, _ in study.boxes}) - set(places)
        if unknown:
            raise InputError(f"codes outside the columns of this training: {', '.join(sorted(unknown))}")
        if study.any_finding == 0 or 1 in study.findings.values():
            labels[row] = 0
        for code, value in study.findings.items():
            labels[row, places[code]] = value
        labels[row, 0] = study.any_finding
        marks += [(row, places[code], box) for code, box in study.boxes]
    return LabelledSet(
        columns=tuple(columns),
        labels=labels,
        boxes=np.array([box for _, _, box in marks], np.float32).reshape(-1, 4),
        box_studies=np.array([row for row, _, _ in marks], np.int64),
        box_columns=np.array([column for _, column, _ in marks], np.int64),
        weights=np.array([study.weight for study in studies], np.float32),
        repeats=np.array([study.repeats for study in studies], np.int64),
    )


def joined(first: LabelledSet, second: LabelledSet) -> LabelledSet:
    """Return both sets as one, in this order; their pictures are to be concatenated likewise."""
    if first.columns != second.columns:
        raise InputError("two labelled sets of different columns cannot be joined")
    return LabelledSet(
        columns=first.columns,
        labels=np.concatenate([first.labels, second.labels]),
        boxes=np.concatenate([first.boxes, second.boxes]),
        box_studies=np.concatenate([first.box_studies, second.box_studies + len(first)]),
        box_columns=np.concatenate([first.box_columns, second.box_columns]),
        weights=np.concatenate([first.weights, second.weights]),
        repeats=np.concatenate([first.repeats, second.repeats]),
    )


def batches(dataset: LabelledSet, size: int, rng: np.random.Generator) -> list[Indices]:
    """Return one pass over the studies, each as often as it repeats, in random batches of about one size."""
    order = rng.permutation(np.repeat(np.arange(len(dataset)), dataset.repeats))
    return np.array_split(order, batches_in_pass(dataset, size))


def batches_in_pass(dataset: LabelledSet, size: int) -> int:
    """Return how many batches one pass makes."""
    return max(1, round(int(dataset.repeats.sum()) / size))
