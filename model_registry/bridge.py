"""What a new test set alone does to the numbers of a model that has not changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from model_registry.comparison import Contender
from model_registry.evaluation import evaluate
from model_registry.recording import Json, recorded
from model_registry.test_set import TestCase
from overread.domain.estimates import Estimate
from overread.measures.overlap import area_parts, overlapping_difference, proportion_parts, shared_correlation

SHOWN = ("sensitivity", "specificity", "auc")


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One model on one of the two test sets, its scores in the order of the cases."""

    cases: Sequence[TestCase]
    model: Contender


@dataclass(frozen=True, kw_only=True, slots=True)
class Crossing:
    """One model on both test sets: its numbers on each, and new - old with limits."""

    version: str
    digest: str
    old: Mapping[str, Estimate]
    new: Mapping[str, Estimate]
    difference: Mapping[str, Estimate]


def crossing(old: Side, new: Side) -> Crossing:
    """Return what changes when one model is scored on the new test set; patients are the unit.

    Patients who are in both sets make the two numbers alike, which narrows the limits of their difference.
    """
    before, after = _numbers(old), _numbers(new)
    parts_before, parts_after = _parts(old), _parts(new)
    return Crossing(
        version=new.model.version,
        digest=new.model.digest,
        old=before,
        new=after,
        difference={
            name: overlapping_difference(
                after[name],
                before[name],
                correlation=shared_correlation(*parts_after[name], *parts_before[name]),
            )
            for name in SHOWN
        },
    )


def bridge_record(parts: Mapping[str, Crossing]) -> dict[str, Json]:
    """Return what is kept of a bridge: everybody's numbers on both sets by part, `production` or `anchor`."""
    return {part: recorded(crossed) for part, crossed in parts.items()}


def _numbers(side: Side) -> dict[str, Estimate]:
    evaluation = evaluate(side.cases, side.model.scores, threshold=side.model.threshold)
    return {name: getattr(evaluation, name) for name in SHOWN}


def _parts(side: Side) -> dict[str, tuple[np.ndarray, list[str]]]:
    """Return, by number, what each study adds to its error, and whose study it is."""
    truth = np.array([case.positive for case in side.cases], bool)
    patients = np.array([case.patient for case in side.cases], str)
    called = side.model.called
    return {
        "sensitivity": (proportion_parts(called[truth]), patients[truth].tolist()),
        "specificity": (proportion_parts(~called[~truth]), patients[~truth].tolist()),
        "auc": (area_parts(truth, side.model.scores), patients.tolist()),
    }
