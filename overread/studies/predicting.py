"""Claims what waits for the model, and keeps its answers with model and map."""

from dataclasses import replace
from datetime import datetime

from overread.domain.audit import AuditEvent
from overread.domain.identifiers import StudyUid
from overread.domain.predictions import Prediction
from overread.domain.studies import Study, StudyState
from overread.domain.tasks import Task
from overread.store.outbox import Parcel
from overread.store.unit_of_work import UnitOfWork
from overread.studies.reporting import first_draft
from overread.studies.screening import PREDICT, SYSTEM


def claim_next(work: UnitOfWork, topic: str = PREDICT, *, now: datetime) -> tuple[Parcel, Study] | None:
    """Take the next study that waits for screening or the model; it comes back if nobody finishes it."""
    while (parcel := work.outbox.claim(topic, now=now)) is not None:
        study = work.studies.find(StudyUid(parcel.key))
        if study is not None and study.state in {StudyState.RECEIVED, StudyState.SCREENED}:
            return parcel, study
        work.outbox.done(parcel, at=now)  # settled meanwhile
    return None


def keep_prediction(
    work: UnitOfWork, prediction: Prediction, *, task: Task, language: str, now: datetime
) -> Study:
    """Keep an answer and open the draft report; a second answer of one model on one study changes nothing."""
    study = work.studies.get(prediction.study)
    if work.studies.prediction(prediction.study, prediction.model_version) is not None:
        return study
    work.studies.add_prediction(prediction)
    if study.state is StudyState.SCREENED:
        study = replace(
            study, state=StudyState.PREDICTED, label=prediction.label, probability=prediction.probability
        )
        work.studies.save(study)
        first_draft(work, prediction, task=task, language=language)
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
    return study
