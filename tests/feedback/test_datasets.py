"""Frozen datasets: what goes in, what never does, and the same content under the same version."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import cv2
import numpy as np
import pytest

from bootstrap.storage import Storage
from feedback.datasets import DatasetRow, Recipe, gather, keep, load
from feedback.leaks import Leak, leaks, look_alikes
from overread.domain.adjudication import Grade
from overread.domain.datasets import DatasetVersion, Split
from overread.domain.errors import EvidenceError
from overread.domain.findings import Label
from overread.domain.identifiers import PatientKey
from overread.domain.studies import Acquisition
from overread.domain.tasks import Task
from overread.imaging.likeness import fingerprint
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork
from tests.builders import (
    NOW,
    a_correction,
    a_finding,
    a_label,
    a_study,
    an_agreement,
    keep_study,
    uid,
)

HAS, NO = Label.HAS_FINDING, Label.NO_FINDING
MINUTE = timedelta(minutes=1)
TRAIN, TUNE, TEST = Split.TRAIN, Split.TUNE, Split.TEST
SPLITS = {1: TRAIN, 2: TRAIN, 3: TRAIN, 4: TUNE, 5: TUNE, 6: TEST, 8: TRAIN}


@pytest.fixture
def objects(storage: Storage) -> Objects:
    return storage.objects


@pytest.fixture
def collection(work: UnitOfWork) -> UnitOfWork:
    """Keep labelled studies of a patient each: odd ones have a finding."""
    for number, split in SPLITS.items():
        keep_study(work, a_study(number, patient=PatientKey(f"patient-{number}")), split=split)
        work.labels.add(a_label(number, label=HAS if number % 2 else NO))
    return work


def build(
    work: UnitOfWork, objects: Objects, *, task: Task, recipe: Recipe, by: str, now: datetime
) -> DatasetVersion:
    return keep(work, objects, gather(work, task=task, recipe=recipe), by=by, now=now)


def built(work: UnitOfWork, objects: Objects, task: Task, **recipe: bool) -> DatasetVersion:
    return build(work, objects, task=task, recipe=Recipe(**recipe), by="olga", now=NOW)


def rows_of(objects: Objects, dataset: DatasetVersion) -> dict[int, DatasetRow]:
    return {int(row.study.rsplit(".", 1)[1]): row for row in load(objects, dataset.digest)}


def corrected(work: UnitOfWork, number: int, label: Label = HAS) -> None:
    """Keep what a case settled; it names the study's case."""
    settled = a_label(
        number,
        id=f"settled-{number}",
        label=label,
        grade=Grade.DOUBLE,
        source="adjudication",
        at=NOW + MINUTE,
        findings=(a_finding("calcification", box=(180, 200, 360, 600)),),
    )
    work.labels.add(settled)


def test_a_test_patient_never_trains(collection: UnitOfWork, objects: Objects, task: Task) -> None:
    corrected(collection, 6)
    collection.corrections.add(a_correction(6))
    for recipe in (Recipe(), Recipe(unadjudicated=True), Recipe(corrections=False)):
        dataset = build(collection, objects, task=task, recipe=recipe, by="olga", now=NOW)
        assert 6 not in rows_of(objects, dataset)
        assert all(row.split is not Split.TEST for row in load(objects, dataset.digest))


def test_the_same_content_is_the_same_version(collection: UnitOfWork, objects: Objects, task: Task) -> None:
    first = built(collection, objects, task)
    again = build(
        collection, objects, task=task, recipe=Recipe(), by="someone-else", now=NOW + timedelta(days=1)
    )
    assert again == first
    assert collection.datasets.all() == [first]
    assert len([row for row in collection.audit.rows() if row.event.action == "dataset-built"]) == 1


def test_new_labels_make_a_new_version_with_its_parent(
    collection: UnitOfWork, objects: Objects, task: Task
) -> None:
    first = built(collection, objects, task)
    corrected(collection, 2)
    second = build(collection, objects, task=task, recipe=Recipe(), by="olga", now=NOW + timedelta(hours=1))
    assert (second.parent, second.corrections, first.corrections) == (first.version, 1, 0)
    assert second.version != first.version
    assert first.counts == {
        "train.has_finding": 2,
        "train.no_finding": 2,
        "tune.has_finding": 1,
        "tune.no_finding": 1,
    }
    assert rows_of(objects, first)[2].label is NO  # a frozen version stays what it was


def test_a_settled_case_overrules_the_registered_label(
    collection: UnitOfWork, objects: Objects, task: Task
) -> None:
    corrected(collection, 2)
    row = rows_of(objects, built(collection, objects, task))[2]
    assert (row.label, row.grade, row.correction) == (HAS, Grade.DOUBLE, True)
    assert row.findings == (("calcification", (0.1, 0.1, 0.2, 0.3)),)  # shares of 1800 by 2000


def test_a_box_without_a_known_picture_size_is_left_out(
    collection: UnitOfWork, objects: Objects, task: Task
) -> None:
    collection.studies.save(replace(collection.studies.get(uid(2)), acquisition=Acquisition()))
    corrected(collection, 2)
    assert rows_of(objects, built(collection, objects, task))[2].findings == (("calcification", None),)


