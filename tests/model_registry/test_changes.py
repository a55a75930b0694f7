"""A change record tells what is recorded, in the shape that was agreed, and what is not."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bootstrap.storage import Storage
from model_registry.changes import change_of
from overread.domain.datasets import DatasetVersion
from overread.domain.errors import NotFoundError
from tests.builders import NOW
from tests.registries import POLICY, STUDY, TASK, keep_registry

SHAPE = Path(__file__).parents[1] / "golden" / "change-record.json"
HOUR = timedelta(hours=1)


@pytest.fixture
def registry(storage: Storage) -> Storage:
    keep_registry(storage)
    return storage


def told(storage: Storage, version: str) -> dict[str, Any]:
    def composed(now: DatasetVersion, then: DatasetVersion | None) -> dict[str, object]:
        return {"now": now.version, "then": None if then is None else then.version}

    with storage.look() as work:
        change: dict[str, Any] = json.loads(
            json.dumps(change_of(work, version, task=TASK, composed=composed), allow_nan=False)
        )
    return change


def shape(value: Any) -> Any:
    """Return a value with its leaves as the names of their types, and each list by its first member."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def lost(agreed: Any, found: Any, path: str = "") -> list[str]:
    """Return where what was agreed is not found; more may be there."""
    if isinstance(agreed, dict) and isinstance(found, dict):
        return [
            each
            for name, value in agreed.items()
            for each in lost(value, found.get(name, "nothing"), f"{path}.{name}")
        ]
    if isinstance(agreed, list) and isinstance(found, list) and agreed and found:
        return lost(agreed[0], found[0], f"{path}[]")
    return [] if agreed == found else [path]


def test_a_record_keeps_the_shape_that_readers_of_bundles_rely_on(registry: Storage) -> None:
    """Made by `json.dumps(shape(told(registry, "2")), indent=1)`; to lose something is a change of FORM."""
    assert lost(json.loads(SHAPE.read_text()), shape(told(registry, "2"))) == []


def test_what_changed_is_held_against_the_version_it_was_compared_with(registry: Storage) -> None:
    change = told(registry, "2")
    assert change["modification"]["before"]["version"] == "1"
    assert change["modification"]["update_kind"] == "data-driven"
    assert change["learning"]["composition"] == {"now": "d2", "then": "d1"}
    assert change["protocol"]["look"]["why"] == "trained on corrections"
    assert change["protocol"]["test_set"]["digest"] == "d" * 64
    assert change["protocol"]["policy_values"] == POLICY
    assert change["lineage"]["comparison_run"] == "run-c"


def test_every_check_stands_in_numbers_whatever_its_name_and_no_study_does(registry: Storage) -> None:
    impact = told(registry, "2")["impact"]
    names = [check["name"] for check in impact["comparison"]["checks"]]
    assert names == [
        "evidence",
        "sensitivity",
        "anchor.sensitivity",
        "slice:sex=F:sensitivity",
        "a-later-check",
    ]
    assert impact["flips"] == {"missed": 1, "false_alarm": 1}
    assert impact["comparison"]["looked_at"] == [None]
    assert impact["comparison"]["scores"] == {"n": 1}
    assert STUDY not in json.dumps(impact)


def test_a_shadow_is_told_without_what_it_showed(registry: Storage) -> None:
    (shadow,) = told(registry, "2")["impact"]["shadows"]
    assert (shadow["why"], shadow["production"], shadow["studies"]) == ("a new scanner", "1", 100)
    assert (shadow["answered"], shadow["ended"]["how"]) == (0, "stopped")
    assert told(registry, "1")["impact"]["shadows"] == []


def test_there_are_two_baselines_each_with_its_significance(registry: Storage) -> None:
    baselines = told(registry, "2")["baselines"]
    assert {part: each["version"] for part, each in baselines.items()} == {"production": "1", "anchor": "1"}
    shifts = {
        part: [(check["name"], check["shift"]) for check in each["checks"]]
        for part, each in baselines.items()
    }
    assert shifts == {
        "production": [("sensitivity", "better"), ("a-later-check", None)],
        "anchor": [("anchor.sensitivity", "worse")],
    }
    assert told(registry, "1")["baselines"] == {"production": None, "anchor": None}


def test_who_decided_and_what_followed_is_told_with_reasons(registry: Storage) -> None:
    change = told(registry, "2")
    said = [(each["reviewer"], each["decision"], each["reason"]) for each in change["decision"]["reviews"]]
    assert said == [(who, "approve", "the comparison convinces") for who in ("ruth", "rolf")]
    (served,) = change["afterwards"]["served"]
    assert (served["began"]["by"], served["began"]["previous"]) == (["ruth", "rolf"], "1")
    assert (served["ended"]["version"], served["ended"]["rollback"]) == ("1", True)
    assert (served["ended"]["by"], served["ended"]["reason"]) == (["olga"], "missed strands")
    assert [each["kind"] for each in change["afterwards"]["alerts"]] == ["drift"]
    assert [each["passed"] for each in change["afterwards"]["drift_checks"]] == [False]
    assert [each["action"] for each in change["events"]] == [
        "promotion-asked",
        "promotion-reviewed",
        "promotion-reviewed",
        "production-changed",
        "production-rolled-back",
    ]
    first = told(registry, "1")["afterwards"]
    assert [each["ended"] is None for each in first["served"]] == [False, True]
    assert first["alerts"] == []
    assert first["served"][1]["began"]["at"] == (NOW + 5 * HOUR).isoformat()


def test_what_is_not_recorded_is_said_to_be_missing(registry: Storage) -> None:
    assert told(registry, "2")["missing"] == ["signature", "localisation"]
    assert told(registry, "1")["missing"] == [
        "signature",
        "look",
        "policy_values",
        "model_card",
        "localisation",
    ]
    unasked = told(registry, "3")
    assert unasked["missing"] == ["request", "signature", "look"]
    assert (unasked["decision"], unasked["impact"]["comparison"]) == (None, None)
    with pytest.raises(NotFoundError):
        told(registry, "9")
