"""Blinded re-reading of one study: two first reads, then a senior where they differ, after an own read."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from overread.domain.errors import ConflictError, ForbiddenError
from overread.domain.findings import Finding, Label
from overread.domain.identifiers import PersonKey, StudyUid
from overread.domain.people import Role


class Stage(StrEnum):
    """Which read comes next."""

    FIRST = "first"
    SECOND = "second"
    SENIOR = "senior"


class CaseState(StrEnum):
    """Open until its label is settled, or withdrawn unread."""

    OPEN = "open"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class Grade(StrEnum):
    """How well a label is supported."""

    REPORT = "report"
    SINGLE = "single"
    DOUBLE = "double"
    ADJUDICATED = "adjudicated"


class Confidence(StrEnum):
    """How sure a reader is of a call; no number, and nothing is computed from it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class AlreadyReadError(ConflictError):
    """One person reads a case once."""

    code = "already-read"

    def __init__(self) -> None:
        super().__init__("you have already read this case; ask for the next one")


class RaiserError(ForbiddenError):
    """Who raised a case, or first reported its study, never reads it."""

    code = "raiser"

    def __init__(self) -> None:
        super().__init__("this case was raised by you; somebody else must read it")


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """One blinded read; `confidence` is None where its reader did not say."""

    id: str
    case: str
    by: PersonKey
    at: datetime
    stage: Stage
    label: Label
    findings: tuple[Finding, ...] = ()
    quality: str | None = None
    confidence: Confidence | None = None
    seconds: float | None = None
    comment: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """The senior's decision after an own read; says whether seeing the others changed it."""

    id: str
    case: str
    by: PersonKey
    at: datetime
    label: Label
    findings: tuple[Finding, ...]
    reason: str
    changed_after_reveal: bool


FIRST_READS = 2
ALL_READS = 3


def stage_after(n_reads: int) -> Stage:
    """Return the stage of a case with so many reads; the senior's lasts until the senior has decided."""
    return (Stage.FIRST, Stage.SECOND, Stage.SENIOR)[min(n_reads, FIRST_READS)]


def reads_at(role: Role, stage: Stage) -> bool:
    """Say whether a role reads at a stage: the third read is a senior's."""
    return role is Role.SENIOR if stage is Stage.SENIOR else role in {Role.READER, Role.SENIOR}


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A study put to blinded readers; `barred` raised it or wrote its report."""

    id: str
    study: StudyUid
    task: str
    opened_at: datetime
    state: CaseState = CaseState.OPEN
    origin: str = "button"
    barred: frozenset[PersonKey] = frozenset()
    reads: tuple[Read, ...] = ()
    resolution: Resolution | None = None

    @property
    def stage(self) -> Stage:
        """The read that is due: the third is a senior's, wherever the first two differ."""
        return stage_after(len(self.reads))

    @property
    def agreed(self) -> bool:
        """Two first reads with one label settle the case."""
        return len(self.reads) == FIRST_READS and self.reads[0].label is self.reads[1].label

    def read_of(self, person: PersonKey) -> Read | None:
        """Return the read that a person gave."""
        return next((read for read in self.reads if read.by == person), None)

    def may_be_read_by(self, person: PersonKey, role: Role) -> bool:
        """Say whether the next read may be this person's."""
        if self.state is not CaseState.OPEN or person in self.barred or len(self.reads) >= ALL_READS:
            return False
        if self.read_of(person) is not None:
            return False
        return reads_at(role, self.stage)

    def with_read(self, read: Read, role: Role) -> "Case":
        """Return the case with one more read; two reads that agree close it.

        Raises
        ------
        RaiserError, AlreadyReadError, ForbiddenError, ConflictError
            Its author is barred, has read it, lacks the role for this stage, or the case is no longer open.
        ValueError
            The read is of another stage than the one that is due.
        """
        if read.by in self.barred:
            raise RaiserError
        if self.read_of(read.by) is not None:
            raise AlreadyReadError
        if self.state is not CaseState.OPEN or len(self.reads) >= ALL_READS:
            raise ConflictError("this case needs no further read; ask for the next one")
        if not self.may_be_read_by(read.by, role):
            raise ForbiddenError("the third read of a case is a senior's")
        if read.stage is not self.stage:
            raise ValueError(f"a {read.stage} read where the {self.stage} read is due")
        case = replace(self, reads=(*self.reads, read))
        return replace(case, state=CaseState.CLOSED) if case.agreed else case

    def resolved(self, resolution: Resolution) -> "Case":
        """Return the case closed by the senior who read it third; raise unless that is who decides."""
        if self.state is not CaseState.OPEN:
            raise ConflictError("this case is closed already")
        if len(self.reads) < ALL_READS or self.reads[-1].by != resolution.by:
            raise ForbiddenError("a senior decides after an own read of the case")
        return replace(self, state=CaseState.CLOSED, resolution=resolution)

    @property
    def outcome(self) -> tuple[Label, tuple[Finding, ...], Grade]:
        """The settled label, its findings and grade; raise `ConflictError` while the case is open."""
        if self.resolution is not None:
            return self.resolution.label, self.resolution.findings, Grade.ADJUDICATED
        if self.state is CaseState.CLOSED and self.agreed:
            first, second = self.reads
            seen = {finding.code for finding in second.findings}
            both = tuple(finding for finding in first.findings if finding.code in seen)
            return first.label, both or first.findings or second.findings, Grade.DOUBLE
        raise ConflictError("this case is not settled yet")
