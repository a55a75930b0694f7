"""What goes with a deleted study, and what another study still needs."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from overread.domain.identifiers import Digest, PersonKey, VersionKey
from overread.domain.studies import Reason, StudyState
from overread.domain.tasks import Task
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork
from overread.studies.deletion import FORGET_PICTURES, REMOVE_OBJECT, delete, remove_object
from overread.studies.predicting import keep_prediction
from overread.studies.screening import quarantine
from tests.builders import a_digest, a_prediction, an_instance, keep_predicted, uid

OLGA = PersonKey("olga")
MAP, OTHER_MAP = a_digest("c"), a_digest("d")


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(str(tmp_path / "objects"))


def keep_drawn(work: UnitOfWork, number: int, *, heatmap: Digest, stored: Digest) -> None:
    """Keep a study with a stored object and an answer that has a heatmap."""
    study = keep_predicted(work, number)
    work.studies.save(replace(study, fingerprint=b"a small picture"))
    work.studies.add_instance(an_instance(number, digest=stored))
    work.studies.add_prediction(
        a_prediction(number, probability=0.9, model_version=VersionKey("2"), heatmap=heatmap)
    )


def deleted(work: UnitOfWork, number: int, *, now: datetime) -> None:
    quarantine(work, uid(number), [Reason(code="Q01_BURNED_IN_TEXT", text="text")], now=now)
    delete(work, uid(number), by=OLGA, reason="a name in the picture", now=now)


def asked_for(work: UnitOfWork, topic: str, *, now: datetime) -> list[str]:
    found = []
    while (parcel := work.outbox.claim(topic, now=now)) is not None:
        found.append(parcel.key)
    return found


def test_deleting_asks_for_bytes_heatmaps_and_cached_pictures_each_once(
    work: UnitOfWork, now: datetime
) -> None:
    keep_drawn(work, 1, heatmap=MAP, stored=a_digest("a"))
    work.studies.add_prediction(a_prediction(1, probability=0.9, model_version=VersionKey("3"), heatmap=MAP))
    deleted(work, 1, now=now)
    assert asked_for(work, REMOVE_OBJECT, now=now) == [a_digest("a"), MAP]
    assert asked_for(work, FORGET_PICTURES, now=now) == [uid(1)]


def test_the_small_picture_by_which_a_study_is_known_again_goes_at_once(
    work: UnitOfWork, now: datetime
) -> None:
    keep_drawn(work, 1, heatmap=MAP, stored=a_digest("a"))
    deleted(work, 1, now=now)
    study = work.studies.get(uid(1))
    assert (study.deleted, study.state, study.fingerprint) == (True, StudyState.EXCLUDED, None)


def test_bytes_are_removed_once_no_study_that_stays_has_them(
    work: UnitOfWork, objects: Objects, now: datetime
) -> None:
    heatmap, stored = objects.put(b"the same map"), objects.put(b"the same picture")
    for number in (1, 2):
        keep_drawn(work, number, heatmap=heatmap, stored=stored)
    deleted(work, 1, now=now)
    assert not remove_object(work, objects, heatmap)
    assert not remove_object(work, objects, stored)
    assert objects.get(heatmap) == b"the same map"
    deleted(work, 2, now=now)
    assert remove_object(work, objects, heatmap)
    assert remove_object(work, objects, stored)
    assert not objects.has(heatmap)
    assert not objects.has(stored)


def test_removing_twice_is_removing_once(work: UnitOfWork, objects: Objects, now: datetime) -> None:
    heatmap = objects.put(b"a map")
    keep_drawn(work, 1, heatmap=heatmap, stored=a_digest("a"))
    deleted(work, 1, now=now)
    assert [remove_object(work, objects, heatmap) for _ in range(2)] == [True, True]
    assert not objects.has(heatmap)


def test_an_answer_that_comes_after_the_deletion_is_dropped_with_its_heatmap(
    work: UnitOfWork, task: Task, now: datetime
) -> None:
    keep_drawn(work, 1, heatmap=MAP, stored=a_digest("a"))
    deleted(work, 1, now=now)
    asked_for(work, REMOVE_OBJECT, now=now)
    late = a_prediction(1, probability=0.9, model_version=VersionKey("3"), heatmap=OTHER_MAP)
    study = keep_prediction(work, late, task=task, language="en", now=now)
    assert study.deleted
    assert work.studies.prediction(uid(1), VersionKey("3")) is None
    assert asked_for(work, REMOVE_OBJECT, now=now) == [OTHER_MAP]


def test_a_deleted_study_is_never_set_aside_again(work: UnitOfWork, now: datetime) -> None:
    keep_drawn(work, 1, heatmap=MAP, stored=a_digest("a"))
    deleted(work, 1, now=now)
    assert quarantine(work, uid(1), [Reason(code="UNREADABLE", text="x")], now=now).deleted
    assert work.studies.get(uid(1)).state is StudyState.EXCLUDED
