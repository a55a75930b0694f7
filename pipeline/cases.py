"""Rows of a dataset as an evaluation takes them, and what grey levels alone say of them; no MLflow here."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from feedback.datasets import DatasetRow
from model_registry.baseline import HistogramBaseline, histogram_baseline
from model_registry.test_set import TestCase
from overread.domain.errors import EvidenceError
from overread.domain.identifiers import FindingCode


def cases_of_rows(rows: Sequence[DatasetRow]) -> list[TestCase]:
    """Return rows of a dataset as an evaluation takes them."""
    return [
        TestCase(
            study=row.study,
            patient=row.patient,
            label=row.label,
            findings=tuple(FindingCode(code) for code, _ in row.findings),
        )
        for row in rows
    ]


def baseline_beside(cases: Sequence[TestCase], pictures: NDArray[np.uint8]) -> HistogramBaseline | None:
    """Return what grey levels alone say of the same studies; None where patients are too few for it."""
    try:
        return histogram_baseline(
            pictures, [case.positive for case in cases], [case.patient for case in cases]
        )
    except EvidenceError:
        return None
