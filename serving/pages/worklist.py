"""The worklist: what waits, what the model says of it, and what has become of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from overread.domain.errors import InputError
from overread.domain.identifiers import PersonKey, StudyUid
from overread.domain.people import Permission, Person
from overread.domain.studies import Reason, StudyState
from overread.store.studies import Filter
from overread.store.unit_of_work import UnitOfWork
from overread.studies import worklist
from serving.api.predictions import as_told, blinded_for, hidden_among
from serving.api.shapes import study_named
from serving.pages.assignments import AssignmentShown, assignment_shown
from serving.pages.choices import DRAFT, EVERYTHING, STATES, Asking, Chosen
from serving.pages.locks import LockShown, locks_of_others
from serving.pages.people import patient_name, sex_and_age
from serving.pages.routing import PageRoute
from serving.pages.visits import Visit, Visiting
from serving.security.permissions import Viewer
from serving.wiring import Web

router = APIRouter(include_in_schema=False, route_class=PageRoute)

ROWS = 50
PLACE = "worklist"
_DONE = frozenset({StudyState.REPORTED, StudyState.EXCLUDED})
_WAITING = frozenset({StudyState.RECEIVED, StudyState.SCREENED, StudyState.PREDICTED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One study as the list shows it."""

    uid: str
    href: str
    state: str
    label: str | None
    probability: float | None
    threshold: float | None
    priority: int
    name: str
    patient_id: str
    sex_age: str
    scanner: str
    study_date: str
    received: str
    received_at: str
    waiting: str
    reason: Reason | None
    word: str | None
    done: bool
    draft: str | None = None
    lock: LockShown | None = None
    assigned: AssignmentShown | None = None
    assignable: bool = False
    call_first: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """One page of the list; where it begins and ends is None where there is nothing before or after it."""

    rows: Sequence[tuple[worklist.Row, worklist.Place]]
    is_first: bool
    begins: worklist.Place | None
    ends: worklist.Place | None


@router.get("/")
def show_worklist(
    by: Viewer,
    visit: Visiting,
    chosen: Asking,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
    before: Annotated[str | None, Query(max_length=1000)] = None,
    ended: str = "",
) -> Response:
    """Show one page of the list: urgent findings that wait, others that wait, then the rest.

    It begins behind `cursor`, or ends before `before`.
    """
    web = visit.web
    with web.look() as work:
        wanted = as_told(work, web, by, chosen.filter(by.key))
        part = _part(work, web, wanted, cursor=cursor, before=before)
        lines = lines_of(work, visit, by, chosen, [row for row, _ in part.rows])
        counts, mine = work.studies.count_by_state(), work.assignments.count(by.key)
        serving = work.models.production(web.task.name) is not None
        place = work.audit.length()

    def leading(name: str, place: worklist.Place | None) -> str | None:
        return None if place is None else chosen.address(**{name: web.cursors.sign(PLACE, _position(place))})

    return visit.page(
        "worklist/page.html",
        rows=lines,
        tabs=_tabs(chosen, counts, mine=mine),
        states=STATES,
        chosen=chosen,
        filtered=bool(chosen.query()) or not part.is_first,
        serving=serving,
        place=place,
        ended=bool(ended),
        first_href=None if part.is_first else chosen.address(),
        previous_href=leading("before", part.begins),
        next_href=leading("cursor", part.ends),
    )


@router.get("/worklist/rows")
def show_rows(
    by: Viewer,
    visit: Visiting,
    chosen: Asking,
    uid: Annotated[list[str], Query(min_length=1, max_length=ROWS)],
) -> Response:
    """Show those of some studies that the list has, as an open page asks for what has come or changed."""
    web = visit.web
    with web.look() as work:
        wanted = replace(as_told(work, web, by, chosen.filter(by.key)), among=tuple(map(study_named, uid)))
        rows = worklist.page(work, wanted, after=None, limit=ROWS, vocabulary=web.task.vocabulary)
        lines = lines_of(work, visit, by, chosen, rows)
    return visit.page(
        "worklist/_rows.html",
        counted=False,
        chosen=chosen,
        rows=lines,
        filtered=True,
        first_href=None,
        previous_href=None,
        next_href=None,
    )


