"""One visit to a page: who came, in which language, and how the answer is put together."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData

from monitoring.explanations import column_name
from overread.domain.errors import OverreadError
from overread.domain.people import Person
from overread.store.unit_of_work import UnitOfWork
from overread.wording.catalogue import LANGUAGES, Catalogue, catalogue
from serving.pages.formats import Formats, between, decimal, grouped, percent, signed, small
from serving.pages.forms import Filled
from serving.pages.navigation import navigation
from serving.pages.refusals import above, faults
from serving.problems import status_of
from serving.security.access import SAFE, Caller
from serving.security.addresses import place_of
from serving.wiring import Web, wired_now

if TYPE_CHECKING:
    from jinja2 import Environment

OWN_PASSWORD = "/account#password"  # noqa: S105 - an address; pictures come only once it is one's own
THEMES, THEME_COOKIE = ("dark", "light"), "overread_theme"
REPORT_COOKIE = "overread_report"
CHOICE_KEPT = 365 * 24 * 3600  # seconds
TOLD, TOLD_COOKIE, TOLD_KEPT = ("signed", "read"), "overread_told", 30  # seconds
TEMPLATES = Path(__file__).resolve().parents[1] / "templates"


@cache
def environment() -> "Environment":
    """Return the one environment of templates: everything is escaped, a missing fact is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "between": between,
        "decimal": decimal,
        "grouped": grouped,
        "percent": percent,
        "signed": signed,
        "small": small,
    }
    return made


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What every page is handed; `csrf` goes into each of its forms; the login page has no person."""

    request: Request
    web: Web
    language: str
    csrf: str
    person: Person | None = None

    @property
    def words(self) -> Catalogue:
        """The texts of this visit's language."""
        return catalogue(self.language)

    @property
    def formats(self) -> Formats:
        """How this visit's language writes dates; the site's zone."""
        return Formats(language=self.language, zone=self.web.services.settings.zone)

    def in_zone(self, name: str) -> str:
        """Return the name of a column of times, with the zone they are in."""
        zone = self.web.services.settings.timezone
        local = self.web.now().astimezone(self.formats.zone)
        return self.words.text("export.in_zone", name=name, zone=zone or str(local.tzname()))

    def page(
        self,
        template: str,
        *,
        status: int = 200,
        counted: bool = True,
        typed: Filled | None = None,
        error: OverreadError | None = None,
        **facts: Any,
    ) -> HTMLResponse:
        """Render a page; of a refused form with `error` and what was `typed`.

        Without `counted` no query is made.
        """
        words, told = self.words, _told(self.request) if counted else None
        if error is not None:
            status = status_of(error)
        shown = {
            "t": words.text,
            "known": words.has,
            "column_name": self.column_name,
            "word": lambda kind, name, otherwise=None: words.text_or(f"{kind}.{name}", otherwise or name),
            "status": status,
            "language": self.language,
            "theme": theme_of(self.request),
            "person": self.person,
            "csrf": self.csrf,
            "here": self._here(),
            "told": told,
            "site": self.web.services.settings.site,
            "failure": None if error is None else above(words, error),
            "faults": {} if error is None else faults(words, error),
            "failed_at": None,
            "typed": typed or Filled(FormData()),
            "nav": navigation(self.web, self.person, self.request.url.path, counted=counted),
        }
        html = environment().get_template(template).render(shown | facts)
        response = HTMLResponse(html, status_code=status)
        if told is not None:
            response.delete_cookie(TOLD_COOKIE)
        return response

    def _here(self) -> str:
        """Return the address of the page that is seen, which a refused form has not left."""
        request = self.request
        return place_of(request, reads=request.method in SAFE) or request.url.path

    def finding_name(self, code: str) -> str:
        """Return a finding's name in this visit's language; an unknown code stands for itself."""
        for row in self.web.task.vocabulary.rows:
            if row.code == code:
                return row.zh if self.language == "zh" else row.en
        return code

    def column_name(self, code: str) -> str:
        """Return the name of a column of the drift check; an unknown code stands for itself."""
        return column_name(self.words, code)


def theme_of(request: Request) -> str:
    """Return the theme chosen in this browser: a dark room has one, an office another."""
    chosen = request.cookies.get(THEME_COOKIE)
    return chosen if chosen in THEMES else THEMES[0]


def report_language_of(request: Request) -> str | None:
    """Return the language in which this browser last began a report; None before that."""
    chosen = request.cookies.get(REPORT_COOKIE)
    return chosen if chosen in LANGUAGES else None


def language_of(work: UnitOfWork, web: Web, person: Person) -> str:
    """Return the language a person chose, or the installation's."""
    chosen = work.people.language(person.key)
    return chosen if chosen in LANGUAGES else web.services.settings.language


def visit(request: Request) -> Visit:
    """Return the visit of whoever the door has let in."""
    web, caller = wired_now(request), caller_of(request)
    with web.look() as work:
        language = language_of(work, web, caller.person)
    csrf = "" if caller.session is None else web.forgery.token(caller.session.nonce)
    return Visit(request=request, web=web, language=language, csrf=csrf, person=caller.person)


def caller_of(request: Request) -> Caller:
    """Return whom the door has let in."""
    caller: Caller = request.state.caller
    return caller


def keep_choice(response: Response, request: Request, cookie: str, chosen: str) -> None:
    """Remember in this browser what its reader chose."""
    secure = request.url.scheme == "https"
    response.set_cookie(cookie, chosen, max_age=CHOICE_KEPT, httponly=True, samesite="lax", secure=secure)


def back_to(address: str) -> Response:
    """Send the browser on after a write, so that reloading does not write again."""
    return RedirectResponse(address, status_code=303)


def back_telling(address: str, what: str) -> Response:
    """Send the browser on, and have the next page say what was done: `signed` or `read`."""
    response = back_to(address)
    response.set_cookie(TOLD_COOKIE, what, max_age=TOLD_KEPT, httponly=True, samesite="lax")
    return response


def _told(request: Request) -> str | None:
    told = request.cookies.get(TOLD_COOKIE)
    return told if told in TOLD else None


Visiting = Annotated[Visit, Depends(visit)]
