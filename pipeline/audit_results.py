"""What random audits say of a version is told to MLflow, on the run that made it: a point each night.

Only versions that serve, or did, are audited: each was chosen before, so these numbers choose none. As in
shadows, nothing is told of any single study.
"""

from collections.abc import Sequence

from model_registry.logbook import limited, shown
from model_registry.recording import recorded
from model_registry.tracking import Record
from monitoring.performance import Accuracy, Performance, live_performance
from monitoring.stop_rule import StopVerdict, watched
from overread.domain.identifiers import VersionKey
from overread.wording.catalogue import catalogue
from pipeline.parcels import claimed
from pipeline.services import PipelineServices

TELL_AUDITS = "tell-audits"  # outbox topic; its key is a version whose audits were watched


def tell_audits(services: PipelineServices) -> int:
    """Tell what the audits of versions say by now; return how many were told of."""
    done = 0
    for parcel in claimed(services, TELL_AUDITS):
        version = VersionKey(parcel.key)
        with services.storage.look() as work:
            run = work.models.get(version).lineage.run
            found, seen = live_performance(work, version), watched(work, services.task)
        stop = seen.verdict if seen is not None and seen.version == version else None
        if found:
            _tell(services, run, found, stop)
            done += 1
    return done


def _tell(
    services: PipelineServices, run: str, found: Sequence[Performance], stop: StopVerdict | None
) -> None:
    """Keep the estimates over all answers as metrics and tags, and with those by month as a table.

    `stop` is None for a version that serves no more: nothing is stopped on its account.
    """
    everything, record = found[0], Record(id=run, client=services.tracking.client)
    answers = everything.flagged + everything.cleared
    record.metrics(_metrics(everything) | _heights(stop), step=answers, at=services.now())
    tags = {**_tags(everything), "stop_rule": _said(stop)}
    record.tags({f"overread.audit.{name}": value for name, value in tags.items()})
    record.table("audits.json", recorded({"performance": found, "stop_rule": stop}))


def _metrics(found: Performance) -> dict[str, float]:
    """Return what is known as numbers, with how many each rests on."""
    numbers: dict[str, float] = {
        "answers": found.flagged + found.cleared,
        "drawn": found.audits_drawn,
        "read": found.audits_read,
        **limited("missed", found.missed),
    }
    for name, accuracy in _estimates(found).items():
        for what, estimate in (("sensitivity", accuracy.sensitivity), ("specificity", accuracy.specificity)):
            numbers |= limited(f"{name}.{what}", estimate) | {f"{name}.{what}.n": estimate.n}
    return {f"audit.{name}": value for name, value in numbers.items()}


def _heights(stop: StopVerdict | None) -> dict[str, float]:
    if stop is None:
        return {}
    return {
        "audit.stop.height": stop.height,
        "audit.stop.threshold": stop.threshold,
        "audit.stop.log_likelihood_ratio": stop.log_likelihood_ratio,
    }


def _tags(found: Performance) -> dict[str, str]:
    """Return the estimates as a person reads them, or what is not known yet."""
    words = catalogue("en")
    tags = {
        "read": f"{found.audits_read} of {found.audits_drawn} drawn",
        "missed": f"{shown(found.missed)} of {found.missed.n} read" if found.missed.n else "none was read",
        "not_known": " ".join(words.text(f"performance.gap.{gap}") for gap in found.gaps) or "nothing",
    }
    for name, accuracy in _estimates(found).items():
        tags[f"{name}.sensitivity"] = shown(accuracy.sensitivity)
        tags[f"{name}.specificity"] = shown(accuracy.specificity)
    return tags


def _estimates(found: Performance) -> dict[str, Accuracy]:
    both = {"horvitz_thompson": found.horvitz_thompson, "begg_greenes": found.begg_greenes}
    return {name: accuracy for name, accuracy in both.items() if accuracy is not None}


def _said(stop: StopVerdict | None) -> str:
    if stop is None:
        return "not watched: another version serves"
    start = catalogue("en").text(f"performance.start.{stop.start}")
    return f"{stop.missed} missed in {stop.audited} audits; fired: {stop.fired_by or 'no'}. {start}"
