"""What the gate does not judge at all: a number made of it would look like evidence."""

from collections.abc import Mapping, Sequence

import numpy as np

from model_registry.comparison import Contender, truth_of
from model_registry.test_set import TestCase
from overread.domain.errors import EvidenceError


def refuse_unfit(cases: Sequence[TestCase], everyone: Mapping[str, Contender]) -> None:
    """Refuse studies of one class, a study that stands twice, and answers that do not go with the studies.

    Too few of a class is no refusal: `decide` says so, and the verdict is INCONCLUSIVE.

    Raises
    ------
    EvidenceError
        Says of whom or what, naming no study.
    """
    truth = truth_of(cases)
    if truth.all() or not truth.any():
        raise EvidenceError(
            f"{int(truth.sum())} studies have a finding and {int((~truth).sum())} have none; both are needed"
        )
    if len({case.study for case in cases}) < len(cases):
        raise EvidenceError("a study stands twice in the test set; freeze it anew")
    for part, who in everyone.items():
        _refuse_answers(f"{part} {who.version}", who, len(cases))


def _refuse_answers(name: str, who: Contender, n: int) -> None:
    scores = np.asarray(who.scores)
    if scores.shape != (n,):
        raise EvidenceError(f"{name} has scores of shape {scores.shape}, not one for each of {n} studies")
    missing = int((~np.isfinite(scores)).sum())
    if missing:
        raise EvidenceError(f"{name} has no score for {missing} of {n} studies; score it anew")
    if scores.min() < 0 or scores.max() > 1:
        raise EvidenceError(f"{name} has scores outside 0 to 1; they must be probabilities")
    if not np.isfinite(who.threshold):
        raise EvidenceError(f"{name} has no threshold; it was not calibrated on the tuning set")
    if who.maps is not None and (len(who.maps) != n or not np.isfinite(who.maps).all()):
        raise EvidenceError(f"{name} does not have one finite map for each of {n} studies")
