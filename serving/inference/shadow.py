"""Scores with a registered candidate what production has answered; nobody is shown it, and nobody waits."""

import logging
from datetime import timedelta

from bootstrap.signing import SiteKey, require_signed
from bootstrap.web import WebServices
from model_registry.shadow_run import end_if_complete, enrol, keep_answer, progress_of, topic_of
from overread.domain.errors import InputError, NotFoundError, OverreadError, RuleError
from overread.domain.identifiers import StudyUid, VersionKey
from overread.domain.shadows import Shadow, ShadowAnswer
from overread.domain.studies import StudyState
from overread.store.outbox import Parcel
from overread.store.unit_of_work import UnitOfWork
from overread.studies.intake import SCREEN
from overread.studies.screening import PREDICT
from serving.inference import batching
from serving.inference.batching import Grey
from serving.inference.heap import give_back
from serving.inference.model_slot import LoadedModel
from serving.metrics import Metrics

_log = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
THREADS = 1  # production keeps the others
QUIET = timedelta(seconds=1)  # after production's last answer: studies come in bursts
PAUSE = timedelta(minutes=1)  # before a candidate that could not be loaded is tried again


class ShadowScoring:
    """One study a turn, and only while production has had nothing to do for a second.

    A failure is counted and logged. The candidate's graph is in memory only while its shadow runs; one that
    cannot be loaded is tried again every minute.
    """

    def __init__(self, services: WebServices, *, metrics: Metrics) -> None:
        self._services = services
        self._metrics = metrics
        self._model: LoadedModel | None = None
        self._failure: str | None = None
        self._quiet_at = self._try_at = services.now()

    @property
    def failure(self) -> str | None:
        """Why the registered candidate cannot be loaded here; None while all is well."""
        return self._failure

    @property
    def loaded(self) -> bool:
        """Whether a candidate's graph is in memory."""
        return self._model is not None

    def enrol(self, work: UnitOfWork, study: StudyUid, production: VersionKey) -> None:
        """Ask for the candidate's answer in the transaction of production's; no error of ours may undo it."""
        now = self._services.now()
        self._quiet_at = now + QUIET
        try:
            enrol(work, study, production, task=self._services.task.name, now=now)
        except Exception:
            self._metrics.failures.labels("shadow").inc()
            _log.exception("study %s could not be asked for in shadow", study)

    def revive(self, work: UnitOfWork) -> None:
        """Take up what an earlier process had claimed."""
        shadow = work.shadows.running(self._services.task.name)
        if shadow is not None:
            work.outbox.revive(topic_of(shadow), now=self._services.now())

    def turn(self) -> bool:
        """Score one study, or end a shadow whose time is over; say whether there was anything to do."""
        with self._services.storage.look() as work:
            shadow = work.shadows.running(self._services.task.name)
            if shadow is None:
                self._free()
                return False
            progress = progress_of(work, shadow)
            busy = any(work.outbox.waiting(topic) for topic in (SCREEN, PREDICT))
        now = self._services.now()
        if shadow.is_complete(progress, now=now):
            return self._end(shadow)
        if busy or now < self._quiet_at:
            return False
        model = self._current(shadow)
        return model is not None and self._take_one(shadow, model)

    def _end(self, shadow: Shadow) -> bool:
        with self._services.storage.work() as work:
            ended = end_if_complete(work, shadow, now=self._services.now())
            work.commit()
        return ended

    def _free(self) -> None:
        self._failure = None
        if self._model is not None:
            self._model = None
            give_back()

    def _current(self, shadow: Shadow) -> LoadedModel | None:
        """Return the candidate's graph, loaded where it is not; None where it cannot be."""
        if self._model is not None and self._model.version == shadow.candidate:
            return self._model
        self._model = None
        now = self._services.now()
        if self._failure is not None and now < self._try_at:
            return None
        try:
            self._model, self._failure = self._loaded(shadow), None
        except Exception as error:  # a broken candidate must not stop what serves
            self._metrics.failures.labels("shadow").inc()
            _log.exception("version %s cannot run in shadow", shadow.candidate)
            said = error if isinstance(error, OverreadError) else type(error).__name__
            self._failure, self._try_at = f"version {shadow.candidate}: {said}", now + PAUSE
        give_back()
        return self._model

    def _loaded(self, shadow: Shadow) -> LoadedModel:
        storage = self._services.storage
        with storage.look() as work:
            version = work.models.get(shadow.candidate)
        if version.digest != shadow.candidate_digest:
            raise RuleError("its package is another one than was registered")
        require_signed(version, SiteKey.read(self._services.settings.signing_key_path).public)
        with storage.objects.opened(version.digest) as package:
            return LoadedModel.load(version, package, threads=THREADS)

    def _take_one(self, shadow: Shadow, model: LoadedModel) -> bool:
        parcel = self._claimed(shadow)
        if parcel is None:
            return False
        study = StudyUid(parcel.key)
        try:
            answer = self._answer(shadow, study, model)
        except Exception as error:  # one study must not end the shadow
            self._metrics.failures.labels("shadow").inc()
            _log.exception("version %s failed in shadow on study %s", model.version, study)
            lasting = isinstance(error, InputError | NotFoundError)
            if not lasting and parcel.attempts + 1 < MOST_ATTEMPTS:
                self._put_back(parcel, type(error).__name__)
                return True
            answer = ShadowAnswer(
                shadow=shadow.id, study=study, made_at=self._services.now(), failure=type(error).__name__
            )
        self._keep(shadow, parcel, answer)
        return True

    def _claimed(self, shadow: Shadow) -> Parcel | None:
        """Claim a study; while none waits, never ask for the write lock."""
        with self._services.storage.look() as work:
            if not work.outbox.waiting(topic_of(shadow)):
                return None
        with self._services.storage.work() as work:
            parcel = work.outbox.claim(topic_of(shadow), now=self._services.now())
            work.commit()
        return parcel

    def _answer(self, shadow: Shadow, study: StudyUid, model: LoadedModel) -> ShadowAnswer:
        picture = self._picture(study, model.contract.size)
        (scores,) = batching.score(model, [picture])
        return ShadowAnswer(
            shadow=shadow.id,
            study=study,
            made_at=self._services.now(),
            probability=scores.probability,
            threshold=model.contract.threshold,
            label=scores.label,
        )

    def _picture(self, study: StudyUid, size: int) -> Grey:
        with self._services.storage.look() as work:
            state = work.studies.get(study).state
            instances = work.studies.instances_of(study)
        shown = next((instance for instance in instances if instance.rows > 0), None)
        if shown is None or state in {StudyState.EXCLUDED, StudyState.QUARANTINED}:
            raise InputError("the study has no picture, or was set aside after production's answer")
        return self._services.decoder.decode(self._services.storage.objects.get(shown.digest), size)

    def _keep(self, shadow: Shadow, parcel: Parcel, answer: ShadowAnswer) -> None:
        now = self._services.now()
        with self._services.storage.work() as work:
            keep_answer(work, answer)
            work.outbox.done(parcel, at=now)
            end_if_complete(work, shadow, now=now)
            work.commit()

    def _put_back(self, parcel: Parcel, why: str) -> None:
        with self._services.storage.work() as work:
            work.outbox.failed(parcel, why, now=self._services.now())
            work.commit()
