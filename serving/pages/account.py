"""Who I am, what I may do, my language, theme and password, and what became of my corrections."""

from fastapi import APIRouter, Response

from feedback.outcomes import outcomes_of
from overread.domain.audit import AuditEvent
from overread.domain.errors import InputError, OverreadError
from overread.domain.people import (
    MINIMUM_PASSWORD_LENGTH,
    Permission,
    Person,
    password_digest,
    password_matches,
)
from overread.store.unit_of_work import UnitOfWork
from overread.wording.catalogue import LANGUAGES
from serving.pages.forms import Filled, Form
from serving.pages.outcomes import in_words, sheet_of
from serving.pages.refusals import FieldError
from serving.pages.routing import PageRoute
from serving.pages.visits import OWN_PASSWORD, THEME_COOKIE, THEMES, Visit, Visiting, back_to, keep_choice
from serving.security.addresses import local
from serving.security.permissions import Anyone

router = APIRouter(prefix="/account", include_in_schema=False, route_class=PageRoute)

MOST_CORRECTIONS = 20


class WrongPasswordError(InputError):
    """The present password is another."""

    code = "wrong-password"

    def __init__(self) -> None:
        super().__init__("the present password is not this one")


class DifferentPasswordsError(InputError):
    """The new password was typed in two ways."""

    code = "different-passwords"

    def __init__(self) -> None:
        super().__init__("the two new passwords differ")


@router.get("")
def show_account(by: Anyone, visit: Visiting, changed: str = "") -> Response:
    """Show who is signed in."""
    return _page(visit, by, changed=bool(changed))


@router.get("/corrections.csv")
def export_corrections(by: Anyone, visit: Visiting) -> Response:
    """Return all of one's own corrections and what became of them, for a spreadsheet."""
    if by.must_change_password:
        return back_to(OWN_PASSWORD)
    with visit.web.look() as work:
        outcomes = outcomes_of(work, visit.web.objects, by.key)
    return sheet_of(visit, outcomes)


@router.post("/language")
def choose_language(by: Anyone, visit: Visiting, form: Form) -> Response:
    """Remember a language and go back to where it was chosen."""
    language = form.text("language")
    if language not in LANGUAGES:
        raise InputError("there are pages in Chinese (zh) and English (en)")
    with visit.web.work() as work:
        work.people.set_language(by.key, language)
        work.commit()
    return back_to(local(form.text("back")) or "/")


@router.post("/theme")
def choose_theme(_: Anyone, visit: Visiting, form: Form) -> Response:
    """Remember a theme in this browser; pages with films stay dark."""
    theme = form.text("theme")
    if theme not in THEMES:
        raise InputError("pages can be dark or light")
    response = back_to("/account")
    keep_choice(response, visit.request, THEME_COOKIE, theme)
    return response


@router.post("/password")
def change_password(by: Anyone, visit: Visiting, form: Form) -> Response:
    """Change the password; every other session of this person ends with it."""
    web = visit.web
    try:
        digest = _new_digest(web.look(), by, form)
    except OverreadError as error:
        return _page(visit, by, error=error)
    with web.work() as work:
        now = web.now()
        work.people.set_password(by.key, digest)
        event = AuditEvent(
            at=now, by=by.key, action="password-changed", subject=f"password:{by.key}:{now.isoformat()}"
        )
        work.audit.append(event)
        work.commit()
    response = back_to("/account?changed=1")
    secure = visit.request.url.scheme == "https"
    web.sessions.set_cookie(response, web.sessions.open(by.key, digest), secure=secure)
    return response


def _new_digest(look: UnitOfWork, by: Person, form: Filled) -> str:
    with look as work:
        known = work.people.password(by.key)
    if known is None or not password_matches(form.text("current"), known):
        raise WrongPasswordError
    if form.text("new") != form.text("again"):
        raise DifferentPasswordsError
    if len(form.text("new")) < MINIMUM_PASSWORD_LENGTH:
        raise FieldError(
            f"a password needs at least {MINIMUM_PASSWORD_LENGTH} characters",
            field="new",
            wrong="too_short",
            bound=MINIMUM_PASSWORD_LENGTH,
        )
    return password_digest(form.text("new"))


def _page(visit: Visit, by: Person, *, changed: bool = False, error: OverreadError | None = None) -> Response:
    with visit.web.look() as work:
        outcomes = outcomes_of(work, visit.web.objects, by.key, limit=MOST_CORRECTIONS)
    return visit.page(
        "account/page.html",
        permissions=[each.value for each in Permission if by.may(each)],
        corrections=[in_words(visit, each) for each in outcomes],
        changed=changed,
        error=error,
    )
