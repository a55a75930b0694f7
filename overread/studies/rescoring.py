"""Asking for a further answer on a study, by the model that serves now; every answer is kept."""

from datetime import datetime

from overread.domain.audit import AuditEvent
from overread.domain.errors import ConflictError
from overread.domain.identifiers import PersonKey, StudyUid, VersionKey
from overread.domain.studies import StudyState
from overread.store.unit_of_work import UnitOfWork

RESCORE = "rescore"  # the outbox topic
RESCORED_IN = frozenset({StudyState.PREDICTED, StudyState.REPORTED})


class AlreadyAnsweredError(ConflictError):
    """The model that serves has answered on this study; it would say the same."""

    code = "already-answered"

    def __init__(self, version: VersionKey) -> None:
        super().__init__(f"model {version} has answered on this study already; it would say the same")


def ask_again(work: UnitOfWork, uid: StudyUid, version: VersionKey, *, by: PersonKey, now: datetime) -> None:
    """Queue a study for the version that serves; asked again while it waits, nothing more is queued.

    Raises
    ------
    AlreadyAnsweredError
        That version has answered.
    ConflictError
        The study has no answer yet, or is set aside.
    """
    if work.studies.get(uid).state not in RESCORED_IN:
        raise ConflictError("only a study that has an answer is scored again")
    if work.studies.prediction(uid, version) is not None:
        raise AlreadyAnsweredError(version)
    if work.outbox.is_waiting(RESCORE, uid):
        return
    work.outbox.put(RESCORE, key=uid, at=now, payload={"by": by})
    work.audit.append(
        AuditEvent(
            at=now,
            by=by,
            action="answer-asked",
            subject=f"answer-asked:{uid}:{now.isoformat()}",
            study=uid,
            details={"model": version},
        )
    )
