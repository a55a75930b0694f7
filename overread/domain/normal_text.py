"""Whether a study called no finding gets its normal report text by itself: each change, with its reason."""

from dataclasses import dataclass
from datetime import datetime

from overread.domain.errors import ConflictError, InputError
from overread.domain.identifiers import PersonKey, VersionKey


class AlreadySwitchedError(ConflictError):
    """Somebody, or the stop rule, was first."""

    code = "already-switched"

    def __init__(self, *, automatic: bool) -> None:
        super().__init__(
            f"the automatic normal text is {'on' if automatic else 'off'} already; load the page again"
        )
        self.automatic = automatic


@dataclass(frozen=True, kw_only=True, slots=True)
class TextSwitch:
    """One change, never taken back: a later one follows it; `version` is what served then."""

    id: str
    task: str
    automatic: bool
    at: datetime
    by: PersonKey
    reason: str
    version: VersionKey | None

    def __post_init__(self) -> None:
        """Refuse a change without a reason."""
        if not self.reason.strip():
            raise InputError("the automatic normal text is switched with a reason")
