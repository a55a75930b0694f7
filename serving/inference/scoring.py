"""Scores what waits for the model: decoded, through the network together, explained and kept one by one."""

import logging
import time
from dataclasses import dataclass
from functools import partial

from bootstrap.web import WebServices
from feedback.implicit import file_if_contradicted
from overread.domain.errors import InputError
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey
from overread.domain.predictions import Prediction
from overread.domain.studies import Instance, Study, StudyState
from overread.store.outbox import Parcel
from overread.store.unit_of_work import UnitOfWork
from overread.studies.predicting import keep_prediction
from overread.studies.rescoring import RESCORE
from overread.studies.screening import PREDICT
from serving.inference import batching, heatmaps
from serving.inference.batching import Grey, Scores
from serving.inference.model_slot import LoadedModel
from serving.inference.parcels import Parcels
from serving.inference.pictures import DecodedPictures
from serving.inference.shadow import ShadowScoring
from serving.metrics import Metrics

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Waiting:
    """One claimed study with its picture at the model's size, and when work on it began."""

    parcel: Parcel
    study: Study
    picture: Grey
    instance: Instance
    since: float


class Scoring:
    """A batch of studies a turn; `shadow` is told of each answer that production gave by itself."""

    def __init__(
        self,
        services: WebServices,
        parcels: Parcels,
        pictures: DecodedPictures,
        *,
        shadow: ShadowScoring,
        metrics: Metrics,
    ) -> None:
        self._services = services
        self._parcels = parcels
        self._pictures = pictures
        self._shadow = shadow
        self._metrics = metrics

    def turn(self, model: LoadedModel) -> bool:
        """Score what waits; say whether there was anything."""
        most = batching.most_at_once(model.contract.size)
        claimed = self._parcels.claimed(PREDICT, most)
        claimed += self._parcels.claimed(RESCORE, most - len(claimed))
        ready = [
            waiting
            for parcel, study in claimed
            if (waiting := self._parcels.safely("decode", parcel, partial(self._ready, parcel, study, model)))
        ]
        for waiting, scores in self._scored(model, ready):
            self._parcels.safely("keep", waiting.parcel, partial(self._keep, model, waiting, scores))
        return bool(claimed)

    def _ready(self, parcel: Parcel, study: Study, model: LoadedModel) -> _Waiting:
        since = time.perf_counter()
        with self._services.storage.look() as work:
            instances = work.studies.instances_of(study.uid)
        instance = next((each for each in instances if each.rows > 0), None)
        if instance is None:
            raise InputError("the study has no picture")
        picture = self._pictures.to_score(study.uid, instance.digest, model.contract.size)
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
                self._parcels.safely(
                    "score", waiting.parcel, partial(batching.score, model, [waiting.picture])
                ),
            )
            for waiting in ready
        )
        return [(waiting, scores[0]) for waiting, scores in one_by_one if scores is not None]

    def _keep(self, model: LoadedModel, waiting: _Waiting, scores: Scores) -> None:
        services, now = self._services, self._services.now()
        drawn = _heatmap(scores, waiting.instance)
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
            heatmap=None if drawn is None else services.storage.objects.put(drawn),
            embedding=scores.embedding,
            asked_by=asked_by,
        )

        def keep(work: UnitOfWork) -> Study:
            if drawn is not None:  # the same map of a study deleted meanwhile may just have been removed
                services.storage.objects.put(drawn)
            known = work.studies.prediction(prediction.study, model.version) is not None
            study = keep_prediction(
                work, prediction, task=services.task, language=services.settings.language, now=now
            )
            if not (known or study.deleted or asked_by):
                self._shadow.enrol(work, study.uid, model.version)
            report = work.reports.latest(study.uid)
            if report is not None:  # a report signed before the answer came may contradict it
                file_if_contradicted(work, report, task=services.task, answer_shown=False)
            elif study.state is StudyState.PREDICTED:
                _log.info("study %s gets no draft: the automatic normal text is off", study.uid)
            return study

        self._parcels.settle(waiting.parcel, keep)
        self._metrics.predictions.labels(model.version, scores.label).inc()


def _heatmap(scores: Scores, instance: Instance) -> bytes | None:
    if scores.label is Label.NO_FINDING:
        return None
    return heatmaps.png(heatmaps.overlay(scores.map, instance.rows, instance.columns))
