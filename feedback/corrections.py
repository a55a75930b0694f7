"""File, and for a minute take back, what a radiologist says the model got wrong."""

from dataclasses import replace
from datetime import datetime

from feedback.cases import open_or_join, withdraw_claim
from overread.domain.audit import AuditEvent
from overread.domain.corrections import Correction, Kind, TooLateError
from overread.domain.errors import ConflictError, ForbiddenError, InputError
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork

_LABELS = {  # of the model, and of the reader
    Kind.MISSED_FINDING: (Label.NO_FINDING, Label.HAS_FINDING),
    Kind.FALSE_ALARM: (Label.HAS_FINDING, Label.NO_FINDING),
}


class NoPredictionError(ConflictError):
    """There is no answer to agree or disagree with."""

    code = "no-prediction"

    def __init__(self) -> None:
        super().__init__("the model has not answered on this study; there is nothing to correct yet")


def file_correction(work: UnitOfWork, correction: Correction, *, task: Task) -> Correction:
    """Keep what a radiologist says, and open the study's case or join the open one where it disagrees.

    Raises
    ------
    InputError
        A finding is not in the vocabulary, its box lies outside the picture, or the kind is not what the two
        labels say.
    NotFoundError
        No such study.
    """
    study = work.studies.get(correction.study)
    _require_kind(correction)
    task.vocabulary.check(correction.findings)
    study.acquisition.require_inside(correction.findings)
    if correction.disagrees:
        case = open_or_join(work, correction, task=task)
        correction = replace(correction, case=case.id)
    work.corrections.add(correction)
    work.audit.append(
        AuditEvent(
            at=correction.at,
            by=correction.by,
            action="correction-filed",
            subject=correction.id,
            study=correction.study,
            details={
                "verdict": correction.verdict,
                "label": correction.label,
                "origin": correction.origin,
                "model": correction.model_version,
                "answer_shown": correction.answer_shown,
                "case": correction.case,
            },
        )
    )
    return correction


def _require_kind(correction: Correction) -> None:
    """Refuse a missed finding where none is called, and a false alarm where the model gave none."""
    labels = _LABELS.get(correction.kind) if correction.kind is not None else None
    if labels is not None and labels != (correction.model_label, correction.label):
        raise InputError(
            f"{correction.kind} is for an answer of {labels[0]} that should be {labels[1]}; "
            "leave the kind out, or give the label that goes with it"
        )


def withdraw(work: UnitOfWork, correction_id: str, *, by: PersonKey, now: datetime) -> None:
    """Append a withdrawal within the minute; the unread case closes unless another claim stands.

    Raises
    ------
    ForbiddenError
        Somebody else filed it.
    TooLateError
        The minute is over.
    """
    correction = work.corrections.get(correction_id)
    if correction.by != by:
        raise ForbiddenError("only its author may take a correction back")
    if correction.withdrawn_at is not None:
        return
    if now > correction.undo_until:
        raise TooLateError
    work.corrections.withdraw(correction_id, at=now)
    withdraw_claim(work, correction)
    work.audit.append(
        AuditEvent(
            at=now,
            by=by,
            action="correction-withdrawn",
            subject=f"withdrawn:{correction_id}",
            study=correction.study,
        )
    )
