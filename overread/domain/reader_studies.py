"""Crossover reader studies: every reader reads the same cases unaided and aided, with a washout between."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from overread.domain.adjudication import AlreadyReadError
from overread.domain.errors import ConflictError, InputError, NotFoundError
from overread.domain.findings import Finding, Label
from overread.domain.identifiers import Digest, Identifier, PersonKey, StudyUid, VersionKey
from overread.domain.predictions import OperatingPoint

HIGHEST_RATING = 100
PERIODS = 2


class Arm(StrEnum):
    """What a reader has beside the picture: nothing, or one model's probability and heatmap."""

    UNAIDED = "unaided"
    AIDED = "aided"


class CrossoverName(Identifier):
    """What people call a reader study."""

    __slots__ = ()
    form = "a letter or digit, then up to 99 letters, digits, spaces or . _ ( ) -"
    pattern = re.compile(r"[^\W_][\w .()-]{0,99}")


class WashoutError(ConflictError):
    """The second arm is not open yet; `members` says when it is."""

    code = "washout"

    def __init__(self, opens_at: datetime) -> None:
        super().__init__(
            f"your second arm opens at {opens_at.isoformat(timespec='minutes')}, after the washout"
        )
        self.members = {"opens_at": opens_at.isoformat()}


class NotDueError(ConflictError):
    """Cases are read one at a time, in the order drawn for the reader."""

    code = "not-due"

    def __init__(self) -> None:
        super().__init__("this is not the case, or not the arm, that you read now; ask for the next one")


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossoverCase:
    """One study as a case: `key` is all that readers and exports see of it.

    `truth` and the `probability` that the aided arm shows stand still from the registration on.
    """

    key: str
    study: StudyUid
    truth: Label
    probability: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ReaderSequence:
    """Which arm a reader begins with, and the order of the cases' keys in each of the two periods."""

    reader: PersonKey
    arms: tuple[Arm, Arm]
    orders: tuple[tuple[str, ...], tuple[str, ...]]

    def __post_init__(self) -> None:
        """Refuse a sequence that is no crossover."""
        first, second = self.orders
        if set(self.arms) != set(Arm) or sorted(first) != sorted(second) or len(set(first)) != len(first):
            raise InputError("a reader reads every case once in each arm")


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossoverRead:
    """One read; `rating` is 0 (surely no finding) to 100 (surely a finding). It cannot be changed."""

    id: str
    reader_study: str
    case: str
    reader: PersonKey
    arm: Arm
    at: datetime
    label: Label
    rating: int
    findings: tuple[Finding, ...] = ()
    seconds: float | None = None

    def __post_init__(self) -> None:
        """Refuse a rating off the scale."""
        if not 0 <= self.rating <= HIGHEST_RATING:
            raise InputError(f"a rating is a whole number from 0 to {HIGHEST_RATING}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where one reader stands: the case that is due and its arm; both None during the washout and at the end.

    `done` counts the reads of the period, `total` the cases; `opens_at` is the end of a washout that lasts.
    """

    period: int
    done: int
    total: int
    arm: Arm | None = None
    case: str | None = None
    opens_at: datetime | None = None

    @property
    def left(self) -> int:
        """The reads of the period that can be given now."""
        return 0 if self.case is None else self.total - self.done

    @property
    def finished(self) -> bool:
        """Whether both arms are read."""
        return self.period == PERIODS


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossoverStudy:
    """A reader study as it was registered, before its first read; nothing of it changes afterwards.

    `maps` are the model's maps of the cases in their order, among the objects.
    """

    id: str
    name: CrossoverName
    task: str
    created_at: datetime
    created_by: PersonKey
    source: str
    model_version: VersionKey
    model_digest: Digest
    threshold: float
    washout_days: int
    seed: int
    maps: Digest
    cases: tuple[CrossoverCase, ...]
    sequences: tuple[ReaderSequence, ...]

    def __post_init__(self) -> None:
        """Refuse a plan without a washout, without readers, or whose orders are not of its cases."""
        if self.washout_days < 1:
            raise InputError("a washout is at least one day")
        readers = [sequence.reader for sequence in self.sequences]
        if not readers or len(set(readers)) != len(readers):
            raise InputError("a reader study needs readers, each named once")
        keys = sorted(case.key for case in self.cases)
        if not keys or any(sorted(sequence.orders[0]) != keys for sequence in self.sequences):
            raise InputError("every reader reads all cases of a reader study")

    @property
    def readers(self) -> tuple[PersonKey, ...]:
        """The readers, in the order they were named."""
        return tuple(sequence.reader for sequence in self.sequences)

    @property
    def reads_planned(self) -> int:
        """How many reads make it whole: every case by every reader in both arms."""
        return len(Arm) * len(self.sequences) * len(self.cases)

    def case(self, key: str) -> CrossoverCase:
        """Return a case; raise `NotFoundError`."""
        for case in self.cases:
            if case.key == key:
                return case
        raise NotFoundError("no such case in this reader study")

    def called(self, case: CrossoverCase) -> Label:
        """Return the model's answer on a case; only what it calls a finding has a heatmap."""
        return OperatingPoint(threshold=self.threshold).label(case.probability)

    def standing(self, reader: PersonKey, given: Sequence[CrossoverRead], *, now: datetime) -> Standing:
        """Return where a reader stands who has given these reads; raise `NotFoundError` for anybody else."""
        sequence = next((each for each in self.sequences if each.reader == reader), None)
        if sequence is None:
            raise NotFoundError("no such reader study, or it is not yours to read")
        total = len(self.cases)
        period, done = divmod(len(given), total)
        where = Standing(period=period, done=done, total=total)
        if where.finished:
            return where
        if period and now < (opens := self._second_arm_opens(sequence, given)):
            return Standing(period=period, done=done, total=total, opens_at=opens)
        case = sequence.orders[period][done]
        return Standing(period=period, done=done, total=total, arm=sequence.arms[period], case=case)

    def _second_arm_opens(self, sequence: ReaderSequence, given: Sequence[CrossoverRead]) -> datetime:
        last = max(read.at for read in given if read.arm is sequence.arms[0])
        return last + timedelta(days=self.washout_days)

    def require_due(self, read: CrossoverRead, given: Sequence[CrossoverRead]) -> None:
        """Raise unless this very read is due after the reads that its reader has given.

        Raises
        ------
        NotFoundError, AlreadyReadError, WashoutError, NotDueError
            The reader has no part in the study, has read the case in this arm, must wait, or is asked for
            another case or arm.
        """
        if any((before.case, before.arm) == (read.case, read.arm) for before in given):
            raise AlreadyReadError
        where = self.standing(read.reader, given, now=read.at)
        if where.opens_at is not None:
            raise WashoutError(where.opens_at)
        if (where.case, where.arm) != (read.case, read.arm):
            raise NotDueError
