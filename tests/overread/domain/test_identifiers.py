"""Names are checked where they are made."""

import pickle

import pytest

from overread.domain.errors import InputError
from overread.domain.identifiers import (
    Digest,
    FindingCode,
    Identifier,
    PatientKey,
    PersonKey,
    StudyUid,
    Uid,
    VersionKey,
    derived_id,
)


@pytest.mark.parametrize("text", ["1.2", "2.25.0", "1.2.840.10008.5.1.4.1.1.1.1", "1." + "2" * 62])
def test_a_uid_of_the_standards_form_is_taken(text: str) -> None:
    assert Uid(text) == text


@pytest.mark.parametrize(
    "text", ["", "1", "1.", ".1", "1..2", "1.02", "1.2a", "1.2\n", " 1.2", "1.٢", "1." + "2" * 63]
)
def test_anything_else_is_no_uid(text: str) -> None:
    with pytest.raises(InputError):
        StudyUid(text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Digest, "a" * 63),
        (Digest, "A" * 64),
        (FindingCode, "Nodule"),
        (FindingCode, "1nodule"),
        (PatientKey, "a b"),
        (PersonKey, ""),
        (PersonKey, "a/b"),
        (VersionKey, "../1"),
    ],
)
def test_a_wrong_name_is_refused_without_repeating_it(kind: type[Identifier], text: str) -> None:
    with pytest.raises(InputError, match=rf"not a valid {kind.__name__}: {len(text)} characters"):
        kind(text)


def test_a_name_may_be_chinese() -> None:
    assert PersonKey("李娜") == "李娜"


def test_a_name_survives_a_process_boundary() -> None:
    sent = pickle.loads(pickle.dumps(StudyUid("1.2.3")))  # noqa: S301 - our own bytes
    assert (sent, type(sent)) == ("1.2.3", StudyUid)


def test_a_derived_id_follows_from_its_parts_and_tells_them_apart() -> None:
    assert derived_id("a", "b") == derived_id("a", "b")
    assert derived_id("a", "b") != derived_id("ab")
    assert len(derived_id("a")) >= 20
