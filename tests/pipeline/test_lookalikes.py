"""Look-alikes are those of a comparison of all with all, whatever was remembered, and looked for once."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from feedback.leaks import look_alikes
from overread.domain.studies import Study
from overread.imaging.likeness import Fingerprint, fingerprint, pairs
from pipeline import lookalikes
from pipeline.lookalikes import LookAlikes
from tests.builders import a_study, uid

PICTURES = (1, 2, 1, 3, 2, 4)  # 0 and 2 look alike, so do 1 and 4


def a_print(seed: int) -> bytes:
    grey = np.random.default_rng(seed).integers(0, 256, (12, 12), dtype=np.uint8)
    return bytes(fingerprint(np.asarray(np.kron(grey, np.ones((16, 16), np.uint8)), np.uint8)))


@pytest.fixture
def studies() -> list[Study]:
    return [a_study(number, fingerprint=a_print(seed)) for number, seed in enumerate(PICTURES)]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "lookalikes.json"


def test_they_are_found_once_and_remembered(
    studies: list[Study], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def counted(prints: Sequence[Fingerprint], *, known: int) -> list[tuple[int, int]]:
        asked.append(len(prints) - known)
        return pairs(prints, known=known)

    monkeypatch.setattr(lookalikes, "pairs", counted)
    assert LookAlikes(place).among(studies[:3]) == [(uid(0), uid(2))]
    assert LookAlikes(place).among(studies) == look_alikes(studies)
    assert LookAlikes(place).among(studies) == [(uid(0), uid(2)), (uid(1), uid(4))]
    assert asked == [3, 3, 0]


def test_a_part_of_what_is_remembered_is_answered_alone(studies: list[Study], place: Path) -> None:
    LookAlikes(place).among(studies)
    assert LookAlikes(place).among(studies[1:]) == [(uid(1), uid(4))]
    assert LookAlikes(place).among([]) == []


def test_another_picture_of_a_known_study_is_compared_again(studies: list[Study], place: Path) -> None:
    LookAlikes(place).among(studies)
    studies[2] = replace(studies[2], fingerprint=a_print(4))
    assert LookAlikes(place).among(studies) == [(uid(1), uid(4)), (uid(2), uid(5))]


@pytest.mark.parametrize("broken", ["", "{}", '{"compared": 1}', "[1"])
def test_a_broken_memory_is_made_anew(studies: list[Study], place: Path, broken: str) -> None:
    place.parent.mkdir()
    place.write_text(broken)
    assert LookAlikes(place).among(studies) == look_alikes(studies)
    assert sorted(path.name for path in place.parent.iterdir()) == [place.name]
