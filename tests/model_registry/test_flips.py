"""A flip is shown with the very map that was compared, and what a reviewer has looked at is kept."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from model_registry.flips import flip_map, has_maps, mark_seen
from model_registry.kept_scores import Scores, keep_scores
from model_registry.test_set import freeze
from overread.domain.errors import NotFoundError
from overread.domain.identifiers import PersonKey, StudyUid, VersionKey
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork
from tests.builders import a_digest, a_model, a_request
from tests.model_registry.toys import a_policy, some_cases

CASES = some_cases(3, 2)
MISSED, ALARM = CASES[1].study, CASES[4].study
MODELS = {"production": a_digest("a"), "candidate": a_digest("b")}


def scores(seed: int) -> Scores:
    drawn = np.random.default_rng(seed).random((len(CASES), 6, 4), np.float32)
    return Scores(probability=drawn[:, :2, 0], embedding=drawn[:, 0], map=drawn)


@pytest.fixture
def comparison(work: UnitOfWork, objects: Objects, now: datetime) -> dict[str, Any]:
    frozen = freeze(work, objects, CASES, task="toy", policy=a_policy(), now=now)
    for seed, model in enumerate(MODELS.values()):
        keep_scores(work, objects, scores(seed), model=model, dataset=frozen.digest, now=now)
    return {
        "test_set": {"version": frozen.version},
        "evaluations": {part: {"digest": digest} for part, digest in MODELS.items()},
        "flips": [{"study": MISSED, "kind": "missed"}, {"study": ALARM, "kind": "false_alarm"}],
    }


@pytest.mark.parametrize(("part", "study", "seed"), [("production", MISSED, 0), ("candidate", ALARM, 1)])
def test_who_calls_a_finding_shows_the_map_that_was_compared(
    work: UnitOfWork, objects: Objects, comparison: dict[str, Any], part: str, study: StudyUid, seed: int
) -> None:
    row = [case.study for case in sorted(CASES, key=lambda case: case.study)].index(study)
    shown = flip_map(work, objects, comparison, study=study, part=part)
    assert shown is not None
    assert np.array_equal(shown, scores(seed).map[row])
    other = {"production": "candidate", "candidate": "production"}[part]
    assert flip_map(work, objects, comparison, study=study, part=other) is None
    assert flip_map(work, objects, comparison, study=CASES[0].study, part=part) is None


def test_a_comparison_that_kept_no_maps_says_so(
    work: UnitOfWork, objects: Objects, comparison: dict[str, Any]
) -> None:
    assert has_maps(work, comparison)
    older = comparison | {"evaluations": {"production": {"digest": a_digest("c")}}}
    assert not has_maps(work, older)
    assert flip_map(work, objects, older, study=MISSED, part="production") is None


def test_what_a_reviewer_has_looked_at_is_counted_once_and_is_nobody_elses(
    work: UnitOfWork, comparison: dict[str, Any], now: datetime
) -> None:
    work.models.add(a_model("2"))
    work.models.add_request(a_request("2", comparison=comparison))
    ruth, rolf, two = PersonKey("ruth"), PersonKey("rolf"), VersionKey("2")
    before = work.audit.length()
    assert mark_seen(work, two, ruth, [MISSED, CASES[0].study], now=now) == 1
    assert mark_seen(work, two, ruth, [MISSED], now=now + timedelta(minutes=1)) == 1
    assert mark_seen(work, two, ruth, [ALARM, MISSED], now=now + timedelta(minutes=2)) == 2
    assert work.models.seen_flips(two, ruth) == {MISSED, ALARM}
    assert not work.models.seen_flips(two, rolf)
    told = [row.event for row in work.audit.rows(after=before)]
    assert [(event.by, event.details["seen"]) for event in told] == [("ruth", 1), ("ruth", 2)]
    assert MISSED not in str(told)  # whoever trains reads the record too
    with pytest.raises(NotFoundError):
        mark_seen(work, VersionKey("9"), ruth, [MISSED], now=now)
