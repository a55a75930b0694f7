"""What audits, shadows and reader studies showed: gathered for the summary, in words for the report."""

from collections.abc import Mapping
from typing import Any

from feedback.reader_analysis import analyse as analyse_reads
from model_registry.recording import recorded
from model_registry.shadow import analyse
from model_registry.shadow_run import progress_of
from monitoring.performance import live_performance
from monitoring.stop_rule import watched
from overread.domain.findings import Label
from overread.domain.reader_studies import CrossoverStudy
from overread.domain.shadows import Shadow
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork
from overread.wording.catalogue import catalogue
from overread.wording.numbers import decimal, percent, signed

Json = dict[str, Any]
UNKNOWN = "not known: no study tells it yet"


def gathered(work: UnitOfWork, task: Task) -> Json:
    """Return what is on record, as `summary.json` keeps it."""
    seen = watched(work, task)
    studies = [work.reader_studies.named(name) for name in work.reader_studies.names()]
    return {
        "audits": [
            recorded(found)
            for model in work.models.all()
            for found in live_performance(work, model.version, months=0)
        ],
        "stop_rule": None if seen is None else recorded(seen),
        "normal_text": work.text_switches.automatic(task.name),
        "shadows": [_shadow(work, shadow) for shadow in reversed(work.shadows.all())],
        "reader_studies": [_reader_study(work, study) for study in studies],
    }


def _shadow(work: UnitOfWork, shadow: Shadow) -> Json:
    return {
        "candidate": shadow.candidate,
        "production": shadow.production,
        "state": shadow.state,
        "progress": recorded(progress_of(work, shadow)),
        "result": None if shadow.end is None else recorded(analyse(work, shadow)),
    }


def _reader_study(work: UnitOfWork, study: CrossoverStudy) -> Json:
    reads = work.reader_studies.reads(study.id)
    whole = len(reads) == study.reads_planned
    found = analyse_reads(study, reads) if whole else None
    return {
        "name": study.name,
        "model": study.model_version,
        "reads": len(reads),
        "reads_planned": study.reads_planned,
        "readers": len(study.readers),
        "cases": len(study.cases),
        "positive": sum(case.truth is Label.HAS_FINDING for case in study.cases),
        "changes": None if found is None else recorded(found.changes),
    }


def told(seen: Mapping[str, Any]) -> Json:
    """Return what was gathered in the report's words: numbers with limits and of how many, or why none."""
    return {
        "audits": [_audit_row(each) for each in seen["audits"]],
        "stop": _stop(seen),
        "shadows": [_shadow_row(each) for each in seen["shadows"]],
        "selection": _text("shadow.selection"),
        "reader_studies": [_reader_row(each) for each in seen["reader_studies"]],
    }


def _audit_row(found: Mapping[str, Any]) -> Json:
    survey, second = found["horvitz_thompson"], found["begg_greenes"]
    gaps = [_text(f"performance.gap.{gap}") for gap in found["gaps"]]
    believed = found["believed_reports"]
    beside = None if second is None else {name: share(second[name]) for name in second}
    return {
        "version": found["version"],
        "answers": found["flagged"] + found["cleared"],
        "read": f"{found['audits_read']} of {found['audits_drawn']}",
        "missed": _missed(found["missed"]),
        "unknown": f"{_text('performance.not_known')} {' '.join(gaps)}" if gaps else "",
        "sensitivity": None if survey is None else share(survey["sensitivity"]),
        "specificity": None if survey is None else share(survey["specificity"]),
        "second": "" if beside is None else _text("performance.second", **beside),
        "believed": _text("performance.believed", n=believed) if believed else "",
    }


def _missed(found: Mapping[str, Any]) -> str:
    bound = _text("performance.at_most", share=percent(found["upper"]))
    return f"{percent(found['estimate'])}, {bound}" if found["n"] else "none was read"


def _stop(seen: Mapping[str, Any]) -> str:
    """Return where the stop rule stands, and what became of the automatic normal text."""
    if seen["stop_rule"] is None:
        return "Nothing is in production, so nothing is watched."
    verdict, version = seen["stop_rule"]["verdict"], seen["stop_rule"]["version"]
    height = _text(
        "performance.height",
        height=decimal(verdict["height"], 2),
        threshold=decimal(verdict["threshold"], 2),
    )
    start = _text(f"performance.start.{verdict['start']}")
    text = "on" if seen["normal_text"] else "off"
    return (
        f"Stop rule, version {version}: {verdict['missed']} missed findings in {verdict['audited']} audits. "
        f"{start} {height} The automatic normal text is {text}."
    )


def _shadow_row(shadow: Mapping[str, Any]) -> Json:
    result, progress = shadow["result"], shadow["progress"]
    beside = f"Version {shadow['candidate']} beside version {shadow['production']}"
    counts = _text("shadow.counts", **progress)
    state = _text(f"shadow.state.{shadow['state']}")
    row = {"title": f"{beside}: {state}. {counts}.", "lines": [], "blind": ""}
    if result is None:
        return row | {"blind": _text("shadow.blind")}
    calls, labelled = result["calls"], result["labelled"]
    known = f"{labelled['n']} of {result['studies']} studies"
    lines = [
        ("shadow.agreement", share(calls["agreement"])),
        ("shadow.call_rate", difference(calls["call_rate_difference"])),
        ("shadow.score", difference(calls["score_difference"])),
        ("shadow.labelled", known),
        *(
            (f"check.{name}", difference(labelled[name]["difference"]))
            for name in ("sensitivity", "specificity")
        ),
    ]
    return row | {"lines": [(_text(name), said) for name, said in lines]}


def _reader_row(study: Mapping[str, Any]) -> Json:
    counts = {name: study[name] for name in ("readers", "cases", "positive")}
    counted = _text("reader_study.counts", **counts)
    progress = "reads" if study["changes"] is None else "whole"
    read = _text(f"reader_study.{progress}", reads=study["reads"], planned=study["reads_planned"])
    return {
        "title": f"{study['name']}, aided by version {study['model']}: {counted}. {read}",
        "lines": [
            (_text(f"reader_study.change.{name}"), difference(change))
            for name, change in (study["changes"] or {}).items()
        ],
    }


def _text(key: str, **facts: object) -> str:
    return catalogue("en").text(key, **facts)


def share(found: Mapping[str, Any]) -> str:
    """Return a share with its limits and of how many, or that nothing tells it yet."""
    if found["estimate"] is None:
        return UNKNOWN
    return (
        f"{percent(found['estimate'])} [{percent(found['lower'])}, {percent(found['upper'])}] of {found['n']}"
    )


def difference(found: Mapping[str, Any]) -> str:
    """Return a difference with its limits and of how many, or that nothing tells it yet."""
    if found["estimate"] is None:
        return UNKNOWN
    lower, upper = signed(found["lower"], 3), signed(found["upper"], 3)
    return f"{signed(found['estimate'], 3)} [{lower}, {upper}], n {found['n']}"
