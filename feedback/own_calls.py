"""A reader's own call before or after the model's answer; what was there to be seen is never understated."""

from datetime import datetime

from overread.domain.audit import SYSTEM, AuditEvent
from overread.domain.errors import RuleError
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey, StudyUid
from overread.domain.own_calls import AlreadyCalledError, AnswerOrder, OrderSet, OwnCall
from overread.store.unit_of_work import UnitOfWork


def set_order(work: UnitOfWork, order: AnswerOrder, *, now: datetime) -> None:
    """Note from when on readers are shown answers in this order, if it is another than before."""
    latest = work.own_calls.latest_order()
    if order is (AnswerOrder.FIRST if latest is None else latest.order):
        return
    work.own_calls.set_order(OrderSet(at=now, order=order))
    work.audit.append(
        AuditEvent(
            at=now,
            by=SYSTEM,
            action="answer-order-set",
            subject=f"answer-order:{now.isoformat()}",
            details={"order": order},
        )
    )


def give_own_call(work: UnitOfWork, uid: StudyUid, label: Label, *, by: PersonKey, now: datetime) -> OwnCall:
    """Keep what a person calls a study; said again, the first call is returned.

    Raises
    ------
    AlreadyCalledError
        The person has called it otherwise.
    RuleError
        The study is set aside.
    """
    if work.studies.get(uid).set_aside:
        raise RuleError("this study is set aside; nobody reads it")
    before = work.own_calls.find(uid, by)
    if before is not None:
        if before.label is not label:
            raise AlreadyCalledError
        return before
    call = OwnCall(study=uid, by=by, at=now, label=label, answer_shown=_was_open(work, uid))
    work.own_calls.add(call)
    work.audit.append(
        AuditEvent(
            at=now,
            by=by,
            action="own-call-given",
            subject=f"own-call:{uid}:{by}",
            study=uid,
            details={"label": label, "answer_shown": call.answer_shown},
        )
    )
    return call


def was_shown(work: UnitOfWork, uid: StudyUid, label: Label, *, by: PersonKey) -> bool:
    """Say whether a person may have seen the answer before this label: not if they called it so before."""
    call = work.own_calls.find(uid, by)
    return call is None or call.answer_shown or call.label is not label


def _was_open(work: UnitOfWork, uid: StudyUid) -> bool:
    """Say whether an answer was there while answers were shown first, seen or not."""
    prediction, latest = work.studies.prediction(uid), work.own_calls.latest_order()
    if prediction is None:
        return False
    return latest is None or latest.order is AnswerOrder.FIRST or prediction.made_at < latest.at
