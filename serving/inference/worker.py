"""Screens and scores what waits, in threads of the serving process, and follows the production row.

What deleted studies leave behind goes here too: the serving process alone is always there.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bootstrap.web import WebServices
from feedback.implicit import file_if_contradicted
from overread.domain.errors import InputError, NotFoundError, OverreadError
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey, StudyUid
from overread.domain.predictions import Prediction
from overread.domain.studies import Instance, Reason, Study, StudyState
from overread.store.outbox import Parcel
from overread.store.unit_of_work import UnitOfWork
from overread.studies.arrivals import likeness_of, screen_stored
from overread.studies.intake import SCREEN
from overread.studies.predicting import claim_next, keep_prediction
from overread.studies.rescoring import RESCORE
from overread.studies.screening import PREDICT, keep_screening, quarantine
from serving.announcements import Announcements
from serving.inference import batching, heatmaps
from serving.inference.batching import Scores
from serving.inference.model_slot import LoadedModel, ModelSlot
from serving.inference.removal import TOPICS, Removal
from serving.inference.shadow import ShadowScoring
from serving.metrics import Metrics

_log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
MOST_ATTEMPTS = 3
_REMEMBERED = 4 * batching.LARGEST

Grey = NDArray[np.uint8]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Waiting:
    """One claimed study with its picture at the model's size, and when work on it began."""

    parcel: Parcel
    study: Study
    picture: Grey
    instance: Instance
    since: float


