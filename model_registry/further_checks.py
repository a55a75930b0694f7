"""Checks that the gate appends to those of `decide`: what one number over all studies does not show.

The AUC with limits that hold near 1; each critical finding by itself; the co-primaries with the patient as
the unit where patients repeat; what production had right and the candidate has wrong, by finding; whether the
maps point at what is there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model_registry.comparison import Contender, Flags, Pairs, found_in, pairs, showing, truth_of, with_say
from model_registry.localisation import points_at
from model_registry.test_set import TestCase
from overread.domain.policies import GatePolicy
from overread.measures.clustered_pairs import clustered_score_difference
from overread.measures.clustered_roc import clustered_auc_difference
from overread.measures.logit_areas import logit_limits
from overread.measures.promotion import Check, check_difference, check_noninferiority
from overread.measures.proportion import clustered_proportion
from overread.measures.roc import paired_areas

Counted = tuple[Check, Pairs | None]  # a check, and the discordant pairs behind it where it rests on them
_NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class Rivals:
    """Candidate and production on the same studies, with all that every check asks of them.

    `first` is where the first version ever released is right; None where there is none.
    """

    cases: Sequence[TestCase]
    candidate: Contender
    production: Contender
    truth: Flags
    ours: Flags
    theirs: Flags
    first: Flags | None
    patients: NDArray[np.str_]
    policy: GatePolicy
    alpha: float

    @classmethod
    def of(
        cls,
        cases: Sequence[TestCase],
        candidate: Contender,
        production: Contender,
        *,
        anchor: Contender | None,
        policy: GatePolicy,
        alpha: float,
    ) -> "Rivals":
        """Work out who is right where; `ours` is the candidate, `theirs` production."""
        truth = truth_of(cases)
        return cls(
            cases=cases,
            candidate=candidate,
            production=production,
            truth=truth,
            ours=candidate.called == truth,
            theirs=production.called == truth,
            first=None if anchor is None else anchor.called == truth,
            patients=np.array([case.patient for case in cases], str),
            policy=policy,
            alpha=alpha,
        )

    @property
    def level(self) -> float:
        """Two-sided, of the limits."""
        return 1 - 2 * self.alpha

    def pairs(self, among: Flags) -> Pairs:
        """Count the studies that only one of the two has right."""
        return pairs(self.ours, self.theirs, among)


def further_checks(rivals: Rivals) -> Iterator[Counted]:
    """Yield every check beyond those of `decide`, in the order in which they are shown."""
    yield _area(rivals), None
    yield from _critical_findings(rivals)
    if np.unique(rivals.patients).size < rivals.patients.size:
        yield from _clustered(rivals)
    yield from _forgotten(rivals)
    yield _localisation(rivals), None


def _area(rivals: Rivals) -> Check:
    """Ask the AUC again with limits that hold near 1, where a symmetric one lets too many losses pass."""
    ours, theirs = rivals.candidate.scores, rivals.production.scores
    shown = logit_limits(paired_areas(rivals.truth, ours, theirs, rivals.level))
    return check_difference("logit.auc", "required", shown, rivals.policy.auc_margin)


def _critical_findings(rivals: Rivals) -> Iterator[Counted]:
    for code, among in showing(rivals.cases, rivals.policy.critical).items():
        counted = rivals.pairs(among)
        check = check_noninferiority(
            f"critical:{code}:sensitivity",
            counted.gained,
            counted.lost,
            counted.n,
            margin=rivals.policy.critical_margin,
            alpha=rivals.alpha,
        )
        yield with_say(check), counted


def _clustered(rivals: Rivals) -> Iterator[Counted]:
    """Ask the co-primaries again by patient: two films of one are less evidence than two patients."""
    yield from _rates(rivals, "clustered.", rivals.theirs)
    area = logit_limits(
        clustered_auc_difference(
            rivals.truth,
            rivals.candidate.scores,
            rivals.production.scores,
            rivals.patients,
            level=rivals.level,
        )
    )
    yield check_difference("clustered.auc", "required", area, rivals.policy.auc_margin), None
    if rivals.first is not None:
        yield from _rates(rivals, "anchor.clustered.", rivals.first)


def _rates(rivals: Rivals, prefix: str, reference: Flags) -> Iterator[Counted]:
    """Hold sensitivity and specificity against those of a reference, the patient as the unit."""
    policy = rivals.policy
    for name, among, margin in (
        ("sensitivity", rivals.truth, policy.sensitivity_margin),
        ("specificity", ~rivals.truth, policy.specificity_margin),
    ):
        shown = clustered_score_difference(
            rivals.ours[among], reference[among], rivals.patients[among], level=rivals.level
        )
        yield (
            check_difference(f"{prefix}{name}", "required", shown, margin),
            pairs(rivals.ours, reference, among),
        )


def _forgotten(rivals: Rivals) -> Iterator[Counted]:
    """Yield the share lost: of all studies for information, with each finding as a veto at most."""
    everywhere = np.ones_like(rivals.truth)
    yield with_say(_lost("forgetting", rivals, everywhere), most="information"), rivals.pairs(everywhere)
    for code, among in showing(rivals.cases, found_in(rivals.cases)).items():
        yield with_say(_lost(f"forgetting:{code}", rivals, among), most="veto"), rivals.pairs(among)


def _lost(name: str, rivals: Rivals, among: Flags) -> Check:
    """Check the share of studies that production had right and the candidate has wrong, shown as a loss.

    The share cannot be below 0, so its own limits against the margin decide: surely more is a failure.
    What was gained of the same finding makes up for nothing (Yan and others, 2021, negative flips).
    """
    lost, margin = rivals.theirs & ~rivals.ours, rivals.policy.forgetting_margin
    share = clustered_proportion(lost[among], rivals.patients[among], level=rivals.level)
    status = "pass" if share.upper < margin else "fail" if share.lower > margin else "inconclusive"
    return Check(
        name,
        "veto",
        status,
        0.0 - share.estimate,  # never -0.0
        0.0 - share.upper,
        0.0 - share.lower,
        share.level,
        share.method,
        share.n,
        margin,
    )


def _localisation(rivals: Rivals) -> Check:
    """Check that the candidate's maps point at truth boxes as often as production's, by patients."""
    rows = [row for row, case in enumerate(rivals.cases) if case.boxes]
    ours, theirs = rivals.candidate.maps, rivals.production.maps
    margin = rivals.policy.localisation_margin
    if not rows or ours is None or theirs is None:
        return Check(
            "localisation",
            "information",
            "not-evaluable",
            _NAN,
            _NAN,
            _NAN,
            rivals.level,
            "tango-rao-scott",
            0,
            margin,
        )
    boxes = [rivals.cases[row].boxes for row in rows]
    hits, before = (points_at(np.asarray(maps[rows], np.float64), boxes) for maps in (ours, theirs))
    shown = clustered_score_difference(hits, before, rivals.patients[rows], level=rivals.level)
    return with_say(check_difference("localisation", "veto", shown, margin), most="veto")
