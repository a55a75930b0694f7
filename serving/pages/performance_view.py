"""What the monitoring page shows of production's accuracy, the stop rule and the automatic normal text."""

import math
from typing import Any

from monitoring.performance import Accuracy, Performance, live_performance
from monitoring.stop_rule import Watched, watched
from overread.domain.audit import SYSTEM
from overread.domain.estimates import Estimate
from overread.domain.people import Permission, Person
from overread.store.unit_of_work import UnitOfWork
from serving.pages.formats import between, decimal, grouped, percent
from serving.pages.visits import Visit

MONTHS_SHOWN = 6


def performance_view(work: UnitOfWork, visit: Visit, by: Person) -> dict[str, Any]:
    """Return the figures of the version in production; without one only the switch."""
    seen = watched(work, visit.web.task)
    rows = [] if seen is None else live_performance(work, seen.version, months=MONTHS_SHOWN)
    return {
        "rows": [performance_row(visit, row) for row in rows],
        "stop": None if seen is None else _stop(visit, seen),
        "switch": _switch(work, visit),
        "may_switch": by.may(Permission.SWITCH_NORMAL_TEXT),
    }


def performance_row(visit: Visit, row: Performance) -> dict[str, Any]:
    """Return a version's accuracy in a month, or in all and then with what stands below it, as texts."""
    words, survey, whole = visit.words, row.horvitz_thompson, row.month is None
    believed = words.text("performance.believed", n=grouped(row.believed_reports))
    return {
        "when": words.text("performance.all") if whole else f"{row.month:%Y-%m}",
        "answers": grouped(row.flagged + row.cleared),
        "sensitivity": _share(None if survey is None else survey.sensitivity),
        "specificity": _share(None if survey is None else survey.specificity),
        "second": _second(visit, row.begg_greenes) if whole else "",
        "gaps": [words.text(f"performance.gap.{gap}") for gap in row.gaps],
        "audits": words.text(
            "performance.audits_of", read=grouped(row.audits_read), drawn=grouped(row.audits_drawn)
        ),
        "missed": percent(row.missed.estimate),
        "bound": words.text("performance.at_most", share=percent(row.missed.upper)),
        "believed": believed if whole and row.believed_reports else "",
    }


def _second(visit: Visit, pooled: Accuracy | None) -> str:
    if pooled is None:
        return ""
    return visit.words.text(
        "performance.second", sensitivity=_text(pooled.sensitivity), specificity=_text(pooled.specificity)
    )


def _share(found: Estimate | None) -> dict[str, Any] | None:
    """Return a share with its limits, to be drawn; None where it is not defined."""
    if found is None or math.isnan(found.estimate):
        return None
    return {
        "estimate": found.estimate,
        "lower": found.lower,
        "upper": found.upper,
        "value": percent(found.estimate),
        "interval": between(100 * found.lower, 100 * found.upper, 1),
        "n": grouped(found.n),
    }


def _text(found: Estimate) -> str:
    return f"{percent(found.estimate)} ({between(100 * found.lower, 100 * found.upper, 1)})"


def _stop(visit: Visit, seen: Watched) -> dict[str, Any]:
    words, rule, verdict = visit.words, visit.web.task.audit.stop, seen.verdict
    return {
        "said": words.text(
            "performance.missed_of",
            missed=grouped(verdict.missed),
            audited=grouped(verdict.audited),
            since=visit.formats.instant(seen.since),
        ),
        "start": words.text(f"performance.start.{verdict.start}"),
        "fired": verdict.fired_by is not None,
        "height": min(verdict.height / verdict.threshold, 1.0),
        "heights": words.text(
            "performance.height",
            height=decimal(verdict.height, 2),
            threshold=decimal(verdict.threshold, 2),
        ),
        "rule": words.text("performance.rule", p0=percent(rule.p0), p1=percent(rule.p1)),
    }


def _switch(work: UnitOfWork, visit: Visit) -> dict[str, Any]:
    words, latest = visit.words, work.text_switches.latest(visit.web.task.name)
    if latest is None:
        return {"automatic": True, "said": words.text("performance.always_on"), "reason": ""}
    by_rule = latest.by == SYSTEM
    said = words.text(
        "performance.on_since" if latest.automatic else "performance.off_since",
        at=visit.formats.instant(latest.at),
        by=words.text("alert.system") if by_rule else latest.by,
    )
    reason = words.text("performance.by_rule") if by_rule else latest.reason
    return {"automatic": latest.automatic, "said": said, "reason": reason}
