"""Registrations, ends and answers as rows, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from overread.domain.errors import NotFoundError
from overread.domain.findings import Label
from overread.domain.identifiers import PatientKey, PersonKey, VersionKey
from overread.domain.shadows import AnswerPair, Ending, ShadowEnd
from overread.store.unit_of_work import UnitOfWork
from tests.builders import (
    NOW,
    a_label,
    a_model,
    a_prediction,
    a_shadow,
    a_shadow_answer,
    keep_predicted,
    uid,
)

END = ShadowEnd(at=NOW, by=PersonKey("olga"), how=Ending.STOPPED, reason="a pause")


@pytest.fixture
def registered(work: UnitOfWork) -> UnitOfWork:
    """A unit of work with two versions and a shadow."""
    for version in ("1", "2"):
        work.models.add(a_model(version))
    work.shadows.add(a_shadow())
    return work


def test_a_registration_comes_back_as_it_was_made_and_runs_until_its_end_is_kept(
    registered: UnitOfWork,
) -> None:
    shadows = registered.shadows
    assert shadows.get("shadow-1") == shadows.running("cxr-binary") == a_shadow()
    assert shadows.running("another-task") is None
    shadows.add_end("shadow-1", END)
    assert shadows.running("cxr-binary") is None
    assert shadows.get("shadow-1") == a_shadow(end=END)
    with pytest.raises(NotFoundError):
        shadows.get("shadow-2")


def test_a_shadow_ends_once(registered: UnitOfWork) -> None:
    registered.shadows.add_end("shadow-1", END)
    with pytest.raises(IntegrityError):
        registered.shadows.add_end("shadow-1", END)


def test_shadows_are_listed_by_candidate_the_latest_first(registered: UnitOfWork) -> None:
    registered.models.add(a_model("3"))
    later = a_shadow(id="shadow-2", registered_at=NOW + timedelta(days=1))
    other = a_shadow(id="shadow-3", candidate=VersionKey("3"), registered_at=NOW + timedelta(days=2))
    for shadow in (later, other):
        registered.shadows.add(shadow)
    assert [shadow.id for shadow in registered.shadows.all()] == ["shadow-3", "shadow-2", "shadow-1"]
    of_two = registered.shadows.all(candidate=VersionKey("2"))
    assert [shadow.id for shadow in of_two] == ["shadow-2", "shadow-1"]


def test_a_pair_is_both_answers_on_one_study_and_the_calls_at_each_threshold(registered: UnitOfWork) -> None:
    for number, probability in ((1, 0.2), (2, 0.9), (3, 0.4)):
        keep_predicted(registered, number, probability=probability)
    elsewhere = a_prediction(1, probability=0.99, model_version=VersionKey("2"))
    registered.studies.add_prediction(elsewhere)  # another version's answer is no part of it
    for answer in (
        a_shadow_answer(1, probability=0.7),
        a_shadow_answer(2, probability=0.8),
        a_shadow_answer(3, probability=0.1, threshold=None, label=None, failure="UndecodableError"),
    ):
        registered.shadows.add_answer(answer)
    assert registered.shadows.count("shadow-1") == (2, 1)
    assert registered.shadows.has_answer("shadow-1", uid(3))
    first, second = registered.shadows.pairs(a_shadow())
    assert first == AnswerPair(
        study=uid(1),
        patient=PatientKey("patient-1"),
        production=0.2,
        production_label=Label.NO_FINDING,
        candidate=0.7,
        candidate_label=Label.HAS_FINDING,
    )
    assert (second.study, second.production, second.candidate) == (uid(2), 0.9, 0.8)
    registered.shadows.forget(uid(1))
    assert not registered.shadows.has_answer("shadow-1", uid(1))
    assert registered.shadows.count("shadow-1") == (1, 1)


def test_labels_are_found_for_the_studies_asked_for(registered: UnitOfWork) -> None:
    for number in (1, 2, 3):
        keep_predicted(registered, number)
    for number in (1, 2):
        registered.labels.add(a_label(number))
    found = registered.labels.of_studies([uid(2), uid(3)])
    assert found == {uid(2): [a_label(2)]}
    many = [uid(number) for number in range(2, 1100)]  # more than one query takes
    assert set(registered.labels.of_studies(many)) == {uid(2)}
