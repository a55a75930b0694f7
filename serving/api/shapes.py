"""What bodies and answers share: strict bodies, answers without infinities, one shape for a finding."""

import json
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from overread.domain.errors import InputError, NotFoundError
from overread.domain.findings import Box, Finding, Severity, Side, Zone
from overread.domain.identifiers import FindingCode, Identifier, StudyUid

T = TypeVar("T")


class Body(BaseModel):
    """What a client sends: nothing unknown, no number that is not finite."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Answer(BaseModel):
    """What a client gets: an undefined or infinite number is null."""

    model_config = ConfigDict(ser_json_inf_nan="null")

    def plain(self) -> dict[str, Any]:
        """Return the answer as JSON values, as it goes on the wire."""
        values: dict[str, Any] = json.loads(self.model_dump_json())
        return values


class Listed(Answer, Generic[T]):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None = None


def _storable(text: str) -> str:
    """Refuse what no database takes: NUL, and half a character."""
    if "\x00" in text or any("\ud800" <= mark <= "\udfff" for mark in text):
        raise ValueError("text holds a character that cannot be kept")
    return text


def _said(text: str) -> str:
    """Refuse a reason of nothing but blanks."""
    if not text.strip():
        raise ValueError("a reason is needed")
    return text


Words = Annotated[str, Field(max_length=4000), AfterValidator(_storable)]
Reason = Annotated[Words, AfterValidator(_said)]
Instant = AwareDatetime


class FindingShape(Body):
    """One finding, in feedback, reads, resolutions and reports alike."""

    code: str = Field(max_length=64, pattern=r"^[a-z0-9_]+$")
    box: tuple[float, float, float, float] | None = None
    side: Side | None = None
    zone: Zone | None = None
    severity: Severity | None = None

    def finding(self) -> Finding:
        """Return it as a domain value."""
        box = (
            None if self.box is None else Box(x0=self.box[0], y0=self.box[1], x1=self.box[2], y1=self.box[3])
        )
        return Finding(
            code=FindingCode(self.code), box=box, side=self.side, zone=self.zone, severity=self.severity
        )

    @classmethod
    def of(cls, finding: Finding) -> Self:
        """Return a domain value's shape."""
        return cls(
            code=finding.code,
            box=None if finding.box is None else finding.box.corners,
            side=finding.side,
            zone=finding.zone,
            severity=finding.severity,
        )


Findings = Annotated[tuple[FindingShape, ...], Field(max_length=200)]


def domain_findings(shapes: Iterable[FindingShape]) -> tuple[Finding, ...]:
    """Return findings as domain values."""
    return tuple(shape.finding() for shape in shapes)


def finding_shapes(findings: tuple[Finding, ...]) -> list[FindingShape]:
    """Return the shapes of findings."""
    return [FindingShape.of(finding) for finding in findings]


class ModelNamed(Answer):
    """Which model an answer or a correction is about."""

    name: str
    version: str
    digest: str


def finite(value: Any) -> Any:
    """Return a record with every undefined or infinite number made null."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    return value


K = TypeVar("K", bound=Identifier)


def named(kind: type[K], text: str) -> K:
    """Return a name from an address; one of a wrong form names nothing that we have."""
    try:
        return kind(text)
    except InputError as error:
        raise NotFoundError("there is nothing of this name") from error


def study_named(text: str) -> StudyUid:
    """Return the study an address names."""
    return named(StudyUid, text)