def lines_of(
    work: UnitOfWork, visit: Visit, by: Person, chosen: Chosen, rows: Sequence[worklist.Row]
) -> list[Line]:
    """Return rows as a person may see them; one that was found by a hidden answer is left out."""
    uids = [row.study.uid for row in rows]
    blinded = blinded_for(work, visit.web, by.key)
    hidden = hidden_among(work, visit.web, by, uids)
    locks, words = locks_of_others(work, visit, by.key), _own_words(work, by.key, uids)
    drafts = work.reports.drafts([row.study.uid for row in rows if row.study.state in _WAITING])
    assigned, may = work.assignments.among(uids), by.may(Permission.WRITE_REPORT)
    return [
        replace(
            _line(visit, row, chosen, word=words.get(row.study.uid), blinded=row.study.uid in hidden),
            draft=drafts.get(row.study.uid),
            lock=locks.get(row.study.uid),
            assigned=assignment_shown(visit, assigned.get(row.study.uid), by.key),
            assignable=may and row.study.state in _WAITING,
            call_first=row.study.uid in hidden - blinded,
        )
        for row in rows
        if not (chosen.label and row.study.uid in hidden)  # being found would tell its label
    ]


def _part(work: UnitOfWork, web: Web, wanted: Filter, *, cursor: str | None, before: str | None) -> _Part:
    """Return the page asked for; where too little is left before a place it is the first."""
    vocabulary, limit = web.task.vocabulary, ROWS + 1  # one more, to see whether there are more
    until = _place(web.cursors.read(PLACE, before))
    if until is not None:
        rows = worklist.by_priority(
            work, wanted, after=until, limit=limit, vocabulary=vocabulary, backwards=True
        )
        if len(rows) == limit:
            return _Part(rows=rows[1:], is_first=False, begins=rows[1][1], ends=rows[-1][1])
    after = None if until is not None else _place(web.cursors.read(PLACE, cursor))
    rows = worklist.by_priority(work, wanted, after=after, limit=limit, vocabulary=vocabulary)
    is_first = after is None
    return _Part(
        rows=rows[:ROWS],
        is_first=is_first,
        begins=None if is_first or not rows else rows[0][1],
        ends=rows[ROWS - 1][1] if len(rows) > ROWS else None,
    )


def _position(place: worklist.Place) -> list[str | int]:
    return [place.priority, place.received_at.isoformat(), place.uid]


def _place(position: Sequence[object] | None) -> worklist.Place | None:
    if position is None:
        return None
    priority, at, uid = position
    if not isinstance(priority, int):
        raise InputError("this cursor was changed; start again without one")
    return worklist.Place(priority=int(priority), received_at=datetime.fromisoformat(str(at)), uid=str(uid))


def _own_words(work: UnitOfWork, person: PersonKey, among: Sequence[StudyUid]) -> dict[StudyUid, str]:
    """Return the person's last word on each study that they have had a say on."""
    said = work.corrections.by_person(person, among)
    return {word.study: word.verdict.value for word in said if word.withdrawn_at is None}


def _line(visit: Visit, row: worklist.Row, chosen: Chosen, *, word: str | None, blinded: bool) -> Line:
    study, formats = row.study, visit.formats
    waits = visit.web.now() - study.received_at if study.state in _WAITING else None
    return Line(
        uid=study.uid,
        href=chosen.study(study.uid),
        state=study.state.value,
        label=None if blinded or study.label is None else study.label.value,
        probability=None if blinded else study.probability,
        threshold=None if blinded else row.threshold,
        priority=3 if blinded else row.priority,
        name=patient_name(row.patient.name),
        patient_id=row.patient.id,
        sex_age=sex_and_age(visit.words, study.acquisition.sex or row.patient.sex, study.acquisition.age),
        scanner=f"{study.acquisition.manufacturer} {study.acquisition.model}".strip(),
        study_date=formats.day(study.study_date),
        received=formats.instant(study.received_at),
        received_at=formats.stamp(study.received_at),
        waiting=formats.duration(waits),
        reason=study.reasons[0] if study.reasons else None,
        word=None if blinded else word,
        done=study.state in _DONE,
    )


def _tabs(chosen: Chosen, counts: dict[str, int], *, mine: int) -> list[dict[str, object]]:
    tabs = (
        ("all", EVERYTHING, sum(counts.values())),
        ("mine", Chosen(mine=True), mine),
        ("to_read", Chosen(state="predicted"), counts.get("predicted", 0)),
        ("finding", Chosen(state="predicted", label="has_finding"), None),
        ("drafts", Chosen(state=DRAFT), None),
        ("signed", Chosen(state="reported"), counts.get("reported", 0)),
        ("not_scored", Chosen(state="excluded"), counts.get("excluded", 0)),
        ("quarantined", Chosen(state="quarantined"), counts.get("quarantined", 0)),
    )
    return [
        {"name": name, "href": tab.address(), "count": count, "here": replace(chosen, q="") == tab}
        for name, tab, count in tabs
    ]
