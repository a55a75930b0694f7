"""May this candidate serve? Gathers the numbers, runs the policy, keeps the decision with its look."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from model_registry.admission import refuse_unfit
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
from model_registry.curves import curves_of
from model_registry.evaluation import Evaluation, evaluate
from model_registry.first_release import first_release
from model_registry.further_cases import further_cases
from model_registry.further_checks import Rivals, further_checks
from model_registry.localisation import Localisation, localise
from model_registry.recording import Json, recorded
from model_registry.test_set import TestCase
from overread.domain.audit import AuditEvent
from overread.domain.datasets import Look, TestSet
from overread.domain.policies import GatePolicy
from overread.measures.promotion import Check, Decision, Policy, combine, decide, deciding
from overread.store.unit_of_work import UnitOfWork

_SENSITIVE = re.compile(r"slice:.*:sensitivity$")


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

    Where maps point is None without maps, or without truth boxes.
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

    Raises
    ------
    EvidenceError
        The studies or somebody's answers to them are not fit to be judged; see `refuse_unfit`.
    """
    decision, further = decided(cases, field, policy=policy, alpha=look.alpha)
    counted = _counted(cases, field, policy) | further
    evaluations = {
        part: evaluate(cases, who.scores, threshold=who.threshold) for part, who in field.everyone.items()
    }
    localisations = {
        part: None if who.maps is None else localise(cases, who.maps) for part, who in field.everyone.items()
    }
    missing, truth = _missing(decision, policy), truth_of(cases)
    checks: list[Json] = [
        _check_record(check, counted.get(check.name), missing=missing) for check in decision.checks
    ]
    record: dict[str, Json] = {
        "verdict": decision.verdict,
        "reasons": list(decision.reasons),
        **_setting(field, policy, look, decision),
        "checks": checks,
        **_compared(cases, field, policy, look.alpha),
        "slices": _slice_records(checks),
        "evaluations": {
            part: {"version": who.version, "digest": who.digest, **_record(evaluations[part])}
            for part, who in field.everyone.items()
        },
        "curves": {
            part: recorded(curves_of(truth, who.scores, threshold=who.threshold))
            for part, who in field.everyone.items()
        },
        "localisation": recorded(localisations),
        "baseline": recorded(baseline),
    }
    return Judgement(
        verdict=decision.verdict, record=record, evaluations=evaluations, localisations=localisations
    )


def decided(
    cases: Sequence[TestCase], field: Field, *, policy: GatePolicy, alpha: float
) -> tuple[Decision, dict[str, Pairs]]:
    """Return the verdict with its checks, and the discordant pairs behind the further ones, by name.

    The first release has nothing to be compared with: its lower limits must reach the policy's floors.

    Raises
    ------
    EvidenceError
        As in `judge`.
    """
    refuse_unfit(cases, field.everyone)
    if field.production is None:
        return _without_verdict(first_release(cases, field.candidate, policy, alpha)), {}
    plain = _plain(cases, field, field.production, policy, alpha)
    rivals = Rivals.of(
        cases, field.candidate, field.production, anchor=field.anchor, policy=policy, alpha=alpha
    )
    further = tuple(further_checks(rivals))
    checks = (*plain.checks, *(check for check, _ in further))
    whole = replace(plain, verdict=combine(checks), checks=checks, reasons=deciding(checks))
    return _without_verdict(whole), {check.name: found for check, found in further if found is not None}


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


def _plain(
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


def _counted(cases: Sequence[TestCase], field: Field, policy: GatePolicy) -> dict[str, Pairs]:
    """Return the discordant pairs behind the checks of `decide` that rest on them, by the check's name."""
    if field.production is None:
        return {}
    references = {"": field.production} | ({} if field.anchor is None else {"anchor.": field.anchor})
    counted = differences(cases, field.candidate, references)
    truth, ours, theirs = truth_of(cases), field.candidate.right(cases), field.production.right(cases)
    critical = critical_of(cases, policy)
    if critical is not None:
        counted["critical.sensitivity"] = pairs(ours, theirs, critical)
    for name, among in slices_of(cases, policy.slices).items():
        counted[f"slice:{name}:sensitivity"] = pairs(ours, theirs, among & truth)
        counted[f"slice:{name}:specificity"] = pairs(ours, theirs, among & ~truth)
    return counted


def _setting(field: Field, policy: GatePolicy, look: Look, decision: Decision) -> dict[str, Json]:
    """Return who was compared on what, by which rules."""
    return {
        "policy": policy.name,
        "policy_version": policy.version,
        "test_set": {
            "version": look.test_set,
            "n": decision.n,
            "n_positive": decision.n_positive,
            "n_negative": decision.n_negative,
            "min_positive": policy.min_positive,
            "min_negative": policy.min_negative,
        },
        "candidate": field.candidate.version,
        "production": None if field.production is None else field.production.version,
        "anchor": None if field.anchor is None else field.anchor.version,
    }


def _compared(
    cases: Sequence[TestCase], field: Field, policy: GatePolicy, alpha: float
) -> dict[str, list[Json]]:
    """Return what is shown of findings and flips; nothing of a first release."""
    if field.production is None:
        return {"by_finding": [], "flips": []}
    findings = by_finding(cases, field.candidate, field.production, policy=policy, alpha=alpha)
    return {
        "by_finding": [
            {"code": code, **_check_record(check, counted)} for code, (check, counted) in findings.items()
        ],
        "flips": [recorded(flip) for flip in negative_flips(cases, field.candidate, field.production)],
    }


def _slice_records(checks: Sequence[Json]) -> list[Json]:
    """Return the slice checks two by two: one row a subgroup."""
    named = {str(check["name"]): check for check in checks if isinstance(check, dict)}
    slices = [name[len("slice:") : -len(":sensitivity")] for name in named if _SENSITIVE.match(name)]
    return [
        {"name": name, **{what: named[f"slice:{name}:{what}"] for what in ("sensitivity", "specificity")}}
        for name in slices
    ]


def _missing(decision: Decision, policy: GatePolicy) -> int:
    """Return how many studies the test set lacks to give any verdict."""
    lacks = (policy.min_positive - decision.n_positive, policy.min_negative - decision.n_negative)
    return sum(max(lack, 0) for lack in lacks)


def _check_record(check: Check, counted: Pairs | None, *, missing: int = 0) -> dict[str, Json]:
    gained, lost = (None, None) if counted is None else (counted.gained, counted.lost)
    further = recorded(further_cases(check, counted, missing=missing))
    return {**_record(check), "gained": gained, "lost": lost, "further": further}


def _record(value: Check | Evaluation) -> dict[str, Json]:
    record = recorded(value)
    if not isinstance(record, dict):  # pragma: no cover - a dataclass becomes a mapping
        raise TypeError("a dataclass is a mapping")
    return record
