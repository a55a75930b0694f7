"""What the review page shows of one candidate: the verdict in counts, and the evidence for and against it."""

from collections.abc import Mapping
from typing import Any

from monitoring.explanations import explanations
from overread.domain.change_control import DATA_MANAGEMENT
from overread.domain.drift import DriftVerdict
from overread.domain.promotion import PromotionRequest
from serving.api.shapes import finite
from serving.pages.checks_view import check_row, group_rows, map_rows, teller_of
from serving.pages.curves_view import charts
from serving.pages.visits import Visit

Record = Mapping[str, Any]
_DECIDING = ("required", "veto")


def candidate_view(visit: Visit, request: PromotionRequest) -> dict[str, Any]:
    """Return the verdict with its evidence, and how the candidate came about."""
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
        "alpha": None if ledger.get("alpha") is None else f"{ledger['alpha']:.2g}",
        "n": test_set.get("n"),
        "level": "" if level is None else f"{100 * level:.3g} %",
        "checks": [check_row(teller, each, test_set) for each in checks],
        "groups": group_rows(teller, comparison),
        "curves": charts(comparison),
        "maps": map_rows(comparison),
        "drift": None
        if request.drift is None
        else drift_view(visit, request.drift, f"/api/v1/candidates/{request.version}/drift.html"),
        "lineage": _pairs(finite(request.lineage)),
        "has_card": request.lineage.get("model_card") is not None,
        "within_protocol": request.within_protocol,
        "clause": DATA_MANAGEMENT.id,
        "needs_drift_check": request.needs_drift_check,
        "ledger": _pairs(ledger),
        "digests": [
            (part, who) for part, who in (comparison.get("evaluations") or {}).items() if who.get("digest")
        ],
        "asked_by": request.requested_by,
        "asked_at": visit.formats.instant(request.created_at),
        "now": visit.formats.instant(visit.web.now()),
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
