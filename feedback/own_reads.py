"""What a person has read blinded: their own words alone, and nothing of what became of the case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from statistics import median

from overread.domain.adjudication import Case, Read, Resolution
from overread.domain.identifiers import PersonKey
from overread.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnRead:
    """A person's read, and their decision where they settled the case."""

    read: Read
    decision: Resolution | None = None


def own_read(case: Case, person: PersonKey) -> OwnRead | None:
    """Return what a person has said of a case; None where they have not read it."""
    read, settled = case.read_of(person), case.resolution
    if read is None:
        return None
    return OwnRead(read=read, decision=settled if settled is not None and settled.by == person else None)


def reads_of_day(work: UnitOfWork, person: PersonKey, *, now: datetime, zone: tzinfo | None) -> list[OwnRead]:
    """Return what a person has read since midnight, the latest first; without a zone the system's counts."""
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    said = (own_read(case, person) for case in work.cases.read_since(person, midnight))
    return [own for own in said if own is not None]


def median_seconds(reads: Sequence[OwnRead]) -> float | None:
    """Return how long a read took, in the median of those that were timed; None where none was."""
    taken = [own.read.seconds for own in reads if own.read.seconds is not None]
    return median(taken) if taken else None
