"""Copies are those of a search of all among all, and each picture is searched for once."""

from pathlib import Path

import pytest

from overread.domain.identifiers import StudyUid
from overread.imaging.copies import copies
from overread.imaging.likeness import Fingerprint, fingerprint
from pipeline import known_copies
from pipeline.known_copies import KnownCopies
from tests.builders import uid
from tests.overread.imaging.test_copies import mirrored
from tests.overread.imaging.test_likeness import a_picture


def learned(*numbers: int) -> dict[StudyUid, bytes]:
    return {uid(number): bytes(fingerprint(a_picture(number))) for number in numbers}


def held_out(*numbers: int) -> dict[StudyUid, bytes]:
    """Return mirrored pictures: study 100 + n shows what study n shows."""
    return {uid(100 + number): bytes(fingerprint(mirrored(a_picture(number)))) for number in numbers}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "copies.json"


def test_each_picture_is_searched_for_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(one: list[Fingerprint], other: list[Fingerprint]) -> list[tuple[int, int]]:
        asked.append(len(one) * len(other))
        return copies(one, other)

    monkeypatch.setattr(known_copies, "copies", counted)
    known = KnownCopies(place)
    assert known.between(learned(1, 2), held_out(2, 3)) == [(uid(2), uid(102))]
    assert known.between(learned(1, 2, 3), held_out(2, 3)) == [(uid(2), uid(102)), (uid(3), uid(103))]
    assert known.between(learned(1, 2, 3), held_out(2, 3, 1)) == [(uid(n), uid(100 + n)) for n in (1, 2, 3)]
    assert known.between(learned(1), held_out(1, 2)) == [(uid(1), uid(101))]
    assert [pairs for pairs in asked if pairs] == [4, 2, 3]


def test_what_is_not_asked_for_is_remembered_and_not_answered(place: Path) -> None:
    known = KnownCopies(place)
    known.between(learned(1), held_out(1))
    assert known.between(learned(2), held_out(1)) == []
    assert known.between(learned(1, 2), held_out(1)) == [(uid(1), uid(101))]


def test_another_picture_of_a_known_study_is_searched_for_again(place: Path) -> None:
    known = KnownCopies(place)
    known.between(learned(1), held_out(1))
    assert known.between({uid(1): learned(2)[uid(2)]}, held_out(1)) == []


def test_a_damaged_memory_is_no_memory(place: Path) -> None:
    KnownCopies(place).between(learned(1), held_out(1))
    place.write_text("{")
    assert KnownCopies(place).between(learned(1), held_out(1)) == [(uid(1), uid(101))]