def test_without_replay_the_registered_training_set_is_missing_and_said_so(
    collection: UnitOfWork, objects: Objects, task: Task
) -> None:
    corrected(collection, 1, HAS)
    corrected(collection, 2, NO)
    dataset = built(collection, objects, task, registered=False)
    rows = rows_of(objects, dataset)
    assert not dataset.registered
    assert {number for number, row in rows.items() if row.split is Split.TRAIN} == {1, 2}
    assert {number for number, row in rows.items() if row.split is Split.TUNE} == {4, 5}  # never thinned


def test_without_corrections_only_registered_labels_count(
    collection: UnitOfWork, objects: Objects, task: Task
) -> None:
    corrected(collection, 2)
    dataset = built(collection, objects, task, corrections=False)
    assert (dataset.corrections, rows_of(objects, dataset)[2].label) == (0, NO)


def test_claims_as_filed_enter_only_when_asked_for_and_only_training(
    collection: UnitOfWork, objects: Objects, task: Task
) -> None:
    for number in (2, 4):
        collection.corrections.add(a_correction(number))
    assert built(collection, objects, task).corrections == 0
    rows = rows_of(objects, built(collection, objects, task, unadjudicated=True))
    assert (rows[2].label, rows[2].grade, rows[2].correction) == (HAS, Grade.SINGLE, True)
    assert (rows[4].label, rows[4].correction) == (NO, False)


def test_a_claim_taken_back_or_changed_does_not_count(
    collection: UnitOfWork, objects: Objects, task: Task, now: datetime
) -> None:
    collection.corrections.add(a_correction(2, by="rita"))
    collection.corrections.withdraw("correction-2-rita", at=now)
    collection.corrections.add(a_correction(2, by="remy"))
    collection.corrections.add(an_agreement(2, by="remy", at=NOW + MINUTE))
    dataset = built(collection, objects, task, unadjudicated=True)
    assert (dataset.corrections, rows_of(objects, dataset)[2].label) == (0, NO)


def test_a_study_outside_the_cohort_or_without_a_label_is_left_out(
    collection: UnitOfWork, objects: Objects, task: Task
) -> None:
    collection.studies.save(replace(collection.studies.get(uid(3)), cohort=False))
    keep_study(collection, a_study(9, patient=PatientKey("patient-9")))
    assert set(rows_of(objects, built(collection, objects, task))) == {1, 2, 4, 5, 8}


def test_a_signed_report_alone_is_no_training_label(
    collection: UnitOfWork, objects: Objects, task: Task
) -> None:
    keep_study(collection, a_study(9, patient=PatientKey("patient-9")))
    collection.labels.add(a_label(9, source="signed-report", label=HAS))
    assert 9 not in rows_of(objects, built(collection, objects, task))


def test_one_class_is_nothing_to_train_on(work: UnitOfWork, objects: Objects, task: Task) -> None:
    with pytest.raises(EvidenceError, match="both classes"):
        built(work, objects, task)
    keep_study(work, a_study(1))
    work.labels.add(a_label(1))
    with pytest.raises(EvidenceError, match="both classes"):
        built(work, objects, task)


def a_picture(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    grey = cv2.resize(
        rng.integers(0, 256, (24, 24), dtype=np.uint8), (256, 256), interpolation=cv2.INTER_CUBIC
    )
    return bytes(fingerprint(np.asarray(grey, np.uint8)))


def test_a_look_alike_leaves_training_first_then_tuning_and_the_test_set_never(
    collection: UnitOfWork, objects: Objects, task: Task
) -> None:
    same = {1: 71, 4: 71, 5: 72, 6: 72, 2: 73, 3: 73}  # train and tune, tune and test, both train
    for number, seed in same.items():
        study = collection.studies.get(uid(number))
        collection.studies.save(replace(study, fingerprint=a_picture(seed)))
    dataset = built(collection, objects, task)
    assert set(rows_of(objects, dataset)) == {2, 3, 4, 8}
    left_out = collection.audit.rows()[-1].event.details["left_out"]
    assert left_out == [
        {"study": uid(1), "because_of": uid(4), "kind": "picture"},
        {"study": uid(5), "because_of": uid(6), "kind": "picture"},
    ]


def test_leaks_are_named_and_different_pictures_are_none() -> None:
    studies = [a_study(number, fingerprint=a_picture(number % 2)) for number in range(3)]
    alike = look_alikes(studies)
    assert alike == [(uid(0), uid(2))]
    splits = dict(zip(map(uid, range(3)), (TEST, TRAIN, TRAIN), strict=True))
    assert leaks(alike, splits) == [Leak(leaves=uid(2), stays=uid(0))]
    assert leaks(alike, {uid(0): TEST}) == []
    assert look_alikes([replace(study, fingerprint=None) for study in studies]) == []


def test_the_manifest_is_plain_json_in_one_order(
    collection: UnitOfWork, objects: Objects, task: Task
) -> None:
    manifest = json.loads(objects.get(built(collection, objects, task).digest))
    assert manifest["task"] == "cxr-binary"
    assert [row["study"] for row in manifest["rows"]] == sorted(row["study"] for row in manifest["rows"])
