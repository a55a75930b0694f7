"""A candidate beside production on live studies: what is registered beforehand, and when it is over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from overread.domain.errors import ConflictError, InputError
from overread.domain.findings import Label
from overread.domain.identifiers import Digest, PatientKey, PersonKey, StudyUid, VersionKey

MOST_STUDIES = 10_000  # of one shadow: its numbers are worked out while a page is opened


class Compared(StrEnum):
    """What a shadow compares; the errors are known where the truth comes later."""

    AGREEMENT = "agreement"
    SCORES = "scores"
    ERRORS = "errors"


class Ending(StrEnum):
    """How a shadow ended: as registered, by a person, or because another version went into production."""

    COMPLETE = "complete"
    STOPPED = "stopped"
    OVERTAKEN = "overtaken"


class ShadowRunningError(ConflictError):
    """A task has one shadow at a time."""

    code = "shadow-running"

    def __init__(self, candidate: VersionKey) -> None:
        super().__init__(
            f"version {candidate} runs beside production already; wait until it has ended, or stop it"
        )


class ShadowEndedError(ConflictError):
    """What has ended is not stopped."""

    code = "shadow-ended"

    def __init__(self, how: Ending) -> None:
        super().__init__(f"this shadow has ended already ({how})")


@dataclass(frozen=True, kw_only=True, slots=True)
class ShadowEnd:
    """When, by whom and why a shadow ended."""

    at: datetime
    by: PersonKey
    how: Ending
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How many studies the candidate has answered, could not answer, and has yet to answer."""

    answered: int = 0
    failed: int = 0
    waiting: int = 0

    @property
    def settled(self) -> int:
        """Studies that need nothing more."""
        return self.answered + self.failed

    @property
    def enrolled(self) -> int:
        """Studies that belong to the shadow."""
        return self.settled + self.waiting


@dataclass(frozen=True, kw_only=True, slots=True)
class Shadow:
    """One registration: it lasts for `studies` studies, or `until` an instant.

    Studies belong to it in the order in which production answers them, from the registration on. `margins`
    are the policy's at that time, by rate, and are shown beside the differences; they decide nothing here.
    """

    id: str
    task: str
    candidate: VersionKey
    candidate_digest: Digest
    production: VersionKey
    production_digest: Digest
    registered_by: PersonKey
    registered_at: datetime
    why: str
    policy: str
    margins: Mapping[str, float]
    studies: int | None = None
    until: datetime | None = None
    compared: tuple[Compared, ...] = tuple(Compared)
    end: ShadowEnd | None = None

    def __post_init__(self) -> None:
        """Refuse a registration without an end, without a reason, or of a version beside itself."""
        if (self.studies is None) == (self.until is None):
            raise InputError("a shadow lasts for a number of studies or until an instant: say one of them")
        if self.studies is not None and not 1 <= self.studies <= MOST_STUDIES:
            raise InputError(f"a shadow lasts for 1 to {MOST_STUDIES:,} studies")
        if self.until is not None and self.until <= self.registered_at:
            raise InputError("a shadow ends later than it begins")
        if not self.why.strip():
            raise InputError("say why the candidate is to run beside production")
        if self.candidate == self.production:
            raise InputError(f"version {self.candidate} is in production; name a candidate")

    @property
    def state(self) -> str:
        """`running`, or how it ended."""
        return "running" if self.end is None else self.end.how.value

    def takes(self, progress: Progress, *, now: datetime) -> bool:
        """Say whether the next study that production answers belongs to it."""
        if self.end is not None:
            return False
        if self.studies is not None:
            return progress.enrolled < self.studies
        return self.until is not None and now < self.until

    def is_complete(self, progress: Progress, *, now: datetime) -> bool:
        """Say whether all that was registered is settled."""
        if self.studies is not None:
            return progress.settled >= self.studies
        return self.until is not None and now >= self.until and progress.waiting == 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ShadowAnswer:
    """What the candidate said of one study, or the name of the error because of which it said nothing."""

    shadow: str
    study: StudyUid
    made_at: datetime
    probability: float | None = None
    threshold: float | None = None
    label: Label | None = None
    failure: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerPair:
    """One study with both answers: probabilities, and the calls at each version's own threshold."""

    study: StudyUid
    patient: PatientKey
    production: float
    production_label: Label
    candidate: float
    candidate_label: Label
