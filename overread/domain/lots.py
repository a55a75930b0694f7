"""Random audits: chance decides once about each answered study, with a known probability, who is re-read."""

from dataclasses import dataclass
from datetime import datetime

from overread.domain.errors import InputError
from overread.domain.findings import Label
from overread.domain.identifiers import StudyUid, VersionKey


@dataclass(frozen=True, kw_only=True, slots=True)
class StopRule:
    """When missed findings among audited studies switch the automatic normal text off.

    `p0` is the share of audited studies with a missed finding that is tolerated, `p1` the one that is not;
    `alpha` and `beta` are the errors of the sequential test of a new version, `threshold` is the height at
    which the cumulative sum, which goes on for as long as the version serves, gives its alarm.
    """

    p0: float
    p1: float
    alpha: float
    beta: float
    threshold: float

    def __post_init__(self) -> None:
        """Refuse a rule that could never decide, or always would."""
        if not 0 < self.p0 < self.p1 < 1:
            raise InputError("a stop rule needs 0 < p0 < p1 < 1")
        if not (self.alpha > 0 and self.beta > 0 and self.alpha + self.beta < 1 and self.threshold > 0):
            raise InputError("a stop rule needs alpha, beta and threshold above 0, and alpha + beta below 1")


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditPlan:
    """Which share of what is signed without dispute is re-read blind, by what the model had said."""

    cleared: float
    flagged: float
    stop: StopRule

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        if not (0 <= self.cleared <= 1 and 0 <= self.flagged <= 1):
            raise InputError("a share of audits lies between 0 and 1")

    def share(self, called: Label) -> float:
        """Return the share of the studies that the model called so."""
        return self.flagged if called is Label.HAS_FINDING else self.cleared


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """A reported study and the answer that its reader saw; `disputed` where a reader disagreed with it."""

    study: StudyUid
    version: VersionKey
    called: Label
    answered_at: datetime
    disputed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Lot(Answered):
    """What chance decided about one study, once: `share` is the probability with which it was to be drawn.

    A drawn study that nobody had disputed has the `case` in which it is re-read; a disputed one has its own.
    Who disputes a study later changes nothing here: it might be for what the audit found.
    """

    at: datetime
    share: float
    drawn: bool
    case: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LotCount:
    """How many lots of one kind there are; `truth` is what blinded readers settled, None until they have."""

    called: Label
    share: float
    drawn: bool
    disputed: bool
    truth: Label | None
    n: int
