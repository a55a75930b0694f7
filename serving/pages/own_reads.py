"""What one has read blinded today, and each of these reads again: to look at, not to change."""

from typing import Any

from fastapi import APIRouter, Response

from feedback.own_reads import OwnRead, median_seconds, reads_of_day
from overread.domain.findings import Finding, Label
from overread.domain.identifiers import Identifier
from overread.domain.people import Person
from overread.store.unit_of_work import UnitOfWork
from serving.api.adjudication import read_before
from serving.api.pictures import pictures_of
from serving.api.shapes import named
from serving.pages.case_pictures import case_picture
from serving.pages.formats import NOTHING
from serving.pages.forms import box_of
from serving.pages.routing import PageRoute
from serving.pages.visits import OWN_PASSWORD, Visit, Visiting, back_to
from serving.security.permissions import CaseReader

router = APIRouter(prefix="/adjudication", include_in_schema=False, route_class=PageRoute)


@router.get("/today")
def show_today(by: CaseReader, visit: Visiting) -> Response:
    """Show what a person has read today, the latest first."""
    if by.must_change_password:
        return back_to(OWN_PASSWORD)
    with visit.web.look() as work:
        today = today_view(work, visit, by)
    return visit.page("adjudication/today.html", today=today)


@router.get("/{case}/own-read")
def show_own_read(case: str, by: CaseReader, visit: Visiting) -> Response:
    """Show a person their own read of a case again, with its picture and their boxes; nothing else of it."""
    if by.must_change_password:
        return back_to(OWN_PASSWORD)
    with visit.web.look() as work:
        read, own = read_before(work, visit.web, by, named(Identifier, case))
        pictures = pictures_of(work, work.studies.get(read.study))
    view = _line(visit, own) | case_picture(visit, read.id, pictures) | {"boxless": True}
    return visit.page("adjudication/own_read.html", view=view)


def today_view(work: UnitOfWork, visit: Visit, by: Person) -> dict[str, Any]:
    """Return a person's reads of the day in words, how many they are and how long one took."""
    reads = reads_of_day(work, by.key, now=visit.web.now(), zone=visit.formats.zone)
    return {
        "n": len(reads),
        "found": sum(own.read.label is Label.HAS_FINDING for own in reads),
        "took": _took(visit, median_seconds(reads)),
        "reads": [_line(visit, own) for own in reads],
    }


def _line(visit: Visit, own: OwnRead) -> dict[str, Any]:
    read, decision = own.read, own.decision
    return {
        "case": read.case,
        "href": f"/adjudication/{read.case}/own-read",
        "at": visit.formats.minute(read.at),
        "when": visit.formats.instant(read.at),
        "label": read.label.value,
        "findings": [_finding(visit, finding) for finding in read.findings],
        "quality": read.quality,
        "confidence": read.confidence,
        "took": _took(visit, read.seconds),
        "comment": read.comment,
        "decision": None
        if decision is None
        else {
            "label": decision.label.value,
            "findings": [_finding(visit, finding) for finding in decision.findings],
            "reason": decision.reason,
        },
    }


def _finding(visit: Visit, finding: Finding) -> dict[str, Any]:
    """Return a finding in words, with its box as pages hold them."""
    said = {"side": finding.side, "zone": finding.zone, "severity": finding.severity}
    return {
        "name": visit.finding_name(finding.code),
        "said": [visit.words.text(f"{kind}.{value}") for kind, value in said.items() if value is not None],
        "box": box_of(finding),
    }


def _took(visit: Visit, seconds: float | None) -> str:
    return NOTHING if seconds is None else visit.formats.seconds(seconds)
