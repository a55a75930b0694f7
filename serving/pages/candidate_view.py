"""What the review page shows of one candidate: the verdict in counts, the evidence, who has said what."""

from collections.abc import Mapping
from typing import Any

from bootstrap.clock import new_id
from monitoring.explanations import explanations
from overread.domain.drift import DriftVerdict
from overread.domain.people import Permission, Person
from overread.domain.promotion import NEEDED, PromotionRequest, RequestState
from serving.api.shapes import finite
from serving.pages.checks_view import check_row, group_rows, map_rows, teller_of
from serving.pages.curves_view import charts
from serving.pages.formats import percent
from serving.pages.visits import Visit

Record = Mapping[str, Any]
FIRST_FLIPS = 12
_DECIDING = ("required", "veto")


def candidate_view(
    visit: Visit, person: Person, request: PromotionRequest, *, all_flips: bool
) -> dict[str, Any]:
    """Return the page's facts."""
    comparison: Record = finite(request.comparison)
    ledger: Record = finite(request.ledger)
    checks = [
        each for each in comparison.get("checks") or [] if not str(each.get("name")).startswith("slice:")
    ]
    level = checks[0].get("level") if checks else None
    test_set, teller = comparison.get("test_set") or {}, teller_of(visit)
    return {
        "version": request.version,
        "state": request.state.value,
        "verdict": request.verdict,
        "production": comparison.get("production"),
        "sentences": sentences(visit, comparison, request),
        "policy": _policy(visit, comparison),
        "alpha": ledger.get("alpha"),
        "n": test_set.get("n"),
        "level": percent(level) if level is not None else "",
        "checks": [check_row(teller, each, test_set) for each in checks],
        "groups": group_rows(teller, comparison),
        "curves": charts(comparison),
        "maps": map_rows(comparison),
        "drift": None
        if request.drift is None
        else drift_view(visit, request.drift, f"/api/v1/candidates/{request.version}/drift.html"),
        "lineage": _pairs(finite(request.lineage)),
        "needs_drift_check": request.needs_drift_check,
        "ledger": _pairs(ledger),
        "digests": [
            (part, who) for part, who in (comparison.get("evaluations") or {}).items() if who.get("digest")
        ],
        "asked_by": request.requested_by,
        "asked_at": visit.formats.instant(request.created_at),
        **_flips(visit, comparison, all_flips=all_flips, shown=visit.web.shows_test_cases(person)),
        **_sign_off(visit, person, request),
    }


def sentences(visit: Visit, comparison: Record, request: PromotionRequest) -> list[str]:
    """Return the verdict in words and counts, and what decided it."""
    words, teller = visit.words, teller_of(visit)
    checks = comparison.get("checks") or []
    by_name = {each.get("name"): each for each in checks}
    said = []
    for what in ("sensitivity", "specificity"):
        check = by_name.get(what)
        if check and check.get("gained") is not None:
            said.append(
                words.text(
                    f"candidates.sentence.{what}",
                    candidate=request.version,
                    production=comparison.get("production"),
                    gained=check["gained"],
                    lost=check["lost"],
                    n=check["n"],
                )
            )
    if not checks:
        return [words.text("candidates.sentence.nothing")]
    required, vetoes = ([c.get("status") for c in checks if c.get("role") == role] for role in _DECIDING)
    said.append(
        words.text(
            "candidates.sentence.passed",
            passed=required.count("pass"),
            required=len(required),
            failed=vetoes.count("fail"),
            vetoes=len(vetoes),
        )
    )
    reasons = [teller.title(str(name)) for name in comparison.get("reasons") or []]
    if reasons:
        said.append(words.text("candidates.sentence.decided", reasons=words.text("list.comma").join(reasons)))
    return said


def _policy(visit: Visit, comparison: Record) -> str:
    """Return the policy a comparison was judged by; before its second version the number was not recorded."""
    name, version = comparison.get("policy") or visit.web.task.policy, comparison.get("policy_version")
    if version is None:
        return visit.words.text("candidates.policy", name=name)
    return visit.words.text("candidates.policy_version", name=name, version=version)


def drift_word(drift: DriftVerdict | None) -> str:
    """Return a drift check's outcome as a word of the catalogue."""
    if drift is None:
        return "missing"
    return {True: "passed", False: "failed", None: "unsure"}[drift.passed]


