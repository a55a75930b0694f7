"""Something a person should look at: what happened, what it may do to patients, and the first step."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from overread.domain.identifiers import PersonKey


class Urgency(StrEnum):
    """How soon a person should look."""

    URGENT = "urgent"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """One alert; `kind` keys its words in the catalogue and its runbook, `facts` fills them in."""

    id: str
    kind: str
    urgency: Urgency
    raised_at: datetime
    facts: dict[str, str]
    taken_by: PersonKey | None = None
    resolved_at: datetime | None = None
