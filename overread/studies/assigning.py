"""Taking a study on to read it, and giving it back; others may read and sign it all the same."""

from datetime import datetime

from overread.domain.assignments import Assignment
from overread.domain.audit import AuditEvent
from overread.domain.errors import ConflictError
from overread.domain.identifiers import PersonKey, StudyUid
from overread.store.unit_of_work import UnitOfWork
from overread.studies.locking import is_to_read


def assign(
    work: UnitOfWork,
    uid: StudyUid,
    *,
    to: PersonKey | None,
    instead_of: PersonKey | None,
    by: PersonKey,
    now: datetime,
) -> Assignment | None:
    """Give a study to a person, or to nobody; return who has it now.

    Whoever had it is named in `instead_of`, as `by` has seen it; to repeat what stands changes nothing.

    Raises
    ------
    ConflictError
        Somebody else has it meanwhile, or it is not to be read any more.
    """
    standing = work.assignments.among([uid]).get(uid)
    holder = None if standing is None else standing.person
    if holder == to:
        return standing
    if holder != instead_of:
        raise ConflictError(f"{holder or 'nobody'} has this study by now; look again")
    if not is_to_read(work, uid):
        raise ConflictError("this study is signed or set aside: there is nothing to read")
    work.assignments.end(uid)
    given = None if to is None else Assignment(study=uid, person=to, at=now)
    if given is not None:
        work.assignments.put(given)
    work.audit.append(
        AuditEvent(
            at=now,
            by=by,
            action="study-assigned",
            subject=f"assignment:{uid}:{now.isoformat()}",
            study=uid,
            details={"to": to, "from": holder},
        )
    )
    return given
