"""What a radiologist says the model got wrong or right: append-only, a claim until it is adjudicated."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from overread.domain.errors import ConflictError, InputError
from overread.domain.findings import Finding, Label, require_consistent
from overread.domain.identifiers import Digest, PersonKey, StudyUid, VersionKey
from overread.domain.predictions import Prediction

UNDO = timedelta(seconds=60)
LONGEST_COMMENT = 4000


class Verdict(StrEnum):
    """Whether the reader agrees with the model."""

    AGREE = "agree"
    DISAGREE = "disagree"


class Kind(StrEnum):
    """What was wrong."""

    MISSED_FINDING = "missed_finding"
    FALSE_ALARM = "false_alarm"
    WRONG_REGION = "wrong_region"
    BAD_IMAGE = "bad_image"


class Origin(StrEnum):
    """How the correction, or the case, came about."""

    BUTTON = "button"
    SIGNED_REPORT = "signed-report"
    AUDIT = "audit"
    DOUBT = "doubted-label"
    IMPORT = "import"


class TooLateError(ConflictError):
    """The minute to take a correction back is over."""

    code = "too-late"

    def __init__(self) -> None:
        super().__init__(
            "a correction can be taken back for 60 seconds; file a new one instead, the latest counts"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """One person's word on one prediction; never changed, the person's latest word counts."""

    id: str
    study: StudyUid
    by: PersonKey
    at: datetime
    verdict: Verdict
    label: Label
    model_version: VersionKey
    model_digest: Digest
    model_label: Label
    kind: Kind | None = None
    findings: tuple[Finding, ...] = ()
    comment: str = ""
    answer_shown: bool = True
    origin: Origin = Origin.BUTTON
    case: str | None = None
    withdrawn_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse words that contradict themselves."""
        about_the_picture = self.kind in {Kind.WRONG_REGION, Kind.BAD_IMAGE}
        if self.verdict is Verdict.AGREE and self.label is not self.model_label:
            raise InputError("agreeing means the model's own label; disagree to give another")
        if self.verdict is Verdict.DISAGREE and self.label is self.model_label and not about_the_picture:
            raise InputError("disagreeing with the same label needs kind wrong_region or bad_image")
        require_consistent(self.label, self.findings)
        if len(self.comment) > LONGEST_COMMENT:
            raise InputError(f"a comment has at most {LONGEST_COMMENT} characters")

    @property
    def disagrees(self) -> bool:
        """A disagreement opens the study's case."""
        return self.verdict is Verdict.DISAGREE

    @property
    def undo_until(self) -> datetime:
        """Until when its author may take it back."""
        return self.at + UNDO


class Word(NamedTuple):
    """A correction that was not taken back, in the plain values that counts need; `findings` are codes."""

    study: str
    by: str
    at: datetime
    disagrees: bool
    label: str
    kind: str | None
    findings: tuple[str, ...]
    case: str | None


def standing(words: Iterable[Correction]) -> list[Correction]:
    """Return what counts of some words on one study, given in order: each person's latest not taken back."""
    latest = {word.by: word for word in words if word.withdrawn_at is None}
    return sorted(latest.values(), key=lambda word: (word.at, word.id))


def contradicts(prediction: Prediction, signed: Label) -> bool:
    """Say whether a signed report's class differs from the model's answer (implicit feedback)."""
    return prediction.label is not signed
