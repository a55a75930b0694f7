"""What became of a correction, from the claim to the model that serves."""

from dataclasses import replace
from datetime import timedelta

from bootstrap.storage import Storage
from feedback.datasets import DatasetRow, Gathered, Recipe, keep
from feedback.outcomes import Fate, Outcome, outcomes_of
from overread.domain.adjudication import CaseState, Grade
from overread.domain.datasets import DatasetVersion, Split
from overread.domain.findings import Label
from overread.domain.identifiers import PatientKey, PersonKey
from overread.domain.models import ModelState
from overread.store.unit_of_work import UnitOfWork
from tests.builders import (
    NOW,
    a_case,
    a_correction,
    a_label,
    a_model,
    a_study,
    an_agreement,
    keep_study,
    uid,
)

HAS, NO = Label.HAS_FINDING, Label.NO_FINDING
RITA = PersonKey("rita")
HOUR = timedelta(hours=1)


def claimed(work: UnitOfWork, number: int) -> None:
    """Keep a study, rita's claim on it and its open case."""
    keep_study(work, a_study(number, patient=PatientKey(f"patient-{number}")))
    case = a_case(number)
    work.cases.add(case)
    work.corrections.add(a_correction(number, case=case.id, at=NOW + number * timedelta(minutes=1)))


def settled(work: UnitOfWork, number: int, *, label: Label = HAS) -> None:
    """Close a study's case with a label, an hour after the claim."""
    case = a_case(number)
    work.cases.set_state(case.id, CaseState.CLOSED)
    work.labels.add(
        a_label(
            number,
            id=f"settled-{number}",
            label=label,
            grade=Grade.DOUBLE,
            source="adjudication",
            case=case.id,
            at=NOW + HOUR,
        )
    )


def a_row(number: int, *, correction: bool = True, split: Split = Split.TRAIN) -> DatasetRow:
    return DatasetRow(
        study=uid(number),
        patient=PatientKey(f"patient-{number}"),
        split=split,
        label=HAS,
        grade=Grade.DOUBLE,
        correction=correction,
        complete=True,
    )


def frozen_at(work: UnitOfWork, storage: Storage, hours: int, *rows: DatasetRow) -> DatasetVersion:
    gathered = Gathered(task="cxr-binary", recipe=Recipe(), rows=rows, leaks=())
    return keep(work, storage.objects, gathered, by="olga", now=NOW + hours * HOUR)


def trained(work: UnitOfWork, version: str, dataset: DatasetVersion, state: ModelState) -> None:
    model = a_model(version, state=state, trained_at=dataset.created_at + int(version) * HOUR)
    work.models.add(replace(model, lineage=replace(model.lineage, dataset_version=dataset.version)))


def only(work: UnitOfWork, storage: Storage) -> Outcome:
    (outcome,) = outcomes_of(work, storage.objects, RITA)
    return outcome


def test_a_claim_goes_by_its_case_to_its_label(work: UnitOfWork, storage: Storage) -> None:
    for number in (1, 2, 3, 5):
        claimed(work, number)
    settled(work, 2)
    settled(work, 3, label=NO)
    keep_study(work, a_study(4, patient=PatientKey("patient-4")))
    work.corrections.add(an_agreement(4, at=NOW + timedelta(minutes=4)))
    work.corrections.withdraw("correction-5-rita", at=NOW + HOUR)
    work.corrections.add(a_correction(1, by="remy", case="case-0001"))
    found = outcomes_of(work, storage.objects, RITA)
    assert [(each.said.study, each.fate) for each in found] == [
        (uid(5), Fate.WITHDRAWN),
        (uid(4), Fate.NOTED),
        (uid(3), Fate.NOT_ACCEPTED),
        (uid(2), Fate.ACCEPTED),
        (uid(1), Fate.IN_READ),
    ]
    assert [each.label.label if each.label else None for each in found] == [None, None, NO, HAS, None]
    assert all(each.learned is None for each in found)
    assert outcomes_of(work, storage.objects, RITA, limit=2) == found[:2]


def test_the_chain_names_the_first_dataset_and_the_model_that_serves(
    work: UnitOfWork, storage: Storage
) -> None:
    claimed(work, 1)
    settled(work, 1)
    frozen_at(work, storage, 0, a_row(1), a_row(9))  # before the label: of an earlier word on this study
    frozen_at(work, storage, 2, a_row(1, correction=False))
    first = frozen_at(work, storage, 3, a_row(1, split=Split.TUNE))
    learned = only(work, storage).learned
    assert learned is not None
    assert (learned.dataset, learned.split, learned.model) == (first, Split.TUNE, None)
    later = frozen_at(work, storage, 4, a_row(1, split=Split.TUNE), a_row(2))
    trained(work, "2", first, ModelState.PRODUCTION)
    trained(work, "3", later, ModelState.CANDIDATE)
    learned = only(work, storage).learned
    assert learned is not None
    assert [model.version for model in learned.models] == ["2", "3"]
    assert learned.dataset == first
    assert learned.model is not None
    assert learned.model.version == "2"


def test_where_none_serves_the_latest_model_is_named(work: UnitOfWork, storage: Storage) -> None:
    claimed(work, 1)
    settled(work, 1)
    first = frozen_at(work, storage, 3, a_row(1))
    other = frozen_at(work, storage, 4, a_row(2))
    trained(work, "2", first, ModelState.RETIRED)
    trained(work, "3", first, ModelState.REJECTED)
    trained(work, "4", other, ModelState.PRODUCTION)  # did not learn from it
    learned = only(work, storage).learned
    assert learned is not None
    assert learned.model is not None
    assert (learned.model.version, learned.model.state) == ("3", ModelState.REJECTED)


def test_a_label_that_no_dataset_holds_teaches_nothing(work: UnitOfWork, storage: Storage) -> None:
    claimed(work, 1)
    settled(work, 1)
    frozen_at(work, storage, 3, a_row(2))
    outcome = only(work, storage)
    assert (outcome.fate, outcome.learned) == (Fate.ACCEPTED, None)
