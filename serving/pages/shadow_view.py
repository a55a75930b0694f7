"""What the review page shows of a candidate's shadow: what was registered, how far it is, what it showed."""

from collections.abc import Mapping
from typing import Any

from model_registry.recording import recorded
from model_registry.shadow import analyse
from model_registry.shadow_run import progress_of
from overread.domain.identifiers import VersionKey
from overread.domain.models import ModelState
from overread.domain.people import Permission, Person
from overread.domain.shadows import MOST_STUDIES, Ending, Progress, Shadow
from overread.store.unit_of_work import UnitOfWork
from serving.api.shadows import may_see_result
from serving.pages.formats import NOTHING, between, percent, signed
from serving.pages.visits import Visit

Record = Mapping[str, Any]
_POINTS = 100.0


def shadow_view(visit: Visit, person: Person, version: VersionKey) -> dict[str, Any]:
    """Return the section's facts: the latest shadow of a version, and what this person may do about it."""
    web, may_run = visit.web, person.may(Permission.RUN_SHADOWS)
    with web.look() as work:
        free = work.shadows.running(web.task.name) is None
        candidate = work.models.get(version).state is ModelState.CANDIDATE
        serving = work.models.production(web.task.name) is not None
        found = work.shadows.all(candidate=version)
        latest = _latest(visit, work, person, found[0]) if found else {"run": None, "result": None}
    return {
        "most": MOST_STUDIES,
        "may_start": may_run and free and candidate and serving,
        "may_run": may_run,
        "earlier": max(0, len(found) - 1),
        **latest,
    }


def _latest(visit: Visit, work: UnitOfWork, person: Person, shadow: Shadow) -> dict[str, Any]:
    """Return what is to be said of a shadow; while it runs nothing but its progress."""
    run = _run(visit, shadow, progress_of(work, shadow))
    if shadow.end is None:
        return {"run": run, "problem": visit.web.worker.shadow.failure, "result": None}
    if not may_see_result(work, person, shadow):
        return {"run": run, "result": None}
    return {"run": run, "result": _result(visit, recorded(analyse(work, shadow)))}


def _run(visit: Visit, shadow: Shadow, progress: Progress) -> dict[str, Any]:
    end, instant = shadow.end, visit.formats.instant
    return {
        "id": shadow.id,
        "running": end is None,
        "state": shadow.state,
        "production": shadow.production,
        "by": shadow.registered_by,
        "at": instant(shadow.registered_at),
        "why": shadow.why,
        "studies": shadow.studies,
        "until": instant(shadow.until),
        "progress": progress,
        "ended_at": instant(None if end is None else end.at),
        "ended_by": "" if end is None else end.by,
        "stopped_why": end.reason if end is not None and end.how is Ending.STOPPED else "",
    }


def _result(visit: Visit, result: Any) -> dict[str, Any]:
    calls, labelled = result["calls"], result["labelled"]
    grades = [
        visit.words.text("shadow.of_grade", grade=visit.words.text_or(f"grade.{grade}", grade), n=n)
        for grade, n in labelled["by_grade"].items()
    ]
    return {
        "studies": result["studies"],
        "only_candidate": calls["only_candidate"],
        "only_production": calls["only_production"],
        "agreement": _share(calls["agreement"]),
        "call_rate": _points(calls["call_rate_difference"]),
        "score": _score(calls["score_difference"]),
        "n_labelled": labelled["n"],
        "grades": visit.words.text("list.comma").join(grades) or NOTHING,
        "of_agreeing": _share(labelled["share_of_agreeing"]),
        "of_discordant": _share(labelled["share_of_discordant"]),
        "errors": [_errors(name, labelled[name]) for name in ("sensitivity", "specificity")],
    }


def _errors(name: str, errors: Record) -> dict[str, Any]:
    return {
        "name": name,
        "production": _share(errors["production"]),
        "candidate": _share(errors["candidate"]),
        "difference": _points(errors["difference"]),
        "gained": errors["gained"],
        "lost": errors["lost"],
        "margin": signed(-_POINTS * errors["margin"], 1),
    }


def _share(estimate: Record) -> dict[str, Any]:
    """Return a share as a percentage, with its limits and of how many."""
    lower, upper = (None if estimate[end] is None else _POINTS * estimate[end] for end in ("lower", "upper"))
    return {
        "value": percent(estimate["estimate"]),
        "limits": between(lower, upper, 1),
        "n": estimate["n"],
    }


def _points(estimate: Record) -> dict[str, Any]:
    """Return a difference of shares in percentage points."""
    scaled = {
        name: None if estimate[name] is None else _POINTS * estimate[name]
        for name in ("estimate", "lower", "upper")
    }
    return signed_limits({**estimate, **scaled}, 1)


def _score(estimate: Record) -> dict[str, Any]:
    return signed_limits(estimate, 3)


def signed_limits(estimate: Record, digits: int) -> dict[str, Any]:
    """Return a difference as it was recorded, with its limits and of how many."""
    lower, upper = signed(estimate["lower"], digits), signed(estimate["upper"], digits)
    return {
        "value": signed(estimate["estimate"], digits),
        "limits": NOTHING if NOTHING in {lower, upper} else f"{lower} … {upper}",
        "n": estimate["n"],
    }
