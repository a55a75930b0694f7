"""Streams of server-sent events that pages keep open: bounded, ended with the server, no patient in them."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi.concurrency import run_in_threadpool

from overread.domain.identifiers import PersonKey
from overread.domain.locks import ReadingLock
from overread.store.unit_of_work import UnitOfWork
from overread.studies.news import News, since
from serving.announcements import Announcements

MOST = 200  # streams of this process
MOST_EACH = 8  # of one person
LOOK_SECONDS = 1.0  # another process may write what is told here
BEAT_SECONDS = 5.0  # a page that hears nothing for twice that calls the line lost
LONGEST_SECONDS = 300.0  # then the page comes again, and its session is looked at again
COME_AGAIN = b"retry: 2000\n\n"
COME_LATER = b"retry: 30000\n\n"
BEAT = b"event: beat\ndata: 1\n\n"
_END = "live-end"  # no study has such a UID


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """One look: what is new in the record, and who else reads what now."""

    news: News
    locks: tuple[ReadingLock, ...]


class Streams:
    """Every open stream of one process; times of day are told in `zone`, the site's."""

    def __init__(
        self,
        look: Callable[[], UnitOfWork],
        announcements: Announcements,
        *,
        now: Callable[[], datetime],
        zone: ZoneInfo | None,
    ) -> None:
        self._look = look
        self._now = now
        self._zone = zone
        self._announcements = announcements
        self._open: Counter[PersonKey] = Counter()
        self._ended = False

    def end(self) -> None:
        """End all streams and open no more; from any thread."""
        self._ended = True
        self._announcements.announce(_END)

    async def told(self, person: PersonKey, place: int) -> AsyncGenerator[bytes, None]:
        """Yield the news behind `place` as they come; where too many are open, ask to come later."""
        if self._ended or self._open.total() >= MOST or self._open[person] >= MOST_EACH:
            yield COME_LATER
            return
        self._open[person] += 1
        try:
            yield COME_AGAIN
            async for event in self._events(person, place):
                yield event
        finally:
            self._open[person] -= 1

    async def _events(self, person: PersonKey, place: int) -> AsyncIterator[bytes]:
        clock = asyncio.get_running_loop().time
        ends, beats = clock() + LONGEST_SECONDS, clock() + BEAT_SECONDS
        told: bytes | None = None
        with self._announcements.listening(_END) as ended:
            while not self._ended and clock() < ends:
                heard = await run_in_threadpool(self._heard, person, place)
                if (locks := locks_event(heard.locks, self._zone)) != told:
                    told, beats = locks, clock() + BEAT_SECONDS
                    yield locks
                if heard.news.place != place:
                    place, beats = heard.news.place, clock() + BEAT_SECONDS
                    yield event_of(heard.news)
                    continue
                if clock() >= beats:
                    beats = clock() + BEAT_SECONDS
                    yield BEAT
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await ended.wait()

    def _heard(self, person: PersonKey, place: int) -> Heard:
        with self._look() as work:
            standing = work.reading_locks.standing(now=self._now())
            others = tuple(lock for lock in standing if lock.person != person)
            return Heard(news=since(work, place), locks=others)


def event_of(news: News) -> bytes:
    """Return news as an event whose id is their place, from where a broken stream goes on."""
    told = {
        "arrived": news.arrived,
        "states": dict(news.states),
        "assigned": news.assigned,
        "missed": news.missed,
    }
    return f"id: {news.place}\nevent: news\ndata: {json.dumps(told)}\n\n".encode()


def locks_event(locks: Iterable[ReadingLock], zone: ZoneInfo | None) -> bytes:
    """Return all locks as one event; it has no id, for a stream begins with them."""
    told = {lock.study: [lock.person, f"{lock.since.astimezone(zone):%H:%M}"] for lock in locks}
    return f"event: locks\ndata: {json.dumps(told)}\n\n".encode()
