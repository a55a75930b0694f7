"""Neighbours of a network are a leak where their pictures show one exposure; nothing is scored for it."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from feedback.datasets import load
from feedback.leaks import Kind
from model_registry.kept_scores import kept_scores
from model_registry.test_set import cases_of
from overread.domain.datasets import Split
from overread.domain.findings import Label
from overread.domain.identifiers import StudyUid, VersionKey
from overread.domain.predictions import Prediction
from pipeline import neighbours
from pipeline.comparing import compare, frozen_test_set
from pipeline.leaks import hidden_leaks
from pipeline.services import PipelineServices
from tests.pipeline.departments import in_split

RNG = np.random.default_rng(3)


def read(services: PipelineServices, embeddings: dict[StudyUid, list[float]]) -> None:
    """Keep what production made of studies that it has read."""
    with services.storage.work() as work:
        model = work.models.get("1")
        for study, embedding in embeddings.items():
            work.studies.add_prediction(
                Prediction(
                    study=study,
                    model_version=model.version,
                    model_digest=model.digest,
                    probability=0.0,
                    threshold=0.5,
                    label=Label.NO_FINDING,
                    made_at=services.now() - timedelta(hours=1),
                    milliseconds=1.0,
                    embedding=tuple(embedding),
                )
            )
        work.commit()


def near(services: PipelineServices) -> list[tuple[StudyUid, StudyUid]]:
    """Return the neighbours between what version 1 learned from and the test set."""
    tested = cases_of(services.storage.objects, frozen_test_set(services))
    with services.storage.look() as work:
        dataset = work.datasets.get(work.models.get("1").lineage.dataset_version)
        learned = {row.study: row.patient for row in load(services.storage.objects, dataset.digest)}
        studies = {study.uid: study for study in work.studies.all()}
        found = hidden_leaks(services, work, studies, learned, {case.study: case.patient for case in tested})
    return [(leak.leaves, leak.stays) for leak in found if leak.kind is Kind.NEIGHBOUR]


def test_a_neighbour_is_a_leak_only_if_it_is_the_same_exposure(
    school: PipelineServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "ENOUGH", 20)
    compare(school, "1", by="tests", why="first")
    assert near(school) == []  # nobody has read the training studies
    with school.storage.work() as work:
        model = work.models.get("1")
        work.models.put_in_production(
            school.task.name, VersionKey("1"), at=school.now(), by=["ann", "bob"], reason="", rollback=False
        )
        work.commit()
    tested, learned = in_split(school, Split.TEST)[0], in_split(school, Split.TRAIN)
    cases = cases_of(school.storage.objects, frozen_test_set(school))
    with school.storage.look() as work:
        scores = kept_scores(
            work, school.storage.objects, model=model.digest, dataset=frozen_test_set(school).digest
        )
    assert scores is not None
    row = [case.study for case in cases].index(tested.uid)
    spread = scores.embedding.std(axis=0)
    made = {
        study.uid: (scores.embedding.mean(axis=0) + 3 * spread * RNG.normal(size=spread.size)).tolist()
        for study in learned
    }
    read(school, made | {learned[0].uid: scores.embedding[row].tolist()})
    assert near(school) == []  # alike to the network, and another picture
    with school.storage.work() as work:
        work.studies.save(replace(learned[0], fingerprint=tested.fingerprint))
        work.commit()
    assert near(school) == [(learned[0].uid, tested.uid)]
