"""May this candidate serve? Gathers the numbers, runs the policy, keeps the decision with its look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

import numpy as np

from model_registry.comparison import (
    Contender,
    Pairs,
    by_finding,
    critical_of,
    differences,
    negative_flips,
    pairs,
    slices_of,
    truth_of,
)
from model_registry.evaluation import DRAWS, Evaluation, evaluate
from model_registry.localisation import Localisation, localise
from model_registry.recording import Json, recorded
from model_registry.test_set import TestCase
from overread.domain.audit import AuditEvent
from overread.domain.datasets import Look, TestSet
from overread.domain.estimates import Estimate
from overread.domain.policies import GatePolicy
from overread.measures.counted_resampling import auc_bootstrap
from overread.measures.promotion import Check, Decision, Policy, combine, decide
from overread.measures.proportion import clustered_proportion
from overread.store.unit_of_work import UnitOfWork

FLOOR_DRAWS = replace(DRAWS, n_resamples=10_000)  # a look's alpha may be .005: 50 draws below the limit
_NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class Field:
    """Who stands on the test set: the candidate, what it is compared with, and who is shown beside it.

    `anchor` is the first version ever released; without `production` the candidate is to become it.
    """

    candidate: Contender
    production: Contender | None = None
    anchor: Contender | None = None
    beside: tuple[tuple[str, Contender], ...] = ()

    @property
    def everyone(self) -> dict[str, Contender]:
        """All of them by the part they play."""
        parts = {"candidate": self.candidate, "production": self.production, "anchor": self.anchor}
        return {part: who for part, who in {**parts, **dict(self.beside)}.items() if who is not None}


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The gate's word, and the record of how it came about (JSON values) that reviewers are shown.

    Where maps point decides nothing; it is None without maps, or without truth boxes.
    """

    verdict: str
    record: Mapping[str, Json]
    evaluations: Mapping[str, Evaluation]
    localisations: Mapping[str, Localisation | None]


def judge(
    cases: Sequence[TestCase],
    field: Field,
    *,
    policy: GatePolicy,
    look: Look,
    baseline: Mapping[str, object] | None = None,
) -> Judgement:
    """Decide on a candidate at the alpha of its look; `baseline`, what grey levels say, is shown beside.

    The first release has nothing to be compared with: its lower limits must reach the policy's floors.
    """
    evaluations = {
        part: evaluate(cases, who.scores, threshold=who.threshold) for part, who in field.everyone.items()
    }
    localisations = {
        part: None if who.maps is None else localise(cases, who.maps) for part, who in field.everyone.items()
    }
    if field.production is None:
        decision = _first_release(cases, field.candidate, policy, look.alpha)
        compared: dict[str, Json] = {"by_finding": [], "slices": [], "flips": []}
        counted: dict[str, Pairs] = {}
    else:
        decision = _decided(cases, field, field.production, policy, look.alpha)
        counted = _counted(cases, field, field.production, policy)
        compared = _compared(cases, field.candidate, field.production, policy, decision)
    decision = _without_verdict(decision)
    record: dict[str, Json] = {
        "verdict": decision.verdict,
        "reasons": list(decision.reasons),
        "policy": policy.name,
        "test_set": {
            "version": look.test_set,
            "n": decision.n,
            "n_positive": decision.n_positive,
            "n_negative": decision.n_negative,
        },
        "candidate": field.candidate.version,
        "production": None if field.production is None else field.production.version,
        "anchor": None if field.anchor is None else field.anchor.version,
        "checks": [_check_record(check, counted.get(check.name)) for check in decision.checks],
        **compared,
        "evaluations": {
            part: {"version": who.version, "digest": who.digest, **_evaluation_record(evaluations[part])}
            for part, who in field.everyone.items()
        },
        "localisation": recorded(localisations),
        "baseline": recorded(baseline),
    }
    return Judgement(
        verdict=decision.verdict, record=record, evaluations=evaluations, localisations=localisations
    )


def settle(work: UnitOfWork, look: Look, judgement: Judgement, *, now: datetime) -> Look:
    """Add the verdict to its look; settling again with the same verdict changes nothing.

    Raises
    ------
    ConflictError
        The look has another verdict already.
    """
    if look.verdict == judgement.verdict:
        return look
    work.datasets.set_verdict(look.id, judgement.verdict)
    details = {"test_set": look.test_set, "candidate": look.candidate, "verdict": judgement.verdict}
    work.audit.append(
        AuditEvent(
            at=now, by="overread", action="gate-verdict", subject=f"verdict:{look.id}", details=details
        )
    )
    return replace(look, verdict=judgement.verdict)


