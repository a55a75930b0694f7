"""Tells requests that wait for a study, without a thread each, that something has happened to it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Announcements:
    """Listeners on any event loop, told from any thread of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = {}

    @contextmanager
    def listening(self, key: str) -> Iterator[asyncio.Event]:
        """Give an event that is set at each announcement of `key`; for use on a running loop."""
        listener = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._listeners.setdefault(key, []).append(listener)
        try:
            yield listener[1]
        finally:
            with self._lock:
                self._listeners[key].remove(listener)
                if not self._listeners[key]:
                    del self._listeners[key]

    def announce(self, key: str) -> None:
        """Wake whoever listens to `key`."""
        with self._lock:
            for loop, event in self._listeners.get(key, ()):
                if not loop.is_closed():
                    loop.call_soon_threadsafe(event.set)
