"""Both languages say the same things, and everything the pages ask for is there."""

import re
import string
from enum import StrEnum
from pathlib import Path

import pytest

from model_registry.retrainings import UNFINISHED
from overread.domain.adjudication import Grade, Stage
from overread.domain.corrections import Kind, Verdict
from overread.domain.errors import ConfigurationError
from overread.domain.findings import Label, Severity, Side, Zone
from overread.domain.models import ModelState, RunState
from overread.domain.people import Permission, Role
from overread.domain.promotion import Decision, RequestState
from overread.domain.retraining import Step, Trigger
from overread.domain.screening import Outcome
from overread.domain.shadows import Ending
from overread.domain.studies import StudyState
from overread.wording.catalogue import LANGUAGES, catalogue

ROOT = Path(__file__).parents[3]
WORDS: dict[str, type[StrEnum]] = {
    "decision": Decision,
    "grade": Grade,
    "kind": Kind,
    "label": Label,
    "may": Permission,
    "model": ModelState,
    "outcome": Outcome,
    "request": RequestState,
    "role": Role,
    "run": RunState,
    "severity": Severity,
    "shadow.state": Ending,
    "side": Side,
    "retraining.step": Step,
    "stage": Stage,
    "state": StudyState,
    "trigger": Trigger,
    "verdict": Verdict,
    "zone": Zone,
}


def _asked_for() -> set[str]:
    """Return the keys that templates and pages name in full."""
    found: set[str] = set()
    for template in (ROOT / "serving/templates").rglob("*.html"):
        found |= set(
            re.findall(r"""\bt\(\s*['"]([\w.-]+)['"]\s*[,)]""", template.read_text(encoding="utf-8"))
        )
    for page in (ROOT / "serving/pages").glob("*.py"):
        found |= set(re.findall(r"""words\.text\(\s*"([\w.-]+)"\s*[,)]""", page.read_text(encoding="utf-8")))
    return found


def test_both_languages_have_the_same_keys_and_ask_for_the_same_facts() -> None:
    zh, en = catalogue("zh"), catalogue("en")
    assert zh.keys == en.keys
    for key in zh.keys:
        assert _facts(zh.raw(key)) == _facts(en.raw(key)), key


def _facts(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_key_that_a_template_or_page_names_exists() -> None:
    asked = _asked_for()
    assert len(asked) > 200
    assert asked - catalogue("en").keys == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_the_domain_has_its_text(language: str) -> None:
    missing = {f"{prefix}.{word}" for prefix, words in WORDS.items() for word in words} - catalogue(
        language
    ).keys
    assert missing == set()


def test_every_action_of_the_record_has_its_text() -> None:
    recorded = {f"retraining-{state}" for state in RunState if state not in UNFINISHED}
    for folder in (
        "bootstrap",
        "feedback",
        "model_registry",
        "monitoring",
        "overread",
        "pipeline",
        "serving",
    ):
        for file in (ROOT / folder).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            recorded |= set(re.findall(r"""\baction="([a-z-]+)\"""", text))
            recorded |= set(re.findall(r"""\b_record\(\s*work,(?: \w+,)?\s+"([a-z-]+)\"""", text))
    assert len(recorded) > 25
    assert {f"action.{action}" for action in recorded} - catalogue("en").keys == set()


def test_a_missing_key_or_fact_or_language_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"no\.such\.key"):
        catalogue("en").text("no.such.key")
    with pytest.raises(ConfigurationError, match="version"):
        catalogue("en").text("reading.model", threshold="0.5")
    with pytest.raises(ConfigurationError, match="fr"):
        catalogue("fr")
