"""The page of a change record: both languages, all its parts, nothing from elsewhere, nothing unescaped."""

import re
from typing import Any

import pytest

from bootstrap.storage import Storage
from model_registry.change_record import record_page
from model_registry.changes import change_of
from overread.settings.tasks import load_task
from tests.registries import TASK, keep_registry


@pytest.fixture
def record(storage: Storage) -> dict[str, Any]:
    keep_registry(storage)
    with storage.look() as work:
        models = [
            change_of(work, version, task=TASK, composed=lambda _now, _then: None)
            for version in ("1", "2", "3")
        ]
    return {
        "site": "south",
        "task": TASK,
        "made_at": "2026-03-02T08:30:00+00:00",
        "head": {"seq": 9, "hash": "f" * 64},
        "models": models,
    }


def page(record: dict[str, Any], language: str = "en", **more: Any) -> str:
    return record_page(record, language=language, vocabulary=load_task(TASK).vocabulary, **more)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Not a medical device", "Modification protocol", "two comparisons", "Sex F: Sensitivity")),
        ("zh", ("不是医疗器械", "变更规程", "两个基线", "性别 女")),
    ],
)
def test_all_parts_stand_in_both_languages(
    record: dict[str, Any], language: str, words: tuple[str, ...]
) -> None:
    shown = page(record, language)
    for each in (
        *words,
        *(f"PCCP-{number}" for number in range(1, 7)),
        "a-later-check",
        "2026-03-02 13:30 UTC",
    ):
        assert each in shown, each
    assert "\N{MINUS SIGN}0.020 … \N{MINUS SIGN}0.001" in shown


def test_what_a_signature_rests_on_is_told(record: dict[str, Any]) -> None:
    record["models"][1]["decision"]["reviews"][0] |= {"flips_seen": 6, "own_corrections": 3}
    shown = page(record)
    assert "negative flips looked at before signing: 6" in shown
    assert "studies of the training data with own corrections: 3" in shown


def test_a_page_loads_nothing_and_escapes_what_people_wrote(record: dict[str, Any]) -> None:
    record["models"][1]["decision"]["reviews"][0]["reason"] = "<script>alert(1)</script>"
    shown = page(record)
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert re.findall(r"""(?:src|href)="(?!#)""", shown) == []
    assert "url(" not in shown


def test_a_draft_says_so_and_an_earlier_record_still_has_its_page(record: dict[str, Any]) -> None:
    assert "Draft:" in page(record, draft=True)
    assert "Draft:" not in page(record)
    record["models"][1]["impact"]["comparison"] = {"verdict": "PROMOTE", "checks": [{"name": "sensitivity"}]}
    assert "Sensitivity" in page(record)
