"""The floors of a first release, which has nothing to be compared with."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from model_registry.comparison import Contender, truth_of
from model_registry.evaluation import DRAWS
from model_registry.test_set import TestCase
from overread.domain.estimates import Estimate
from overread.domain.policies import GatePolicy
from overread.measures.counted_resampling import auc_bootstrap
from overread.measures.promotion import Check, Decision, check_of, decision_of
from overread.measures.proportion import clustered_proportion

FLOOR_DRAWS = replace(DRAWS, n_resamples=10_000)  # a look's alpha may be .005: 50 draws below the limit
_NAN = float("nan")


def first_release(
    cases: Sequence[TestCase], candidate: Contender, policy: GatePolicy, alpha: float
) -> Decision:
    """Hold a first version against the floors, each by its own interval with patients as the unit."""
    truth, right = truth_of(cases), candidate.right(cases)
    patients = np.array([case.patient for case in cases], str)
    positives, level = int(truth.sum()), 1 - 2 * alpha
    enough = positives >= policy.min_positive and truth.size - positives >= policy.min_negative
    status = "pass" if enough else "inconclusive"
    checks = (
        Check("evidence", "required", status, _NAN, _NAN, _NAN, level, "counts", truth.size, _NAN),
        _floor(
            "floor.sensitivity",
            clustered_proportion(right[truth], patients[truth], level=level),
            policy.floors.sensitivity,
        ),
        _floor(
            "floor.specificity",
            clustered_proportion(right[~truth], patients[~truth], level=level),
            policy.floors.specificity,
        ),
        _floor(
            "floor.auc",
            auc_bootstrap(truth, candidate.scores, cluster=patients, draws=replace(FLOOR_DRAWS, level=level)),
            policy.floors.auc,
        ),
    )
    return decision_of(checks, truth)


def _floor(name: str, shown: Estimate, floor: float) -> Check:
    """Check that an estimate surely reaches a floor, which stands where other checks have their margin."""
    status = "inconclusive"
    if shown.lower >= floor:
        status = "pass"
    elif shown.upper < floor:
        status = "fail"
    return check_of(name, "required", status, shown, floor)
