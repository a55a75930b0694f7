"""What a dataset is made of is counted from its frozen manifest, and how corrections came into it."""

import json
from pathlib import Path
from typing import Any

import pytest

from bootstrap.storage import Storage
from feedback.provenance import Journey, composition, journey
from overread.domain.datasets import Erratum, Split
from overread.domain.errors import NotFoundError
from overread.domain.identifiers import Digest
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork
from tests.builders import NOW, a_digest, a_study, an_agreement, keep_study, uid
from tests.feedback.test_outcomes import HOUR, a_row, claimed, frozen_at, settled


def frozen(objects: Objects, *rows: tuple[str, str, str, bool], unadjudicated: bool = False) -> Digest:
    """Store a manifest of rows of study, label, grade, and whether it is a correction."""
    recipe = {"corrections": True, "registered": True, "unadjudicated": unadjudicated}
    named: list[dict[str, Any]] = [
        {"study": study, "label": label, "grade": grade, "correction": correction, "split": "train"}
        for study, label, grade, correction in rows
    ]
    return objects.put(json.dumps({"task": "demo", "recipe": recipe, "rows": named}).encode())


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(str(tmp_path))


@pytest.fixture
def old(objects: Objects) -> Digest:
    return frozen(objects, ("1", "no_finding", "report", False), ("2", "no_finding", "report", False))


def test_labels_are_counted_by_who_said_them_and_changes_against_the_set_before(
    objects: Objects, old: Digest
) -> None:
    new = frozen(
        objects,
        ("2", "has_finding", "double", True),
        ("3", "has_finding", "adjudicated", True),
        ("4", "no_finding", "report", False),
    )
    made = composition(objects, new, since=old)
    assert made.labels == {
        "train.adjudication.adjudicated": 1,
        "train.adjudication.double": 1,
        "train.registered.report": 1,
    }
    assert (made.added, made.removed, made.relabelled) == (2, 1, 1)


def test_claims_as_filed_are_not_called_adjudicated(objects: Objects) -> None:
    made = composition(objects, frozen(objects, ("1", "has_finding", "single", True), unadjudicated=True))
    assert made.labels == {"train.claim.single": 1}
    assert made.added is None


def test_a_manifest_that_is_gone_is_not_made_up(objects: Objects) -> None:
    with pytest.raises(NotFoundError):
        composition(objects, a_digest())


def test_the_way_of_corrections_into_a_dataset_is_counted_in_studies(
    work: UnitOfWork, storage: Storage
) -> None:
    for number in (1, 2, 3, 4):
        claimed(work, number)
    keep_study(work, a_study(5))
    work.corrections.add(an_agreement(5))
    work.corrections.withdraw("correction-4-rita", at=NOW + HOUR)
    for number in (1, 2, 3):
        settled(work, number)
    work.labels.add_erratum(Erratum(study=uid(3), case="case-0003", at=NOW + HOUR))
    before = frozen_at(work, storage, 0, a_row(9)).version
    after = frozen_at(work, storage, 2, a_row(1), a_row(2, split=Split.TUNE), a_row(6, correction=False))
    assert journey(work, storage.objects, after.version) == Journey(
        disputed=3, settled=3, train=1, tune=1, test=1
    )
    assert journey(work, storage.objects, before) == Journey(disputed=0, settled=0, train=1, tune=0, test=0)
    assert journey(work, storage.objects, "elsewhere") is None
