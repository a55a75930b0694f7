"""A reader's own call on a study, and whether the model's answer was there to be seen before it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from overread.domain.errors import ConflictError, ForbiddenError
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey, StudyUid


class AnswerOrder(StrEnum):
    """When readers are shown the model's answer."""

    FIRST = "first"
    AFTER_OWN_CALL = "after-own-call"


class OwnCallFirstError(ForbiddenError):
    """The answer is hidden from a reader who has not called the study."""

    code = "own-call-first"

    def __init__(self) -> None:
        super().__init__(
            "call the study yourself first, on its page or by POST .../own-call; the model's answer, and the "
            "draft that follows from it, come after"
        )


class AlreadyCalledError(ConflictError):
    """A person's own call stands; what they think since goes into feedback and report."""

    code = "already-called"

    def __init__(self) -> None:
        super().__init__(
            "your own call on this study stands; say what has changed as feedback or in the report"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnCall:
    """What one person called one study; `answer_shown` says that the answer was there to be seen before."""

    study: StudyUid
    by: PersonKey
    at: datetime
    label: Label
    answer_shown: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderSet:
    """From when on readers were shown answers in this order."""

    at: datetime
    order: AnswerOrder
