"""How long a correction takes to reach a model that serves, and where those that have not arrived wait."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median

from feedback.outcomes import Holding, holdings_since, learned
from overread.domain.corrections import Word
from overread.domain.identifiers import StudyUid, VersionKey
from overread.store.feedback import Settled
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork


class Place(StrEnum):
    """Where a correction stands: what it waits for, or how it ended."""

    READ = "read"
    DATASET = "dataset"
    MODEL = "model"
    RELEASE = "release"
    SERVED = "served"
    NOT_ACCEPTED = "not-accepted"
    TEST_PATIENT = "test-patient"


@dataclass(frozen=True, kw_only=True, slots=True)
class Journeys:
    """So many corrections at each place; the times from word to production of those that arrived."""

    places: Mapping[Place, int]
    times: tuple[timedelta, ...]

    @property
    def median(self) -> timedelta | None:
        """The middle of those that arrived; those that wait are not in it, and would make it longer."""
        return timedelta(seconds=median(each.total_seconds() for each in self.times)) if self.times else None


def journeys(work: UnitOfWork, objects: Objects, task: str, words: Iterable[Word]) -> Journeys:
    """Return how far the disagreements among some words have come."""
    wrong = [word for word in words if word.disagrees]
    settled = work.labels.settled({word.case for word in wrong if word.case is not None})
    road = _Road(
        settled=settled,
        holdings=holdings_since(work, objects, min((each.at for each in settled.values()), default=None)),
        served=_served(work, task),
        test_cases=frozenset(erratum.case for erratum in work.labels.errata()),
    )
    places: Counter[Place] = Counter()
    times = []
    for word in wrong:
        place, arrived = _place(word, road)
        places[place] += 1
        if arrived is not None:
            times.append(arrived - word.at)
    return Journeys(places={place: places[place] for place in Place}, times=tuple(sorted(times)))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Road:
    """All that a correction passes: labels by case, datasets, and since when a version served."""

    settled: Mapping[str, Settled]
    holdings: Sequence[Holding]
    served: Mapping[VersionKey, datetime]
    test_cases: frozenset[str]


def _served(work: UnitOfWork, task: str) -> dict[VersionKey, datetime]:
    """Return when each version that ever served first did."""
    first: dict[VersionKey, datetime] = {}
    for succession in work.models.successions(task):
        first.setdefault(succession.version, succession.at)
    return first


def _place(word: Word, road: _Road) -> tuple[Place, datetime | None]:
    """Return where a correction stands, and when it arrived if it did."""
    label = road.settled.get(word.case or "")
    if label is None:
        return Place.READ, None
    if label.label != word.label:
        return Place.NOT_ACCEPTED, None
    went = learned(StudyUid(word.study), label.at, road.holdings)
    if went is None:
        return (Place.TEST_PATIENT if word.case in road.test_cases else Place.DATASET), None
    arrivals = [road.served[model.version] for model in went.models if model.version in road.served]
    if arrivals:
        return Place.SERVED, min(arrivals)
    return (Place.RELEASE if went.models else Place.MODEL), None
