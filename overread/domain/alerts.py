"""Something a person should look at, from when it is raised until a person or the system says it is over."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from overread.domain.errors import InputError, RuleError
from overread.domain.identifiers import PersonKey

CONDITION_GONE = "condition-gone"
"""The reason under which the system resolves what no longer holds; its words are in the catalogue."""


class AlreadyResolvedError(RuleError):
    """Somebody, or the system, has resolved this alert before."""

    code = "already-resolved"

    def __init__(self, *, by: str) -> None:
        super().__init__(f"{by} has resolved this alert already; if it comes back it is a new one")
        self.by = by


class Urgency(StrEnum):
    """How soon a person should look."""

    URGENT = "urgent"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """One alert; `kind` keys its words in the catalogue and its runbook, `facts` fills them in.

    It is open until it is resolved, once: by whom, when and why stand together, or not at all.
    """

    id: str
    kind: str
    urgency: Urgency
    raised_at: datetime
    facts: dict[str, str]
    taken_by: PersonKey | None = None
    resolved_at: datetime | None = None
    resolved_by: PersonKey | None = None
    resolution: str = ""

    def resolved(self, *, by: PersonKey, reason: str, at: datetime) -> "Alert":
        """Return the alert as over.

        Raises
        ------
        AlreadyResolvedError
            It is over already.
        InputError
            Nothing is said of why.
        """
        if self.resolved_at is not None:
            raise AlreadyResolvedError(by=self.resolved_by or "somebody")
        if not reason.strip():
            raise InputError("an alert is resolved with a reason")
        return replace(self, resolved_at=at, resolved_by=by, resolution=reason.strip())