class Worker:
    """Two threads: one screens and scores, one keeps the slot on the production version.

    A third scores in shadow; whatever befalls it, the server serves.
    A study that cannot be read is quarantined with its reason; what fails otherwise is tried again a few
    times. No study stops the next one.
    """

    def __init__(
        self, services: WebServices, slot: ModelSlot, *, announcements: Announcements, metrics: Metrics
    ) -> None:
        self._services = services
        self._slot = slot
        self._announcements = announcements
        self._metrics = metrics
        self._stopping = threading.Event()
        self._arrived, self._changed = threading.Event(), threading.Event()
        self._pictures: dict[tuple[StudyUid, int], Grey] = {}
        self._removal = Removal(services, self._forget_picture)
        self.shadow = ShadowScoring(services, metrics=metrics)
        self._answered = threading.Event()
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
        screened = self._screen_batch()
        scored = self._score_batch()
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

    def _claimed(self, topic: str, most: int) -> list[tuple[Parcel, Study]]:
        """Claim up to `most`; while nothing waits, never ask for the write lock."""
        with self._services.storage.look() as work:
            if not work.outbox.waiting(topic):
                return []
        found: list[tuple[Parcel, Study]] = []
        with self._services.storage.work() as work:
            while len(found) < most:
                claimed = claim_next(work, topic, now=self._services.now())
                if claimed is None:
                    break
                found.append(claimed)
            work.commit()
        return found

    def _screen_batch(self) -> bool:
        claimed = self._claimed(SCREEN, batching.LARGEST)
        for parcel, study in claimed:
            self._safely("screen", parcel, partial(self._screen, parcel, study))
        return bool(claimed)

    def _screen(self, parcel: Parcel, study: Study) -> None:
        instances = self._instances(study.uid)
        shown = next((instance for instance in instances if instance.rows > 0), None)
        content = self._services.storage.objects.get((shown or instances[0]).digest)
        picture = None if shown is None else self._decode(study.uid, content)
        screening = screen_stored(content, picture, instances)
        likeness = None if picture is None else likeness_of(picture)

        def keep(work: UnitOfWork) -> Study:
            return keep_screening(work, study.uid, screening, fingerprint=likeness, now=self._services.now())

        self._settle(parcel, keep)

    def _score_batch(self) -> bool:
        model = self._slot.current
        if model is None:
            return False
        most = batching.most_at_once(model.contract.size)
        claimed = self._claimed(PREDICT, most)
        claimed += self._claimed(RESCORE, most - len(claimed))
        ready = [
            waiting
            for parcel, study in claimed
            if (waiting := self._safely("decode", parcel, partial(self._ready, parcel, study, model)))
        ]
        for waiting, scores in self._scored(model, ready):
            self._safely("keep", waiting.parcel, partial(self._keep, model, waiting, scores))
        return bool(claimed)

    def _ready(self, parcel: Parcel, study: Study, model: LoadedModel) -> _Waiting:
        since = time.perf_counter()
        instance = next((each for each in self._instances(study.uid) if each.rows > 0), None)
        if instance is None:
            raise InputError("the study has no picture")
        size = model.contract.size
        picture = self._pictures.pop((study.uid, size), None)
        if picture is None:
            content = self._services.storage.objects.get(instance.digest)
            picture = self._services.decoder.decode(content, size)
        return _Waiting(parcel=parcel, study=study, picture=picture, instance=instance, since=since)

    def _scored(self, model: LoadedModel, ready: list[_Waiting]) -> list[tuple[_Waiting, Scores]]:
        """Score all at once; where that fails, one by one, so that one picture cannot hold up the others."""
        if not ready:
            return []
        try:
            with self._metrics.scoring.time():
                scores = batching.score(model, [waiting.picture for waiting in ready])
            return list(zip(ready, scores, strict=True))
        except Exception:  # the runtime's own exceptions share no base of ours
            _log.exception("a batch of %d could not be scored; one by one now", len(ready))
        one_by_one = (
            (
                waiting,
                self._safely("score", waiting.parcel, partial(batching.score, model, [waiting.picture])),
            )
            for waiting in ready
        )
        return [(waiting, scores[0]) for waiting, scores in one_by_one if scores is not None]

    def _keep(self, model: LoadedModel, waiting: _Waiting, scores: Scores) -> None:
        now = self._services.now()
        drawn = self._heatmap(scores, waiting.instance)
        asked_by = PersonKey(str(waiting.parcel.payload["by"])) if waiting.parcel.topic == RESCORE else None
        prediction = Prediction(
            study=waiting.study.uid,
            model_version=model.version,
            model_digest=model.digest,
            probability=scores.probability,
            threshold=model.contract.threshold,
            label=scores.label,
            made_at=now,
            milliseconds=(time.perf_counter() - waiting.since) * 1000,
            by_finding=scores.by_finding,
            heatmap=None if drawn is None else self._services.storage.objects.put(drawn),
            embedding=scores.embedding,
            asked_by=asked_by,
        )
        services = self._services

        def keep(work: UnitOfWork) -> Study:
            if drawn is not None:  # the same map of a study deleted meanwhile may just have been removed
                services.storage.objects.put(drawn)
            known = work.studies.prediction(prediction.study, model.version) is not None
            study = keep_prediction(
                work, prediction, task=services.task, language=services.settings.language, now=now
            )
            if not (known or study.deleted or asked_by):
                self.shadow.enrol(work, study.uid, model.version)
            report = work.reports.latest(study.uid)
            if report is not None:  # a report signed before the answer came may contradict it
                file_if_contradicted(work, report, task=services.task, answer_shown=False)
            elif study.state is StudyState.PREDICTED:
                _log.info("study %s gets no draft: the automatic normal text is off", study.uid)
            return study

        self._settle(waiting.parcel, keep)
        self._metrics.predictions.labels(model.version, scores.label).inc()

    def _heatmap(self, scores: Scores, instance: Instance) -> bytes | None:
        if scores.label is Label.NO_FINDING:
            return None
        return heatmaps.png(heatmaps.overlay(scores.map, instance.rows, instance.columns))

    def _settle(self, parcel: Parcel, act: Callable[[UnitOfWork], Study]) -> None:
        """Do one write and note its parcel done, both or neither; then tell who waits."""
        with self._services.storage.work() as work:
            study = act(work)
            work.outbox.done(parcel, at=self._services.now())
            work.commit()
        if study.set_aside:
            self._metrics.set_aside.labels(study.state).inc()
        if study.state is StudyState.SCREENED:
            self._arrived.set()
        self._announcements.announce(study.uid)

    def _safely(self, step: str, parcel: Parcel, act: Callable[[], T]) -> T | None:
        """Return what `act` returns; where it fails, set the study aside or put it back, and return None."""
        try:
            return act()
        except (InputError, NotFoundError) as error:
            self._set_aside(parcel, Reason(code="UNREADABLE", text=str(error)))
        except Exception as error:  # the worker must outlive one study
            self._metrics.failures.labels(step).inc()
            _log.exception("step %s failed for study %s", step, parcel.key)
            lasting = not isinstance(error, OverreadError) and parcel.attempts + 1 >= MOST_ATTEMPTS
            if lasting:
                text = f"failed {MOST_ATTEMPTS} times in step {step}: {type(error).__name__}"
                self._set_aside(parcel, Reason(code="FAILED", text=text))
            else:
                self._put_back(parcel, type(error).__name__)
        return None

    def _set_aside(self, parcel: Parcel, reason: Reason) -> None:
        uid = StudyUid(parcel.key)
        if parcel.topic == RESCORE:  # the answer that the study has stays
            _log.warning("study %s is not scored again: %s", uid, reason.code)
            self._settle(parcel, lambda work: work.studies.get(uid))
            return
        self._settle(parcel, lambda work: quarantine(work, uid, [reason], now=self._services.now()))

    def _put_back(self, parcel: Parcel, why: str) -> None:
        with self._services.storage.work() as work:
            work.outbox.failed(parcel, why, now=self._services.now())
            work.commit()

    def _instances(self, uid: StudyUid) -> list[Instance]:
        with self._services.storage.look() as work:
            return work.studies.instances_of(uid)

    def _decode(self, uid: StudyUid, content: bytes) -> Grey:
        """Decode at the size the model will ask for, and keep the picture until it does."""
        model = self._slot.current
        size = self._services.task.image_size if model is None else model.contract.size
        picture = self._services.decoder.decode(content, size)
        if model is not None:
            self._pictures[uid, size] = picture
            while len(self._pictures) > _REMEMBERED:
                self._pictures.pop(next(iter(self._pictures)))
        return picture

    def _forget_picture(self, uid: StudyUid) -> None:
        for key in [key for key in self._pictures if key[0] == uid]:
            del self._pictures[key]
