"""Screens and scores what waits, in threads of the serving process, and follows the production row.

What deleted studies leave behind goes here too: the serving process alone is always there.
"""

import logging
import threading
from collections.abc import Callable

from bootstrap.web import WebServices
from overread.studies.intake import SCREEN
from overread.studies.rescoring import RESCORE
from overread.studies.screening import PREDICT
from serving.announcements import Announcements
from serving.inference.model_slot import ModelSlot
from serving.inference.parcels import Parcels
from serving.inference.pictures import DecodedPictures
from serving.inference.removal import TOPICS, Removal
from serving.inference.scoring import Scoring
from serving.inference.screening import Screening
from serving.inference.shadow import ShadowScoring
from serving.metrics import Metrics

_log = logging.getLogger(__name__)

POLL_SECONDS = 0.5


class Worker:
    """Two threads: one screens and scores, one keeps the slot on the production version.

    A third scores in shadow; whatever befalls it, the server serves.
    """

    def __init__(
        self, services: WebServices, slot: ModelSlot, *, announcements: Announcements, metrics: Metrics
    ) -> None:
        self._services = services
        self._slot = slot
        self._metrics = metrics
        self._stopping = threading.Event()
        self._arrived, self._changed = threading.Event(), threading.Event()
        self._answered = threading.Event()
        parcels = Parcels(
            services, announcements=announcements, metrics=metrics, on_screened=self._arrived.set
        )
        self.pictures = DecodedPictures(services, slot)
        self.shadow = ShadowScoring(services, metrics=metrics)
        self.screening = Screening(services, parcels, self.pictures)
        self._scoring = Scoring(services, parcels, self.pictures, shadow=self.shadow, metrics=metrics)
        self._removal = Removal(services, self.pictures.forget)
        self._threads = [
            threading.Thread(target=self._run, args=step, name=name, daemon=True)
            for name, step in (
                ("inference", (self.turn, self._arrived)),
                ("production", (self.follow, self._changed)),
                ("shadow", (self.shadow.turn, self._answered)),
            )
        ]

    def start(self) -> None:
        """Take up what an earlier process left, and begin."""
        with self._services.storage.work() as work:
            for topic in (SCREEN, PREDICT, RESCORE, *TOPICS):
                work.outbox.revive(topic, now=self._services.now())
            self.shadow.revive(work)
            work.commit()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish the batch in hand and end."""
        self._stopping.set()
        self.wake()
        for thread in self._threads:
            thread.join()

    def wake(self) -> None:
        """Look at once for new studies and for a new production version."""
        self._arrived.set()
        self._changed.set()
        self._answered.set()

    @property
    def alive(self) -> bool:
        """Whether the two threads run without which nothing is served."""
        return all(thread.is_alive() for thread in self._threads if thread.name != "shadow")

    def turn(self) -> bool:
        """Screen and score one batch of what waits, remove one thing; say whether there was anything."""
        self._services.decoder.warm()  # from here, not before: the server answers while the child starts
        screened = self.screening.turn()
        model = self._slot.current
        scored = model is not None and self._scoring.turn(model)
        removed = self._removal.turn()
        return screened or scored or removed

    def follow(self) -> bool:
        """Serve what the production row says; a change wakes the scoring."""
        if self._slot.follow():
            self._arrived.set()
            model = self._slot.current
            self._metrics.production.clear()
            if model is not None:
                self._metrics.production.labels(model.version, model.precision).set(1)
        return False

    def _run(self, step: Callable[[], bool], woken: threading.Event) -> None:
        while not self._stopping.is_set():
            woken.clear()
            busy = False
            try:
                busy = step()
            except Exception:  # the loop must outlive whatever one turn meets
                self._metrics.failures.labels("turn").inc()
                _log.exception("a turn of the %s thread failed", threading.current_thread().name)
            if not busy:
                woken.wait(POLL_SECONDS)
