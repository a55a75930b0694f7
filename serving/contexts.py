"""Which study each person has open elsewhere: told by a program, asked for by that person's widget."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from overread.domain.identifiers import PersonKey, StudyUid

LASTS = timedelta(hours=12)  # what somebody had open yesterday is nobody's context today
_MOST_PEOPLE = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What one person has open: a study, or none after it was closed."""

    study: StudyUid | None
    at: datetime


class Contexts:
    """The latest context of each person; kept by this process alone, and gone with it."""

    def __init__(self) -> None:
        self._latest: OrderedDict[PersonKey, Context] = OrderedDict()
        self._lock = threading.Lock()

    def tell(self, person: PersonKey, context: Context) -> None:
        """Keep what a person has open now."""
        with self._lock:
            self._latest[person] = context
            self._latest.move_to_end(person)
            if len(self._latest) > _MOST_PEOPLE:
                self._latest.popitem(last=False)

    def of(self, person: PersonKey, *, now: datetime) -> Context | None:
        """Return what a person has open; None where nobody has told lately."""
        latest = self._latest.get(person)
        return None if latest is None or latest.at + LASTS < now else latest
