"""Who reads a study, as its open page keeps saying and as other readers are told."""

from dataclasses import dataclass

from fastapi import APIRouter, Response

from overread.domain.identifiers import PersonKey, StudyUid
from overread.domain.locks import ReadingLock
from overread.store.unit_of_work import UnitOfWork
from overread.studies import locking
from serving.api.shapes import study_named
from serving.pages.forms import Filled, Form
from serving.pages.routing import PageRoute
from serving.pages.visits import Visit, Visiting, back_to, caller_of
from serving.security.permissions import ReportWriter

router = APIRouter(prefix="/studies/{uid}/lock", include_in_schema=False, route_class=PageRoute)


@dataclass(frozen=True, kw_only=True, slots=True)
class LockShown:
    """A lock in words: whose it is, since when in the site's zone."""

    who: str
    since: str
    mine: bool


def lock_shown(visit: Visit, lock: ReadingLock, by: PersonKey) -> LockShown:
    """Return how a lock is shown to a person."""
    return LockShown(who=lock.person, since=visit.formats.minute(lock.since), mine=lock.person == by)


def locks_of_others(work: UnitOfWork, visit: Visit, by: PersonKey) -> dict[StudyUid, LockShown]:
    """Return the locks that a list shows a person."""
    standing = work.reading_locks.standing(now=visit.web.now())
    return {lock.study: lock_shown(visit, lock, by) for lock in standing if lock.person != by}


@router.post("")
def keep_lock(uid: str, by: ReportWriter, visit: Visiting, form: Form) -> Response:
    """Take the study if nobody reads it, keep one's own lock, and say who reads."""
    study, web = study_named(uid), visit.web
    with web.work() as work:
        lock = locking.hold(work, study, by=by.key, page=_page(form), now=web.now())
        work.commit()
    return _answered(visit, study, lock, _page(form))


@router.post("/over")
def take_over(uid: str, by: ReportWriter, visit: Visiting, form: Form) -> Response:
    """Take the study from whoever reads it."""
    study, web = study_named(uid), visit.web
    with web.work() as work:
        lock = locking.take_over(work, study, by=by.key, page=_page(form), now=web.now())
        work.commit()
    if "HX-Request" not in visit.request.headers:
        return back_to(f"/studies/{study}")
    return _answered(visit, study, lock, _page(form))


@router.post("/leave", status_code=204)
def leave(uid: str, by: ReportWriter, visit: Visiting, form: Form) -> Response:
    """End the lock of a page that is being left."""
    web = visit.web
    with web.work() as work:
        locking.leave(work, study_named(uid), by=by.key, page=_page(form), now=web.now())
        work.commit()
    return Response(status_code=204)


def _page(form: Filled) -> str:
    return form.text("page")[:64]


def _answered(visit: Visit, study: StudyUid, lock: ReadingLock | None, page: str) -> Response:
    by = caller_of(visit.request).person.key
    shown = None if lock is None else lock_shown(visit, lock, by)
    view = {"uid": study, "lock": shown, "page": page, "may_write": True}
    return visit.page("reading/_lock.html", counted=False, view=view)
