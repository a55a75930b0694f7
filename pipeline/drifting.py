"""Is what comes in still what production was tested on? Gathers both windows and asks the drift check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from model_registry.kept_scores import Scores
from model_registry.ledger import Occasion, note_use
from model_registry.test_set import TestCase, cases_of
from monitoring.alerts import raise_once, resolve_gone
from monitoring.attributes import attributes
from monitoring.drift import check
from monitoring.features import Features, features
from monitoring.reports import keep_report
from monitoring.windows import Seen, windows
from overread.domain.alerts import Urgency
from overread.domain.datasets import Purpose
from overread.domain.drift import DriftVerdict
from overread.domain.errors import EvidenceError
from overread.domain.identifiers import StudyUid, derived_id
from overread.domain.models import ModelVersion
from overread.domain.predictions import Prediction
from overread.domain.studies import Study
from overread.store.monitoring import DriftCheck
from pipeline.comparing import frozen_test_set, test_scores
from pipeline.services import PipelineServices

WINDOW = timedelta(days=7)
MOST = 400  # studies in the current window: enough for any shift worth a stop, and soon computed


def check_drift(services: PipelineServices, *, window: timedelta = WINDOW, most: int = MOST) -> DriftCheck:
    """Compare the latest intake with the test set's studies and keep the verdict.

    A check that fails raises an alert, unless one stands; the next that passes resolves it.

    Raises
    ------
    EvidenceError
        No model is in production, so nothing has been read.
    """
    now = services.now()
    with services.storage.look() as work:
        production = work.models.production(services.task.name)
        studies = {study.uid: study for study in work.studies.all()}
        predictions = {p.study: p for p in work.studies.predictions_since(now - window)}
    if production is None:
        raise EvidenceError("no model is in production; there is no intake to compare")
    seen = [
        Seen(study=uid, patient=studies[uid].patient, at=prediction.made_at)
        for uid, prediction in predictions.items()
        if prediction.model_version == production.version and uid in studies
    ]
    chosen = windows(seen, now=now, span=window, most=most).current
    reference = reference_of(services, production, studies).features
    current = _current(services, [studies[uid] for uid in chosen], predictions)
    if not current.n and reference.embeddings is not None:
        current = replace(current, embeddings=reference.embeddings[:0])
    verdict, html = check(reference, current)
    return _keep(services, verdict, html)


def _current(
    services: PipelineServices, studies: Sequence[Study], predictions: dict[StudyUid, Prediction]
) -> Features:
    source = services.pictures()
    readable = set(source.readable([study.uid for study in studies]))
    studies = [study for study in studies if study.uid in readable]
    answers = [predictions[study.uid] for study in studies]
    return features(
        source.gather([study.uid for study in studies]) if studies else np.empty((0, 1, 1), np.uint8),
        [study.acquisition for study in studies],
        [answer.probability for answer in answers],
        embeddings=[answer.embedding for answer in answers],
        attributes=attributes(studies),
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reference:
    """The studies production was tested on, one a patient: pictures (n, size, size) and features."""

    pictures: NDArray[np.uint8]
    features: Features


def reference_of(
    services: PipelineServices, production: ModelVersion, studies: Mapping[StudyUid, Study]
) -> Reference:
    """Gather the studies production was tested on."""
    test_set = frozen_test_set(services)
    cases = cases_of(services.storage.objects, test_set)
    with services.storage.work() as work:
        occasion = Occasion(
            purpose=Purpose.DRIFT_REFERENCE,
            model=production.version,
            by="overread",
            why="what comes in is compared with the studies production was tested on",
        )
        entry = note_use(work, test_set, occasion, now=services.now())
        work.commit()
    scores = test_scores(services, production, test_set, cases, entry=entry)
    rows = _latest_of_each_patient(cases, studies)
    kept = [cases[row].study for row in rows]
    pictures = services.pictures().gather(kept)
    measured = features(
        pictures,
        [studies[uid].acquisition for uid in kept],
        _probabilities(scores, rows),
        embeddings=[tuple(float(x) for x in scores.embedding[row]) for row in rows],
        attributes=attributes([studies[uid] for uid in kept]),
    )
    return Reference(pictures=pictures, features=measured)


def _latest_of_each_patient(cases: Sequence[TestCase], studies: Mapping[StudyUid, Study]) -> list[int]:
    """Choose as the current window does: follow-ups differ from first visits."""
    in_time = sorted(range(len(cases)), key=lambda row: studies[cases[row].study].received_at)
    return sorted({cases[row].patient: row for row in in_time}.values())


def _probabilities(scores: Scores, rows: Sequence[int]) -> list[float]:
    return [float(scores.probability[row, 0]) for row in rows]


def _keep(services: PipelineServices, verdict: DriftVerdict, html: bytes) -> DriftCheck:
    now = services.now()
    if html:
        verdict = keep_report(services.storage.objects, verdict, html)
    kept = DriftCheck(id=derived_id("drift", now.isoformat()), at=now, verdict=verdict)
    with services.storage.work() as work:
        work.monitoring.add_check(kept)
        if verdict.passed is False:
            facts = {"columns": ", ".join(verdict.drifted), "n": str(verdict.n_current)}
            raise_once(
                work,
                "drift",
                Urgency.WARNING,
                facts,
                now=now,
                worse=lambda before: not set(verdict.drifted) <= set(before["columns"].split(", ")),
            )
        elif verdict.passed:
            resolve_gone(work, "drift", now=now)
        work.commit()
    return kept
