"""Who is one person under two patient keys, and which of their studies must not be learned from."""

from datetime import date
from typing import Any

import pytest

from feedback.leaks import Kind, Leak, one_person, same_people
from overread.domain.datasets import Split
from overread.domain.identifiers import PatientKey
from overread.domain.studies import Patient
from overread.store.unit_of_work import UnitOfWork
from tests.builders import a_patient, uid

A, B, C = (PatientKey(key) for key in "ABC")
BORN = date(1961, 5, 4)


def who(key: str, **changes: Any) -> Patient:
    stated: dict[str, Any] = {"id": f"N{key}", "name": "", "birth_date": BORN, "sex": "F"} | changes
    return a_patient(key, **stated)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"name": "Doe^Jane"}, {"name": "DOE JANE"}),
        ({"name": "Doe^Jane^^Dr"}, {"name": "dr. Jane Doe"}),
        ({"name": "王^小红"}, {"name": "王^小红^"}),
        ({"id": "000123"}, {"id": "123 "}),
        ({"id": "A-12/7"}, {"id": "a127"}),
    ],
)
def test_one_person_may_have_two_keys(one: dict[str, str], other: dict[str, str]) -> None:
    found = one_person([who("A", **one), who("B", **other), who("C", name="Roe^Jane")])
    assert found == {A: A, B: A}


@pytest.mark.parametrize(
    "other",
    [
        {"birth_date": date(1961, 5, 5)},
        {"birth_date": None},
        {"sex": "M"},
        {"name": "Doe^Janet"},
        {"name": ""},
    ],
)
def test_different_people_are_not_linked(other: dict[str, Any]) -> None:
    assert one_person([who("A", name="Doe^Jane"), who("B", **{"name": "Doe^Jane"} | other)]) == {}


def test_a_name_that_many_share_is_nobodys() -> None:
    assert one_person([who(key, name="ANONYMOUS") for key in "ABCDE"]) == {}


def test_a_person_is_followed_from_key_to_key() -> None:
    people = [who("C", name="Doe^Jane", id="7"), who("B", id="07"), who("A", name="Jane^Doe")]
    assert one_person(people) == {A: A, B: A, C: A}


def test_a_prior_study_under_another_key_is_named_and_by_keys_alone(work: UnitOfWork) -> None:
    work.studies.keep_patient(who("A", name="Doe^Jane"), Split.TRAIN)
    work.studies.keep_patient(who("B", name="Jane Doe"), Split.TEST)
    work.studies.keep_patient(who("C"), Split.TRAIN)
    learned = {uid(1): A, uid(2): C, uid(3): B}
    assert same_people(work, {}, learned, {uid(4): B, uid(5): B}) == [
        Leak(leaves=uid(1), stays=uid(4), kind=Kind.PERSON),
        Leak(leaves=uid(3), stays=uid(4), kind=Kind.PATIENT),
    ]
    assert same_people(work, {}, learned, {uid(4): B, uid(5): A}) == [
        Leak(leaves=uid(1), stays=uid(5), kind=Kind.PATIENT),
        Leak(leaves=uid(3), stays=uid(4), kind=Kind.PATIENT),
    ]
