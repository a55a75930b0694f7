"""What the reading page shows of one study to one person."""

from typing import Any

from bootstrap.clock import new_id
from overread.domain.corrections import Correction, Kind
from overread.domain.findings import Label
from overread.domain.identifiers import StudyUid
from overread.domain.locks import BEAT_SECONDS
from overread.domain.own_calls import OwnCall
from overread.domain.people import Permission, Person
from overread.domain.predictions import Prediction
from overread.domain.reports import Report, ReportStatus
from overread.domain.studies import Study, StudyState
from overread.store.unit_of_work import UnitOfWork
from overread.studies import reporting
from serving.api.pictures import pictures_of
from serving.api.predictions import address, is_untold, refuse_blinded
from serving.pages.answers import answers_view
from serving.pages.links import ohif_link
from serving.pages.locks import lock_shown
from serving.pages.people import patient_name, sex_and_age
from serving.pages.report_view import Asked, contradicts, kept_report, report_view
from serving.pages.visits import Visit

PREVIEW = 1280  # pixels of the longer side: sent in a tenth of the time, until all grey levels are there
_KINDS = {
    Label.NO_FINDING: (Kind.MISSED_FINDING, Kind.BAD_IMAGE),
    Label.HAS_FINDING: (Kind.FALSE_ALARM, Kind.WRONG_REGION, Kind.BAD_IMAGE),
}


def reading_view(
    work: UnitOfWork, visit: Visit, person: Person, uid: StudyUid, asked: Asked
) -> dict[str, Any]:
    """Return the page's facts; raise `BlindedError` for whoever holds the study's case."""
    study = work.studies.get(uid)
    refuse_blinded(work, visit.web, person.key, uid)
    report = reporting.current(work, uid, language=visit.web.services.settings.language)
    untold = not study.set_aside and is_untold(work, visit.web, person, uid)
    prediction = None if untold or study.set_aside else work.studies.answer(uid)
    own, call = _own(work, person, uid), work.own_calls.find(uid, person.key)
    said = own or call
    switch = work.text_switches.latest(visit.web.task.name)
    automatic = switch is None or switch.automatic
    return {
        **_identity(work, visit, study),
        **_picture(work, visit, study, prediction, asked),
        "prior": _prior(work, visit, study),
        "further": [],
        **_feedback(visit, person, prediction, own),
        **answers_view(work, visit, person, study, prediction, seen=asked.seen),
        "set_aside": study.set_aside,
        "deleted": study.deleted,
        "reasons": [
            {"code": reason.code, "rule": reason.code.split("_", 1)[0], "text": reason.text}
            for reason in study.reasons
        ],
        "rules": [
            {"code": rule.code, "rule": rule.rule, "outcome": rule.outcome.value}
            for rule in study.screening.outcomes
        ],
        "may_release": study.state is StudyState.QUARANTINED and person.may(Permission.RELEASE),
        "may_write": person.may(Permission.WRITE_REPORT),
        **_lock(work, visit, person, study, report),
        "prediction": None if prediction is None else _answer(visit, prediction),
        "call_first": untold,
        "own_call": None if call is None else _own_call(visit, call),
        **_report_shown(visit, report, asked, automatic=automatic, untold=untold),
        "text_off": None if switch is None or automatic else visit.formats.instant(switch.at),
        "said_label": "" if said is None else said.label.value,
        "contradicts": not untold and contradicts(report, said),
    }


def _identity(work: UnitOfWork, visit: Visit, study: Study) -> dict[str, Any]:
    patient, taken = work.studies.patient(study.patient), study.acquisition
    return {
        "uid": study.uid,
        "state": study.state.value,
        "name": patient_name(patient.name),
        "patient_id": patient.id,
        "sex_age": sex_and_age(visit.words, taken.sex or patient.sex, taken.age),
        "study_date": visit.formats.day(study.study_date),
        "scanner": f"{taken.manufacturer} {taken.model}".strip(),
        "view": taken.view,
        "bits": taken.bits_stored,
    }


def _lock(work: UnitOfWork, visit: Visit, person: Person, study: Study, report: Report) -> dict[str, Any]:
    """Return who reads the study, and every how many seconds this page says so; 0 where it takes no lock."""
    lock = work.reading_locks.of_study(study.uid, now=visit.web.now())
    is_read = study.set_aside or report.status is ReportStatus.SIGNED
    takes = person.may(Permission.WRITE_REPORT) and not is_read
    return {
        "lock": None if lock is None else lock_shown(visit, lock, person.key),
        "page": new_id(),
        "beat": BEAT_SECONDS if takes else 0,
    }


