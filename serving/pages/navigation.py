"""The bar on top: only what a person may open, with what waits there."""

from dataclasses import dataclass

from feedback.cases import waiting_for
from feedback.reader_studies import open_to
from overread.domain.people import Permission, Person
from overread.domain.promotion import RequestState
from overread.store.unit_of_work import UnitOfWork
from serving.wiring import Web


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One place to go."""

    name: str
    href: str
    icon: str
    here: bool
    count: int = 0


READER_STUDIES = "/reader-studies"
_PLACES = (
    ("worklist", "/", "list", Permission.SEE_STUDIES),
    ("adjudication", "/adjudication", "eye", Permission.READ_CASE),
    ("reader_studies", READER_STUDIES, "half", Permission.READ_CASE),
    ("candidates", "/candidates", "up", Permission.SEE_CANDIDATES),
    ("monitoring", "/monitoring", "pulse", Permission.SEE_MONITORING),
    ("retraining", "/retraining", "cycle", Permission.SEE_RETRAININGS),
    ("audit", "/audit", "book", Permission.SEE_AUDIT),
    ("people", "/people", "person", Permission.SEE_PEOPLE),
)


def navigation(web: Web, person: Person | None, path: str, *, counted: bool) -> list[Item]:
    """Return the places a person may open; without `counted` the database is left alone."""
    if person is None:
        return []
    places = [place for place in _PLACES if person.may(place[3])]
    counts: dict[str, int | None] = {"reader_studies": None}
    if counted:
        with web.look() as work:
            counts = {name: _waiting(work, web, person, name) for name, *_ in places}
    return [
        Item(name=name, href=href, icon=icon, here=_is_here(path, href), count=count)
        for name, href, icon, _ in places
        if (count := counts.get(name, 0)) is not None
    ]


def _is_here(path: str, href: str) -> bool:
    return (
        path == href
        or (href == "/" and path.startswith("/studies/"))
        or (path.startswith(f"{href.rstrip('/')}/") and href != "/")
    )


def _waiting(work: UnitOfWork, web: Web, person: Person, name: str) -> int | None:
    """Return what waits at a place; None where the place is nothing to this person."""
    match name:
        case "adjudication":
            return waiting_for(work, person.key, person.role)
        case "reader_studies":
            mine = [where for _, where in open_to(work, person.key, now=web.now())]
            return sum(where.left for where in mine) if mine else None
        case "candidates":
            return sum(request.state is RequestState.OPEN for request in work.models.requests())
        case "monitoring":
            return len(work.monitoring.alerts(unresolved=True))
        case _:
            return 0
