"""When a retraining starts by itself, and how far the trainings of one are."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum

from overread.domain.errors import InputError

_WEEK = 7


class Trigger(StrEnum):
    """What starts a retraining without a person."""

    CORRECTIONS = "corrections"
    DRIFT = "drift"
    DATE = "date"


class Step(StrEnum):
    """What a retraining is at, in order; before the first it waits for a worker."""

    DATASET = "dataset"
    TRAINING = "training"
    REGISTERED = "registered"
    COMPARING = "comparing"
    ASKING = "asking"


@dataclass(frozen=True, kw_only=True, slots=True)
class Triggers:
    """How many newly settled cases start a retraining: at any time, while drift is alerted, on a date.

    The date comes once a week, on `weekday` (0 is Monday) at `at` in the site's time zone.
    """

    corrections: int
    drift: int
    date: int
    weekday: int
    at: time

    def __post_init__(self) -> None:
        """Refuse a trigger that nothing pulls: without a new label a training would learn the same again."""
        if min(self.corrections, self.drift, self.date) < 1:
            raise InputError("a trigger needs at least 1 newly settled case")
        if not 0 <= self.weekday < _WEEK:
            raise InputError("a weekday is 0 (Monday) to 6 (Sunday)")

    def needed(self, trigger: Trigger) -> int:
        """Return how many newly settled cases a trigger needs."""
        return {
            Trigger.CORRECTIONS: self.corrections,
            Trigger.DRIFT: self.drift,
            Trigger.DATE: self.date,
        }[trigger]

    def next_date(self, now: datetime, zone: tzinfo | None) -> datetime:
        """Return the first date after `now`; without a zone the system's counts."""
        local = now.astimezone(zone)
        day = local.date() + timedelta(days=(self.weekday - local.weekday()) % _WEEK)
        found = datetime.combine(day, self.at, tzinfo=local.tzinfo)
        return (
            found if found > local else datetime.combine(day + timedelta(days=_WEEK), self.at, found.tzinfo)
        )

    def last_date(self, now: datetime, zone: tzinfo | None) -> datetime:
        """Return the latest date that is not after `now`."""
        return self.next_date(now - timedelta(days=_WEEK), zone)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What triggers look at: the cases settled since the last retraining, and whether drift is alerted.

    `since` is when that retraining froze its data, or was asked for; None where there was none.
    """

    settled: int
    drifting: bool
    since: datetime | None = None


def due(triggers: Triggers, standing: Standing, *, now: datetime, zone: tzinfo | None) -> Trigger | None:
    """Return the trigger that starts a retraining now, if one does."""
    date = triggers.last_date(now, zone)
    pulled = {
        Trigger.CORRECTIONS: True,
        Trigger.DRIFT: standing.drifting,
        Trigger.DATE: standing.since is None or standing.since < date,
    }
    return next(
        (each for each in Trigger if pulled[each] and standing.settled >= triggers.needed(each)), None
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingPoint:
    """How one training of a run stood at an instant; `job` tells trainings of one name apart.

    `done` of `of` steps of a stage, the loss of the latest, and the tuning AUC after the latest pass, None
    before the first and where a recipe does not look.
    """

    run: str
    job: str
    at: datetime
    name: str
    stage: str
    done: int
    of: int
    loss: float
    tuning_auc: float | None = None
