"""What a page's form sends: its token first, then plain fields, then findings as domain shapes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from pydantic import ValidationError
from starlette.datastructures import FormData

from overread.domain.errors import InputError, TooLargeError
from overread.domain.findings import Finding
from serving.api.repeats import LONGEST
from serving.api.shapes import Body, FindingShape
from serving.pages.refusals import refused_input
from serving.security import forgery
from serving.wiring import wired_now

MOST_BYTES = 1024 * 1024
MOST_FIELDS = 500
EMPTY_SLOTS = 2
B = TypeVar("B", bound=Body)


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """One line of a form in which a finding is named; empty strings where nothing is said."""

    code: str = ""
    side: str = ""
    zone: str = ""
    severity: str = ""
    box: str = ""


class Filled:
    """A form's fields as text; whatever was not sent is empty."""

    def __init__(self, form: FormData) -> None:
        self._form = form

    def __getattr__(self, name: str) -> str:
        """Return a field by its name, as templates ask for what was typed."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self.text(name)

    def text(self, name: str) -> str:
        """Return the last value of a field."""
        value = self._form.get(name, "")
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """Return all values of a field."""
        return [value for value in self._form.getlist(name) if isinstance(value, str)]

    def key(self) -> str:
        """Return the form's own key, which makes a double click one write; raise `InputError` without."""
        key = self.text("key")
        if not 1 <= len(key) <= LONGEST or not key.isprintable():
            raise InputError("the form's key is missing; load the page again")
        return key

    def findings(self) -> list[dict[str, object]]:
        """Return the findings that were named, each by a code alone or by a whole line of a form.

        A code alone has its box in a field of its own, `box.CODE`.
        """
        columns = {name: self.texts(name) for name in ("side", "zone", "severity", "box")}
        found: dict[str, dict[str, object]] = {}
        for row, code in enumerate(self.texts("code")):
            if not code or code in found:
                continue
            line = {
                name: values[row] for name, values in columns.items() if row < len(values) and values[row]
            }
            box = line.pop("box", None) or self.text(f"box.{code}") or None
            found[code] = {"code": code, **line, **({} if box is None else {"box": _corners(box)})}
        return list(found.values())

    def slots(self) -> list[Slot]:
        """Return the lines as they were typed, and room for more."""
        typed = [
            Slot(
                code=f.code,
                side=f.side or "",
                zone=f.zone or "",
                severity=f.severity or "",
                box="" if f.box is None else _written(f.box),
            )
            for f in self._shapes()
        ]
        return [*typed, *[Slot()] * EMPTY_SLOTS]

    def _shapes(self) -> list[FindingShape]:
        try:
            return [FindingShape.model_validate(each) for each in self.findings()]
        except (ValidationError, InputError):
            return []


def _corners(box: str) -> list[float]:
    try:
        return [float(corner) for corner in box.split(",")]
    except ValueError as error:
        raise InputError("a box is four numbers") from error


def _written(corners: Sequence[float]) -> str:
    return ",".join(f"{corner:g}" for corner in corners)


def box_of(finding: Finding) -> str:
    """Return the corners of a finding's box as a form's field holds them; empty where it has none."""
    return "" if finding.box is None else _written(finding.box.corners)


def slots_of(findings: Sequence[Finding]) -> list[Slot]:
    """Return findings as lines of a form, and room for more."""
    named = [
        Slot(
            code=finding.code,
            side=finding.side or "",
            zone=finding.zone or "",
            severity=finding.severity or "",
            box=box_of(finding),
        )
        for finding in findings
    ]
    return [*named, *[Slot()] * EMPTY_SLOTS]


def body_of(kind: type[B], values: dict[str, object]) -> B:
    """Return what a form says as the body the API takes for it; raise `InputError`, naming the field."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise refused_input(error) from error


async def read_form(request: Request) -> Filled:
    """Read a small form without files; raise unless it is within bounds."""
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > MOST_BYTES:
        raise TooLargeError("a form has at most 1 MiB")
    return Filled(await request.form(max_files=0, max_fields=MOST_FIELDS))


async def filled(request: Request) -> Filled:
    """Read a form of a signed-in page and check its token before anything else is looked at."""
    form = await read_form(request)
    session = request.state.caller.session
    wired_now(request).forgery.require("" if session is None else session.nonce, form.text(forgery.FIELD))
    return form


Form = Annotated[Filled, Depends(filled)]
