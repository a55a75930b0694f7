"""The structured report: a draft that a person edits and signs, then addenda; software never signs."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from overread.domain.errors import ConflictError
from overread.domain.findings import Finding, Label
from overread.domain.identifiers import PersonKey, StudyUid


class ReportStatus(StrEnum):
    """Draft or signed."""

    DRAFT = "draft"
    SIGNED = "signed"


class AlreadySignedError(ConflictError):
    """A signed report is never rewritten; write an addendum."""

    code = "already-signed"

    def __init__(self) -> None:
        super().__init__("this report is signed; add an addendum instead")


@dataclass(frozen=True, kw_only=True, slots=True)
class Addendum:
    """What was added to a signed report, by whom and when."""

    text: str
    by: PersonKey
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One version of a study's report; `abnormal` is the control that a finding opens."""

    study: StudyUid
    version: int
    status: ReportStatus
    language: str
    label: Label
    findings: tuple[Finding, ...] = ()
    findings_text: str = ""
    impression: str = ""
    edited_by: PersonKey | None = None
    signed_by: PersonKey | None = None
    signed_at: datetime | None = None
    addenda: tuple[Addendum, ...] = ()

    @property
    def etag(self) -> str:
        """A strong validator: changes whenever the report does."""
        content = f"{self.study}|{self.version}|{self.status}|{len(self.addenda)}"
        return '"' + hashlib.sha256(content.encode()).hexdigest()[:24] + '"'

    def edited(self, draft: "Report", *, by: PersonKey) -> "Report":
        """Return the next version with the text and findings of `draft`."""
        if self.status is ReportStatus.SIGNED:
            raise AlreadySignedError
        return replace(draft, study=self.study, version=self.version + 1, edited_by=by, addenda=())

    def signed(self, *, by: PersonKey, at: datetime) -> "Report":
        """Return this version signed by a person."""
        if self.status is ReportStatus.SIGNED:
            raise AlreadySignedError
        return replace(self, status=ReportStatus.SIGNED, signed_by=by, signed_at=at)

    def with_addendum(self, addendum: Addendum) -> "Report":
        """Return the signed report with one more addendum."""
        if self.status is not ReportStatus.SIGNED:
            raise ConflictError("only a signed report takes an addendum; edit the draft")
        return replace(self, addenda=(*self.addenda, addendum))
