"""The rows of a dataset version as a network learns from them."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from feedback.datasets import DatasetRow
from overread.domain.findings import Label
from overread.domain.identifiers import StudyUid
from overread.learning.data import ANY, LabelledSet, LabelledStudy, labelled_set
from overread.learning.mixing import Mix, mixed

FEWEST_STUDIES_OF_A_FINDING = 10  # fewer teach no output of their own


def columns_of(training: Sequence[DatasetRow]) -> tuple[str, ...]:
    """Return the outputs of a first model: any finding, then each finding that enough studies show."""
    counts = Counter(code for row in training for code in {code for code, _ in row.findings})
    return (ANY, *sorted(code for code, n in counts.items() if n >= FEWEST_STUDIES_OF_A_FINDING))


def training_set(
    training: Sequence[DatasetRow], columns: Sequence[str], mix: Mix, *, seed: int
) -> tuple[list[StudyUid], LabelledSet]:
    """Return the studies, replayed ones first, and their labels mixed as the recipe says."""
    replay = [row for row in training if not row.correction]
    corrections = [row for row in training if row.correction]
    known = set(columns)
    repeats = {code: n for code, n in mix.replay_repeats.items() if code in known}
    dataset = mixed(
        rows_as_labels(replay, columns, mix),
        rows_as_labels(corrections, columns, mix),
        replace(mix, replay_repeats=repeats),
        seed=seed,
    )
    return [row.study for row in (*replay, *corrections)], dataset


def rows_as_labels(rows: Sequence[DatasetRow], columns: Sequence[str], mix: Mix | None = None) -> LabelledSet:
    """Return the labels of rows; a mix weighs them by how well they are supported."""
    weights = {} if mix is None else mix.grade_weights
    studies = [_labelled(row, set(columns), weights.get(row.grade, 1.0)) for row in rows]
    return labelled_set(columns, studies)


def truth_of(rows: Sequence[DatasetRow]) -> NDArray[np.float32]:
    """Return 1 where a row has a finding."""
    return np.array([row.label is Label.HAS_FINDING for row in rows], np.float32)


def _labelled(row: DatasetRow, known: set[str], weight: float) -> LabelledStudy:
    """Return a row as it is learned from.

    A finding without an output, or a list that is not complete, leaves the other findings unread.
    """
    named = [(code, box) for code, box in row.findings if code in known]
    unread = {} if row.complete else dict.fromkeys(known - {ANY}, math.nan)
    return LabelledStudy(
        any_finding=float(row.label is Label.HAS_FINDING),
        findings={**unread, **{code: 1.0 for code, _ in named}},
        boxes=[(code, box) for code, box in named if box is not None],
        weight=weight,
    )
