"""Claims what waits for the model, and keeps its answers with model and map."""

from dataclasses import replace
from datetime import datetime

from overread.domain.audit import SYSTEM, AuditEvent
from overread.domain.identifiers import StudyUid
from overread.domain.predictions import Prediction
from overread.domain.reports import ReportStatus
from overread.domain.studies import Study, StudyState
from overread.domain.tasks import Task
from overread.store.outbox import Parcel
from overread.store.unit_of_work import UnitOfWork
from overread.studies.deletion import REMOVE_OBJECT
from overread.studies.intake import SCREEN
from overread.studies.reporting import first_draft, redraft
from overread.studies.rescoring import RESCORE, RESCORED_IN
from overread.studies.screening import PREDICT
from overread.studies.worklist import URGENT, priority

_WAITS_IN = {
    SCREEN: frozenset({StudyState.RECEIVED}),
    PREDICT: frozenset({StudyState.SCREENED}),
    RESCORE: RESCORED_IN,
}


def claim_next(work: UnitOfWork, topic: str = PREDICT, *, now: datetime) -> tuple[Parcel, Study] | None:
    """Take the next study that waits for screening or the model; it comes back if nobody finishes it."""
    while (parcel := work.outbox.claim(topic, now=now)) is not None:
        study = work.studies.find(StudyUid(parcel.key))
        if study is not None and study.state in _WAITS_IN[topic]:
            return parcel, study
        work.outbox.done(parcel, at=now)  # settled meanwhile
    return None


def keep_prediction(
    work: UnitOfWork, prediction: Prediction, *, task: Task, language: str, now: datetime
) -> Study:
    """Keep an answer and open the draft report; a second answer of one model on one study changes nothing.

    An answer that somebody asked for, after another model's, counts from now on.

    A report that a person began or signed before the answer came stays as it is; `first_draft` says where
    none is opened. An answer on a study that was deleted meanwhile is dropped, and its heatmap with it.
    """
    study = work.studies.get(prediction.study)
    if study.deleted:
        if prediction.heatmap is not None:
            work.outbox.put(REMOVE_OBJECT, key=prediction.heatmap, at=now)
        return study
    known = work.studies.prediction(prediction.study, prediction.model_version)
    if study.state is StudyState.SCREENED:
        shown = work.studies.prediction(study.uid) or prediction  # the first answer is the one readers see
        study = _answered(work, study, shown, task=task, language=language)
    if known is not None:
        return study
    work.studies.add_prediction(prediction)
    work.audit.append(
        AuditEvent(
            at=now,
            by=SYSTEM,
            action="study-predicted",
            subject=f"study-predicted:{prediction.study}:{prediction.model_version}",
            study=prediction.study,
            details={"model": prediction.model_version, "digest": prediction.model_digest},
        )
    )
    if prediction.asked_by is not None:
        study = _answered_again(work, study, prediction, task=task)
    return study


def _answered_again(work: UnitOfWork, study: Study, prediction: Prediction, *, task: Task) -> Study:
    """Let an answer that was asked for count; a draft that nobody has touched follows it."""
    answered = replace(study, label=prediction.label, probability=prediction.probability)
    answered = replace(answered, urgent=priority(answered, prediction, task.vocabulary) == URGENT)
    work.studies.save(answered)
    redraft(work, prediction, task=task)
    return answered


def _answered(work: UnitOfWork, study: Study, prediction: Prediction, *, task: Task, language: str) -> Study:
    report = work.reports.latest(study.uid)
    signed = report is not None and report.status is ReportStatus.SIGNED
    answered = replace(
        study,
        state=StudyState.REPORTED if signed else StudyState.PREDICTED,
        label=prediction.label,
        probability=prediction.probability,
    )
    answered = replace(answered, urgent=priority(answered, prediction, task.vocabulary) == URGENT)
    work.studies.save(answered)
    if report is None:
        first_draft(work, prediction, task=task, language=language)
    return answered
