"""What a training takes: a device, room on the disk, and time for what comes after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from overread.domain.errors import UnavailableError


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """Where a training computed: `place` as torch says it, the maker's `name` (may be empty).

    `memory` in bytes is the card's, or all of the machine's where the place is `cpu`.
    """

    place: str
    name: str
    memory: int


class NoRoomError(UnavailableError):
    """A training would fill the disk: it is not begun (507)."""

    code = "no-room"

    def __init__(self, *, free: int, needed: int) -> None:
        super().__init__(
            f"too little disk for another training: {free:,} bytes are free, and one of the last took "
            f"{needed:,}; free some, then ask again"
        )
        self.members = {"free": free, "needed": needed}


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """Bytes free and in all where the data lie, and what each of the latest retrainings took there."""

    free: int
    total: int
    taken: tuple[int, ...] = ()

    @property
    def needed(self) -> int | None:
        """What the largest of the latest took; None where none is known."""
        return max(self.taken, default=None)

    @property
    def suffices(self) -> bool:
        """Whether another one as large has room; where nothing is known, nothing is claimed to be missing."""
        return self.needed is None or self.free >= self.needed

    def require(self) -> None:
        """Raise `NoRoomError` where another training would not fit."""
        if self.needed is not None and not self.suffices:
            raise NoRoomError(free=self.free, needed=self.needed)


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeAfter:
    """How long the shortest and the longest of the latest `n` retrainings went on after their training."""

    shortest: timedelta
    longest: timedelta
    n: int

    @classmethod
    def of(cls, lengths: Sequence[timedelta]) -> "TimeAfter | None":
        """Return the range of some lengths; None of none."""
        return cls(shortest=min(lengths), longest=max(lengths), n=len(lengths)) if lengths else None

    def left(self, gone: timedelta) -> "TimeAfter | None":
        """Return what is left once some time is gone; None where it has taken longer than any before."""
        if gone > self.longest:
            return None
        shortest = max(self.shortest - gone, timedelta(0))
        return TimeAfter(shortest=shortest, longest=self.longest - gone, n=self.n)
