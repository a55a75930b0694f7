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


class AlreadyTakenError(RuleError):
    """Somebody else has this alert, and was not named as the one it is taken over from."""

    code = "already-taken"

    def __init__(self, *, by: str) -> None:
        super().__init__(f"{by} has taken this alert; ask them, or name them as its holder to take it over")
        self.by = by


class Urgency(StrEnum):
    """How soon a person should look."""

    URGENT = "urgent"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """One alert; `kind` keys its words in the catalogue and its runbook, `facts` fills them in.

    It is open until it is resolved, once: by whom, when and why stand together, or not at all. `gone_at` is
    when the system saw that its condition holds no longer; what a person resolved may still hold.
    """

    id: str
    kind: str
    urgency: Urgency
    raised_at: datetime
    facts: dict[str, str]
    taken_by: PersonKey | None = None
    taken_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: PersonKey | None = None
    resolution: str = ""
    gone_at: datetime | None = None

    def taken(self, *, by: PersonKey, at: datetime, holder: PersonKey | None = None) -> "Alert":
        """Return the alert in the hands of `by`; what one has already stays as it is.

        Raises
        ------
        AlreadyResolvedError
            It is over already.
        AlreadyTakenError
            Somebody has it who is not the `holder` that `by` knows of.
        """
        if self.resolved_at is None and self.taken_by == by:
            return self
        self._require_open_to(by, holder)
        return replace(self, taken_by=by, taken_at=at)

    def handed_back(self, *, by: PersonKey) -> "Alert":
        """Return the alert in nobody's hands; raise as `taken` does where another has it."""
        self._require_open_to(by, None)
        return replace(self, taken_by=None, taken_at=None)

    def resolved(
        self, *, by: PersonKey, reason: str, at: datetime, holder: PersonKey | None = None
    ) -> "Alert":
        """Return the alert as over; the same word of the same person again changes nothing.

        Raises
        ------
        AlreadyResolvedError
            It is over already.
        AlreadyTakenError
            Somebody has it who is not the `holder` that `by` knows of.
        InputError
            Nothing is said of why.
        """
        said = reason.strip()
        if (self.resolved_by, self.resolution) == (by, said):
            return self
        self._require_open_to(by, holder)
        if not said:
            raise InputError("an alert is resolved with a reason")
        return replace(self, resolved_at=at, resolved_by=by, resolution=said)

    def _require_open_to(self, by: PersonKey, holder: PersonKey | None) -> None:
        if self.resolved_at is not None:
            raise AlreadyResolvedError(by=self.resolved_by or "somebody")
        if self.taken_by not in {None, by, holder}:
            raise AlreadyTakenError(by=str(self.taken_by))