def ledger_record(look: Look, test_set: TestSet) -> dict[str, Json]:
    """Return what a promotion request says of its look."""
    return {"look": look.look, "looks": test_set.looks, "alpha": look.alpha, "test_set": test_set.version}


def measured_policy(policy: GatePolicy, alpha: float) -> Policy:
    """Return the policy's numbers as `overread.measures` takes them, at the alpha of one look."""
    said = {field.name: getattr(policy, field.name) for field in fields(Policy)}
    return Policy(**{**said, "alpha": alpha})


def _decided(
    cases: Sequence[TestCase], field: Field, production: Contender, policy: GatePolicy, alpha: float
) -> Decision:
    candidate, anchor = field.candidate, field.anchor
    return decide(
        truth_of(cases),
        production.scores,
        candidate.scores,
        production_threshold=production.threshold,
        candidate_threshold=candidate.threshold,
        policy=measured_policy(policy, alpha),
        anchor_score=None if anchor is None else anchor.scores,
        anchor_threshold=None if anchor is None else anchor.threshold,
        critical=critical_of(cases, policy),
        slices=slices_of(cases, policy.slices),
    )


def _without_verdict(decision: Decision) -> Decision:
    """Take the verdict, good or bad, from a test set that is too small to give one."""
    if any(check.name == "evidence" and check.status != "pass" for check in decision.checks):
        return replace(decision, verdict="INCONCLUSIVE", reasons=("evidence",))
    return decision


def _first_release(
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
    verdict = combine(checks)
    reasons = tuple(check.name for check in checks if check.status != "pass")
    return Decision(verdict, checks, reasons, truth.size, positives, truth.size - positives)


def _floor(name: str, shown: Estimate, floor: float) -> Check:
    """Check that an estimate surely reaches a floor, which stands where other checks have their margin."""
    status = "inconclusive"
    if shown.lower >= floor:
        status = "pass"
    elif shown.upper < floor:
        status = "fail"
    return Check(
        name,
        "required",
        status,
        shown.estimate,
        shown.lower,
        shown.upper,
        shown.level,
        shown.method,
        shown.n,
        floor,
    )


def _counted(
    cases: Sequence[TestCase], field: Field, production: Contender, policy: GatePolicy
) -> dict[str, Pairs]:
    """Return the discordant pairs behind the checks that rest on them, by the check's name."""
    references = {"": production} | ({} if field.anchor is None else {"anchor.": field.anchor})
    counted = differences(cases, field.candidate, references)
    truth, ours, theirs = truth_of(cases), field.candidate.right(cases), production.right(cases)
    critical = critical_of(cases, policy)
    if critical is not None:
        counted["critical.sensitivity"] = pairs(ours, theirs, critical)
    for name, among in slices_of(cases, policy.slices).items():
        counted[f"slice:{name}:sensitivity"] = pairs(ours, theirs, among & truth)
        counted[f"slice:{name}:specificity"] = pairs(ours, theirs, among & ~truth)
    return counted


def _compared(
    cases: Sequence[TestCase],
    candidate: Contender,
    production: Contender,
    policy: GatePolicy,
    decision: Decision,
) -> dict[str, Json]:
    alpha = (1 - decision.checks[0].level) / 2
    findings = by_finding(cases, candidate, production, policy=policy, alpha=alpha)
    return {
        "by_finding": [
            {"code": code, **_check_record(check, counted)} for code, (check, counted) in findings.items()
        ],
        "slices": _slice_records(decision),
        "flips": [recorded(flip) for flip in negative_flips(cases, candidate, production)],
    }


def _slice_records(decision: Decision) -> list[Json]:
    """Return the slice checks two by two: one row a subgroup."""
    checks = {check.name: check for check in decision.checks if check.name.startswith("slice:")}
    names = [name[len("slice:") : -len(":sensitivity")] for name in checks if name.endswith(":sensitivity")]
    return [
        {
            "name": name,
            "sensitivity": recorded(checks[f"slice:{name}:sensitivity"]),
            "specificity": recorded(checks[f"slice:{name}:specificity"]),
        }
        for name in names
    ]


def _check_record(check: Check, counted: Pairs | None) -> dict[str, Json]:
    record = recorded(check)
    if not isinstance(record, dict):  # pragma: no cover - a dataclass becomes a mapping
        raise TypeError("a check is a mapping")
    gained, lost = (None, None) if counted is None else (counted.gained, counted.lost)
    return {**record, "gained": gained, "lost": lost}


def _evaluation_record(evaluation: Evaluation) -> dict[str, Json]:
    record = recorded(evaluation)
    if not isinstance(record, dict):  # pragma: no cover - a dataclass becomes a mapping
        raise TypeError("an evaluation is a mapping")
    return record