def drift_view(visit: Visit, drift: DriftVerdict, page: str) -> dict[str, Any]:
    """Return a drift check as a table shows it, what drifted first; `page` is where its own report lies."""
    return {
        "word": drift_word(drift),
        "n_reference": drift.n_reference,
        "n_current": drift.n_current,
        "level": drift.level,
        "reasons": drift.reasons,
        "explanations": explanations(visit.words, drift),
        "report": page if drift.report is not None else None,
        "measures": sorted(drift.measures, key=lambda each: not each.drifted),
    }


def _flips(visit: Visit, comparison: Record, *, all_flips: bool, shown: bool) -> dict[str, Any]:
    """Count the flips for everybody, and show single ones to those who may see studies of the test set."""
    flips = comparison.get("flips") or []
    first = flips if all_flips else flips[:FIRST_FLIPS]
    missed = sum(each.get("kind") == "missed" for each in flips)
    return {
        "flips_shown": shown,
        "flips": [_flip(visit, each) for each in first] if shown else [],
        "flips_all": len(flips),
        "flips_more": len(flips) - len(first),
        "flips_missed": missed,
        "flips_alarms": len(flips) - missed,
    }


def _flip(visit: Visit, flip: Record) -> dict[str, Any]:
    study, missed = str(flip.get("study", "")), flip.get("kind") == "missed"
    names = [visit.finding_name(str(code)) for code in flip.get("findings") or []]
    empty = visit.words.text("label.has_finding" if missed else "label.no_finding")
    return {
        "study": study,
        "image": f"/api/v1/studies/{study}/image.png",
        "kind": "missed" if missed else "false_alarm",
        "what": visit.words.text("list.comma").join(names) or empty,
        "production": flip.get("production"),
        "candidate": flip.get("candidate"),
        "production_called": missed,  # production was right and the candidate is wrong
        "candidate_called": not missed,
    }


def _sign_off(visit: Visit, person: Person, request: PromotionRequest) -> dict[str, Any]:
    blocked = _blocked(visit, person, request)
    explained = any(given.accept_drift for given in request.reviews)
    drifted = request.drift is None or request.drift.passed is not True
    return {
        "key": new_id(),
        "reviews": [
            {
                "by": given.reviewer,
                "decision": given.decision.value,
                "at": visit.formats.instant(given.at),
                "reason": given.reason,
                "accept_drift": given.accept_drift,
            }
            for given in request.reviews
        ],
        "free_slots": list(range(len(request.reviews) + 1, NEEDED + 1)) if _is_open(request) else [],
        "blocked": blocked,
        "may_decide": blocked is None,
        "needs_drift_word": drifted and not explained,
        "no_approval": _no_approval(visit, request),
    }


def _is_open(request: PromotionRequest) -> bool:
    return request.state is RequestState.OPEN


def _blocked(visit: Visit, person: Person, request: PromotionRequest) -> str | None:
    """Return why this person has nothing to decide here; None where they have."""
    words = visit.words
    if not _is_open(request):
        return words.text("candidates.closed", state=words.text(f"request.{request.state}"))
    if not person.may(Permission.DECIDE):
        return words.text("candidates.not_reviewer")
    if person.key == request.requested_by:
        return words.text("problem.own-request")
    if person.key in {given.reviewer for given in request.reviews}:
        return words.text("problem.second-voice")
    return None


def _no_approval(visit: Visit, request: PromotionRequest) -> str | None:
    """Return why nobody can approve, whoever asks; rejecting is always possible."""
    if not request.within_protocol:
        return visit.words.text("problem.outside-protocol")
    if request.verdict != "PROMOTE":
        return visit.words.text("problem.gate-refused")
    return None


def _pairs(record: Record) -> list[tuple[str, str]]:
    """Return a record's plain members as lines; lists with commas, nothing for what is empty."""
    lines = []
    for name, value in record.items():
        if isinstance(value, list):
            value = ", ".join(str(each) for each in value)  # noqa: PLW2901 - the same value, flattened
        if value is None or value == "" or isinstance(value, dict):
            continue
        lines.append((str(name), f"{value:g}" if isinstance(value, float) else str(value)))
    return lines
