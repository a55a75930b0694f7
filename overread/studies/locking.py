"""Taking, keeping and leaving a study to read; a lock is advice, so nothing that is written asks for it."""

from datetime import datetime

from overread.domain.audit import AuditEvent
from overread.domain.identifiers import PersonKey, StudyUid
from overread.domain.locks import LASTS, ReadingLock
from overread.domain.reports import ReportStatus
from overread.store.unit_of_work import UnitOfWork


def hold(work: UnitOfWork, uid: StudyUid, *, by: PersonKey, page: str, now: datetime) -> ReadingLock | None:
    """Take a free study, or keep one's own, as its page says every half minute; return the lock that stands.

    A study that is signed or set aside has no lock.
    """
    if not is_to_read(work, uid):
        return None
    standing = work.reading_locks.of_study(uid, now=now)
    if standing is not None and standing.person != by:
        return standing
    since = now if standing is None else standing.since
    lock = ReadingLock(study=uid, person=by, page=page, since=since, until=now + LASTS)
    work.reading_locks.put(lock)
    return lock


def take_over(
    work: UnitOfWork, uid: StudyUid, *, by: PersonKey, page: str, now: datetime
) -> ReadingLock | None:
    """Read a study on from whoever has it, aloud: they see it, and the record has it."""
    standing = work.reading_locks.of_study(uid, now=now)
    if standing is not None and standing.person != by and is_to_read(work, uid):
        work.reading_locks.end(uid)
        work.audit.append(
            AuditEvent(
                at=now,
                by=by,
                action="reading-taken-over",
                subject=f"reading:{uid}:{page}:{now.isoformat()}",
                study=uid,
                details={"from": standing.person, "since": standing.since.isoformat()},
            )
        )
    return hold(work, uid, by=by, page=page, now=now)


def leave(work: UnitOfWork, uid: StudyUid, *, by: PersonKey, page: str, now: datetime) -> None:
    """End one's lock with the page that holds it; a page that a newer one has followed ends nothing."""
    standing = work.reading_locks.of_study(uid, now=now)
    if standing is not None and (standing.person, standing.page) == (by, page):
        work.reading_locks.end(uid)


def is_to_read(work: UnitOfWork, uid: StudyUid) -> bool:
    """Say whether a study waits for a reader: neither set aside nor signed."""
    if work.studies.get(uid).set_aside:
        return False
    report = work.reports.latest(uid)
    return report is None or report.status is not ReportStatus.SIGNED
