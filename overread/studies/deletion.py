"""Takes a quarantined study out of use; the record of it stays."""

from dataclasses import replace
from datetime import datetime

from overread.domain.audit import AuditEvent
from overread.domain.errors import RuleError
from overread.domain.identifiers import PersonKey, StudyUid
from overread.domain.studies import Reason, StudyState
from overread.store.unit_of_work import UnitOfWork

REMOVE_OBJECT = "remove-object"  # outbox topic


def delete(work: UnitOfWork, uid: StudyUid, *, by: PersonKey, reason: str, now: datetime) -> None:
    """Exclude a quarantined study for good and ask for its bytes to be removed."""
    study = work.studies.get(uid)
    if study.state is not StudyState.QUARANTINED:
        raise RuleError("only a quarantined study can be deleted")
    work.studies.save(
        replace(
            study, state=StudyState.EXCLUDED, reasons=(Reason(code="DELETED", text="deleted by a person"),)
        )
    )
    for instance in work.studies.instances_of(uid):
        work.outbox.put(REMOVE_OBJECT, key=instance.digest, at=now)
    work.audit.append(
        AuditEvent(
            at=now,
            by=by,
            action="study-deleted",
            subject=f"study-deleted:{uid}",
            study=uid,
            details={"why": reason},
        )
    )
