"""What the review page shows of a candidate's shadow: what was registered, how far it is, what it showed."""

from collections.abc import Mapping
from typing import Any

from model_registry.recording import recorded
from model_registry.shadow import analyse
from model_registry.shadow_run import progress_of
from overread.domain.identifiers import VersionKey
from overread.domain.models import ModelState
from overread.domain.people import Permission, Person
from overread.domain.shadows import MOST_STUDIES, Progress, Shadow
from serving.api.shadows import RUNNING, may_see_result
from serving.pages.formats import NOTHING, between, percent, signed
from serving.pages.visits import Visit

Record = Mapping[str, Any]
_POINTS = 100.0


def shadow_view(visit: Visit, person: Person, version: VersionKey) -> dict[str, Any]:
    """Return the section's facts; of one that runs nothing but its progress."""
    web = visit.web
    with web.look() as work:
        found = work.shadows.all(candidate=version)
        shadow = found[0] if found else None
        free = work.shadows.running(web.task.name) is None
        candidate = work.models.get(version).state is ModelState.CANDIDATE
        serving = work.models.production(web.task.name) is not None
        progress = Progress() if shadow is None else progress_of(work, shadow)
        ended = shadow is not None and shadow.end is not None
        seen = shadow is not None and may_see_result(work, person, shadow)
        result = recorded(analyse(work, shadow)) if shadow is not None and ended and seen else None
    may_run = person.may(Permission.RUN_SHADOWS)
    return {
        "most": MOST_STUDIES,
        "may_start": may_run and free and candidate and serving,
        "may_stop": may_run and shadow is not None and not ended,
        "withheld": ended and not seen,
        "problem": web.worker.shadow.failure if shadow is not None and not ended else None,
        "run": None if shadow is None else _run(visit, shadow, progress),
        "result": _result(visit, result) if isinstance(result, dict) else None,
    }


def _run(visit: Visit, shadow: Shadow, progress: Progress) -> dict[str, Any]:
    end, instant = shadow.end, visit.formats.instant
    return {
        "id": shadow.id,
        "state": RUNNING if end is None else end.how.value,
        "production": shadow.production,
        "by": shadow.registered_by,
        "at": instant(shadow.registered_at),
        "why": shadow.why,
        "studies": shadow.studies,
        "until": instant(shadow.until),
        "progress": progress,
        "ended_at": instant(None if end is None else end.at),
        "ended_by": "" if end is None else end.by,
        "ended_why": "" if end is None else end.reason,
    }


def _result(visit: Visit, result: Record) -> dict[str, Any]:
    calls, labelled = result["calls"], result["labelled"]
    grades = [
        visit.words.text("shadow.of_grade", grade=visit.words.text_or(f"grade.{grade}", grade), n=n)
        for grade, n in labelled["by_grade"].items()
    ]
    return {
        "studies": result["studies"],
        "patients": result["patients"],
        "failed": result["failed"],
        "only_candidate": calls["only_candidate"],
        "only_production": calls["only_production"],
        "agreement": _share(calls["agreement"]),
        "call_rate": _points(calls["call_rate"]),
        "score": _score(calls["score"]),
        "n_labelled": labelled["n"],
        "grades": visit.words.text("list.comma").join(grades) or NOTHING,
        "of_agreeing": _share(labelled["of_agreeing"]),
        "of_discordant": _share(labelled["of_discordant"]),
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
    return _signed({**estimate, **scaled}, 1)


def _score(estimate: Record) -> dict[str, Any]:
    return _signed(estimate, 3)


def _signed(estimate: Record, digits: int) -> dict[str, Any]:
    lower, upper = signed(estimate["lower"], digits), signed(estimate["upper"], digits)
    return {
        "value": signed(estimate["estimate"], digits),
        "limits": NOTHING if NOTHING in {lower, upper} else f"{lower} … {upper}",
        "n": estimate["n"],
    }
