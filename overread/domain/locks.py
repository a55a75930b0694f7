"""Who reads a study now: a soft lock that tells others, stops nobody, and ends when its page falls silent."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from overread.domain.identifiers import PersonKey, StudyUid

BEAT_SECONDS = 30  # of an open page; a hidden one's timers run once a minute at the slowest
LASTS = timedelta(seconds=90)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingLock:
    """One person at one study; `page` is the opened page that spoke last."""

    study: StudyUid
    person: PersonKey
    page: str
    since: datetime
    until: datetime
