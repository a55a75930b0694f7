"""Scores are kept once a model and dataset, and of a large file only the maps are read."""

from datetime import datetime

import numpy as np

from model_registry.evaluation import score
from model_registry.kept_scores import keep_scores, kept_at, kept_scores, maps_at
from model_registry.packaging import open_package
from overread.domain.identifiers import Digest
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork
from tests.model_registry.toys import a_package, pictures

DATASET, OTHER = Digest("d" * 64), Digest("e" * 64)


def test_kept_scores_come_back_for_their_model_and_dataset_only(
    work: UnitOfWork, objects: Objects, now: datetime
) -> None:
    package = open_package(a_package())
    scores = score(package, pictures([10, 200]))
    assert kept_scores(work, objects, model=package.digest, dataset=DATASET) is None
    keep_scores(work, objects, scores, model=package.digest, dataset=DATASET, now=now)
    known = kept_scores(work, objects, model=package.digest, dataset=DATASET)
    assert known is not None
    assert np.array_equal(known.probability, scores.probability)
    assert np.array_equal(known.embedding, scores.embedding)
    assert np.array_equal(known.map, scores.map)
    assert kept_scores(work, objects, model=package.digest, dataset=OTHER) is None
    assert kept_scores(work, objects, model=OTHER, dataset=DATASET) is None


def test_the_first_scores_of_a_model_stay(work: UnitOfWork, objects: Objects, now: datetime) -> None:
    package = open_package(a_package())
    first, later = score(package, pictures([10, 200])), score(package, pictures([20, 210]))
    for scores in (first, later):
        keep_scores(work, objects, scores, model=package.digest, dataset=DATASET, now=now)
    known = kept_scores(work, objects, model=package.digest, dataset=DATASET)
    assert known is not None
    assert np.array_equal(known.probability, first.probability)


def test_the_same_scores_are_one_object(work: UnitOfWork, objects: Objects, now: datetime) -> None:
    scores = score(open_package(a_package()), pictures([10, 200]))
    digests = {
        keep_scores(work, objects, scores, model=model, dataset=DATASET, now=now)
        for model in (DATASET, OTHER)
    }
    assert len(digests) == 1


def test_the_maps_of_some_rows_are_the_maps_that_were_scored(
    work: UnitOfWork, objects: Objects, now: datetime
) -> None:
    package = open_package(a_package())
    scores = score(package, pictures([10, 200, 90]))
    keep_scores(work, objects, scores, model=package.digest, dataset=DATASET, now=now)
    place = kept_at(work, model=package.digest, dataset=DATASET)
    assert place is not None
    assert np.array_equal(maps_at(objects, place, (2, 0)), scores.map[[2, 0]])
    assert kept_at(work, model=OTHER, dataset=DATASET) is None
