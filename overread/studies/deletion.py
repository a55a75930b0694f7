"""Takes a quarantined study out of use, with all that was made from its pictures; the record of it stays.

What lies outside the database goes by outbox rows of the same transaction: done at least once, safe twice.
"""

from dataclasses import replace
from datetime import datetime

from overread.domain.audit import AuditEvent
from overread.domain.errors import RuleError
from overread.domain.identifiers import Digest, PersonKey, StudyUid
from overread.domain.studies import DELETED, Reason, StudyState
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork

REMOVE_OBJECT = "remove-object"  # outbox topic; its key is a digest
FORGET_PICTURES = "forget-pictures"  # outbox topic; its key is a study


def delete(work: UnitOfWork, uid: StudyUid, *, by: PersonKey, reason: str, now: datetime) -> None:
    """Exclude a quarantined study for good and ask for its bytes, maps and cached pictures to be removed."""
    study = work.studies.get(uid)
    if study.state is not StudyState.QUARANTINED:
        raise RuleError("only a quarantined study can be deleted")
    deleted = Reason(code=DELETED, text="deleted by a person")
    work.studies.save(replace(study, state=StudyState.EXCLUDED, reasons=(deleted,), fingerprint=None))
    stored = [instance.digest for instance in work.studies.instances_of(uid)]
    for digest in dict.fromkeys([*stored, *work.studies.heatmaps_of(uid)]):
        work.outbox.put(REMOVE_OBJECT, key=digest, at=now)
    work.outbox.put(FORGET_PICTURES, key=uid, at=now)
    work.shadows.forget(uid)
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


def remove_object(work: UnitOfWork, objects: Objects, digest: Digest) -> bool:
    """Remove bytes unless a study that was not deleted has the very same; say whether they were removed.

    `work` must be a writing unit: as long as it holds the write lock no other study can come to need them.
    """
    if any(not study.deleted for study in work.studies.holding(digest)):
        return False
    objects.remove(digest)
    return True