def _picture(
    work: UnitOfWork, visit: Visit, study: Study, prediction: Prediction | None, asked: Asked
) -> dict[str, Any]:
    """Return addresses of what may be seen; the pixels of a quarantined study are shown to nobody here.

    Answer, map and boxes are about the first film; of another only the picture is shown.
    """
    pictures = pictures_of(work, study)
    if not pictures or study.state is StudyState.QUARANTINED:
        return {"image": None, "ohif": None, "heatmap": None, "rows": 0, "films": []}
    film = asked.film if asked.film < len(pictures) else 0
    there, picked = address(study.uid), f"film={film}" if film else ""
    mapped = prediction is not None and prediction.heatmap is not None and not film
    return {
        "ohif": None if study.set_aside else ohif_link(visit.web.services.settings, study.uid),
        "image": f"{there}/image.png?{picked}".removesuffix("?"),
        "preview": f"{there}/image.png?longest={PREVIEW}&{picked}".removesuffix("&"),
        "pixels": f"{there}/pixels?{picked}".removesuffix("?"),
        "heatmap": f"{there}/heatmap.png" if mapped else None,
        "rows": pictures[film].rows,
        "columns": pictures[film].columns,
        "boxless": film > 0,
        "films": _films(visit, study, len(pictures), film) if len(pictures) > 1 else [],
    }


def _films(visit: Visit, study: Study, count: int, shown: int) -> list[dict[str, Any]]:
    """Return a link to each film of a study that has several."""
    return [
        {
            "name": visit.words.text("viewer.film", n=number + 1, of=count),
            "href": f"/studies/{study.uid}?film={number}",
            "here": number == shown,
        }
        for number in range(count)
    ]


def _prior(work: UnitOfWork, visit: Visit, study: Study) -> dict[str, Any] | None:
    """Return the patient's latest earlier study that has a picture to compare with."""
    for earlier in work.studies.of_patient(study.patient):
        before = (earlier.study_date or earlier.received_at.date(), earlier.received_at) < (
            study.study_date or study.received_at.date(),
            study.received_at,
        )
        if before and not earlier.set_aside and pictures_of(work, earlier):
            there = address(earlier.uid)
            return {
                "uid": earlier.uid,
                "image": f"{there}/image.png?longest={PREVIEW}",
                "pixels": f"{there}/pixels",
                "date": visit.formats.day(earlier.study_date),
                "scanner": f"{earlier.acquisition.manufacturer} {earlier.acquisition.model}".strip(),
            }
    return None


def _answer(visit: Visit, prediction: Prediction) -> dict[str, Any]:
    likely = sorted(
        ((value, code) for code, value in prediction.by_finding.items() if value >= prediction.threshold),
        reverse=True,
    )
    return {
        "label": prediction.label.value,
        "probability": prediction.probability,
        "threshold": prediction.threshold,
        "version": prediction.model_version,
        "near": prediction.near,
        "likely": [{"name": visit.finding_name(code), "value": value} for value, code in likely[:4]],
    }


def _own(work: UnitOfWork, person: Person, uid: StudyUid) -> Correction | None:
    said = [c for c in work.corrections.of_study(uid) if c.by == person.key and c.withdrawn_at is None]
    return said[-1] if said else None


def _feedback(
    visit: Visit, person: Person, prediction: Prediction | None, own: Correction | None
) -> dict[str, Any]:
    now, words = visit.web.now(), visit.words
    undo = own is not None and now <= own.undo_until
    of_this = prediction is not None and own is not None and own.model_version == prediction.model_version
    here = own if of_this else None  # what was said of another model's answer presses no button of this one
    said = None
    if own is not None:
        parts = [words.text(f"verdict.{own.verdict}"), words.text(f"kind.{own.kind}") if own.kind else ""]
        parts += [visit.finding_name(finding.code) for finding in own.findings]
        said = words.text("list.comma").join(part for part in parts if part)
        if here is None:
            said = words.text("answers.said_of", what=said, version=own.model_version)
    return {
        "may_speak": person.may(Permission.GIVE_FEEDBACK),
        "key": new_id(),
        "detail_key": new_id(),
        "own": None if here is None else here.verdict.value,
        "own_kind": _kind_shown(prediction, here),
        "own_codes": [] if here is None else [finding.code for finding in here.findings],
        "own_comment": "" if here is None else here.comment,
        "said": said,
        "undo": own.id if own is not None and undo else None,
        "undo_until": visit.formats.clock(own.undo_until) if own is not None else "",
        "kinds": [] if prediction is None else [kind.value for kind in _KINDS[prediction.label]],
    }


def _kind_shown(prediction: Prediction | None, own: Correction | None) -> str | None:
    if own is not None and own.kind is not None:
        return own.kind.value
    return None if prediction is None else _KINDS[prediction.label][0].value


def _report_shown(
    visit: Visit, report: Report, asked: Asked, *, automatic: bool, untold: bool
) -> dict[str, Any]:
    """Return the report to show; a draft follows from an answer and waits for the own call with it."""
    if untold and report.status is ReportStatus.DRAFT:
        return {"report": None, "kept": None}
    shown = report_view(visit, report, asked, automatic=automatic)
    return {"report": shown, "kept": kept_report(visit, report, asked.typed)}


def _own_call(visit: Visit, call: OwnCall) -> dict[str, Any]:
    shown = "after" if call.answer_shown else "before"
    return {"label": call.label.value, "at": visit.formats.minute(call.at), "shown": shown}
