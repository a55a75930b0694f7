"""Studies that wait for a step: claimed, settled in one write, or put back or set aside where it fails."""

import logging
from collections.abc import Callable
from typing import TypeVar

from bootstrap.web import WebServices
from overread.domain.errors import InputError, NotFoundError, OverreadError
from overread.domain.identifiers import StudyUid
from overread.domain.studies import Reason, Study, StudyState
from overread.store.outbox import Parcel
from overread.store.unit_of_work import UnitOfWork
from overread.studies.predicting import claim_next
from overread.studies.rescoring import RESCORE
from overread.studies.screening import quarantine
from serving.announcements import Announcements
from serving.metrics import Metrics

_log = logging.getLogger(__name__)

MOST_ATTEMPTS = 3

T = TypeVar("T")


class Parcels:
    """Hands out waiting studies and settles them; no study stops the next one.

    A study that cannot be read is quarantined with its reason; what fails otherwise is tried again a few
    times. `on_screened` is called when a study has come to wait for its score.
    """

    def __init__(
        self,
        services: WebServices,
        *,
        announcements: Announcements,
        metrics: Metrics,
        on_screened: Callable[[], None],
    ) -> None:
        self._services = services
        self._announcements = announcements
        self._metrics = metrics
        self._on_screened = on_screened

    def claimed(self, topic: str, most: int) -> list[tuple[Parcel, Study]]:
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

    def settle(self, parcel: Parcel, act: Callable[[UnitOfWork], Study]) -> None:
        """Do one write and note its parcel done, both or neither; then tell who waits."""
        with self._services.storage.work() as work:
            study = act(work)
            work.outbox.done(parcel, at=self._services.now())
            work.commit()
        if study.set_aside:
            self._metrics.set_aside.labels(study.state).inc()
        if study.state is StudyState.SCREENED:
            self._on_screened()
        self._announcements.announce(study.uid)

    def safely(self, step: str, parcel: Parcel, act: Callable[[], T]) -> T | None:
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
            self.settle(parcel, lambda work: work.studies.get(uid))
            return
        self.settle(parcel, lambda work: quarantine(work, uid, [reason], now=self._services.now()))

    def _put_back(self, parcel: Parcel, why: str) -> None:
        with self._services.storage.work() as work:
            work.outbox.failed(parcel, why, now=self._services.now())
            work.commit()
