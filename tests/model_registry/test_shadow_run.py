"""Registered before anything is scored, ended once, and each step on record."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from model_registry.promotion import roll_back
from model_registry.shadow_run import (
    TAG_SHADOW,
    Plan,
    developers_of,
    end_if_complete,
    enrol,
    keep_answer,
    progress_of,
    register,
    stop,
    topic_of,
)
from overread.domain.errors import InputError, NotFoundError, RuleError
from overread.domain.identifiers import PersonKey, VersionKey
from overread.domain.models import ModelState, RunState, Signature, TrainingRun
from overread.domain.shadows import Ending, Progress, Shadow, ShadowEndedError, ShadowRunningError
from overread.domain.studies import Reason
from overread.settings.policies import load_policy
from overread.store.unit_of_work import UnitOfWork
from overread.studies.deletion import delete
from overread.studies.screening import quarantine
from tests.builders import a_model, a_request, a_shadow_answer, keep_predicted, uid

TASK = "cxr-binary"
ONE, TWO, THREE = VersionKey("1"), VersionKey("2"), VersionKey("3")
OLGA = PersonKey("olga")
SIGNATURE = Signature(public="ab", value="cd")


@pytest.fixture
def serving(work: UnitOfWork, now: datetime) -> UnitOfWork:
    """A unit of work in which version 1 serves and version 2 is a candidate."""
    for version in ("1", "2", "3"):
        work.models.add(a_model(version, signature=SIGNATURE))
    promote(work, ONE, now)
    return work


def promote(work: UnitOfWork, version: VersionKey, now: datetime) -> None:
    work.models.put_in_production(
        TASK, version, at=now, by=("ruth", "rolf"), reason="promoted", rollback=False
    )


def registered(work: UnitOfWork, now: datetime, **changes: Any) -> Shadow:
    stated: dict[str, Any] = {"candidate": TWO, "by": OLGA, "why": "does it hold", "studies": 2}
    return register(work, Plan(**stated | changes), policy=load_policy(TASK), task=TASK, now=now)


def asked(work: UnitOfWork, now: datetime, *numbers: int) -> None:
    """Let production answer some studies."""
    for number in numbers:
        keep_predicted(work, number)
        enrol(work, uid(number), ONE, task=TASK, now=now)


def actions(work: UnitOfWork) -> list[str]:
    return [row.event.action for row in work.audit.rows()]


def test_a_registration_says_who_what_why_how_long_and_by_which_margins(
    serving: UnitOfWork, now: datetime
) -> None:
    shadow = registered(serving, now)
    (row,) = [row.event for row in serving.audit.rows() if row.event.action == "shadow-registered"]
    assert (row.by, row.subject, row.at) == ("olga", shadow.id, now)
    assert row.details["why"] == "does it hold"
    assert (row.details["candidate"], row.details["production"], row.details["studies"]) == ("2", "1", 2)
    assert row.details["margins"] == {"sensitivity": 0.03, "specificity": 0.05}  # policies/cxr-binary.toml
    assert row.details["compared"] == ["agreement", "scores", "errors"]


def test_nothing_is_asked_before_a_registration_and_the_next_answer_is_after_it(
    serving: UnitOfWork, now: datetime
) -> None:
    asked(serving, now, 1)
    shadow = registered(serving, now)
    assert progress_of(serving, shadow) == Progress()
    asked(serving, now, 2)
    assert progress_of(serving, shadow) == Progress(waiting=1)


def test_one_shadow_runs_at_a_time(serving: UnitOfWork, now: datetime) -> None:
    shadow = registered(serving, now)
    with pytest.raises(ShadowRunningError, match="version 2 runs beside production already"):
        registered(serving, now, candidate=THREE)
    stop(serving, shadow.id, by=OLGA, reason="another first", now=now)
    assert registered(serving, now + timedelta(seconds=1), candidate=THREE).candidate == "3"


@pytest.mark.parametrize(
    ("version", "error", "said"),
    [
        ("1", RuleError, "version 1 is production"),
        ("3", RuleError, "version 3 is rejected"),
        ("4", RuleError, "not signed"),
        ("5", NotFoundError, "no model version 5"),
    ],
)
def test_only_a_signed_candidate_runs(
    serving: UnitOfWork, now: datetime, version: str, error: type[Exception], said: str
) -> None:
    serving.models.set_state("3", ModelState.REJECTED)
    serving.models.add(a_model("4"))
    with pytest.raises(error, match=said):
        registered(serving, now, candidate=VersionKey(version))
    assert "shadow-registered" not in actions(serving)


def test_without_production_there_is_nothing_to_run_beside(work: UnitOfWork, now: datetime) -> None:
    work.models.add(a_model("2", signature=SIGNATURE))
    with pytest.raises(RuleError, match="promote a version first"):
        registered(work, now)


def test_without_a_reason_nothing_is_registered(serving: UnitOfWork, now: datetime) -> None:
    with pytest.raises(InputError, match="say why"):
        registered(serving, now, why="")


def test_no_more_studies_are_asked_for_than_were_registered_and_the_last_one_ends_it(
    serving: UnitOfWork, now: datetime
) -> None:
    shadow = registered(serving, now, studies=2)
    asked(serving, now, 1, 2, 3)
    assert progress_of(serving, shadow).waiting == 2
    for number, failure in ((1, None), (2, "RuntimeError")):
        parcel = serving.outbox.claim(topic_of(shadow), now=now)
        assert parcel is not None
        assert not end_if_complete(serving, shadow, now=now)
        keep_answer(serving, a_shadow_answer(number, shadow=shadow.id, failure=failure))
        serving.outbox.done(parcel, at=now)
    assert end_if_complete(serving, shadow, now=now)
    assert not end_if_complete(serving, shadow, now=now)
    end = serving.shadows.get(shadow.id).end
    assert end is not None
    assert (end.how, end.by) == (Ending.COMPLETE, "overread")
    assert actions(serving).count("shadow-ended") == 1
    assert serving.outbox.waiting(TAG_SHADOW) == 1


def test_an_answer_is_kept_once_with_one_row_that_does_not_tell_it(
    serving: UnitOfWork, now: datetime
) -> None:
    shadow = registered(serving, now)
    asked(serving, now, 1)
    for probability in (0.7, 0.8):
        keep_answer(serving, a_shadow_answer(1, shadow=shadow.id, probability=probability))
    (pair,) = serving.shadows.pairs(shadow)
    assert pair.candidate == 0.7
    (row,) = [row.event for row in serving.audit.rows() if row.event.action == "study-shadowed"]
    assert (row.study, dict(row.details)) == (uid(1), {"model": "2", "failure": None})


def test_what_a_person_stops_takes_and_keeps_nothing_more(serving: UnitOfWork, now: datetime) -> None:
    shadow = registered(serving, now)
    asked(serving, now, 1)
    ended = stop(serving, shadow.id, by=OLGA, reason="too slow", now=now)
    assert ended.end is not None
    assert (ended.end.how, ended.end.by, ended.end.reason) == (Ending.STOPPED, "olga", "too slow")
    assert serving.outbox.claim(topic_of(shadow), now=now) is None
    keep_answer(serving, a_shadow_answer(1, shadow=shadow.id))
    assert serving.shadows.pairs(shadow) == []
    asked(serving, now, 2)
    assert progress_of(serving, shadow) == Progress()
    with pytest.raises(ShadowEndedError, match="stopped"):
        stop(serving, shadow.id, by=OLGA, reason="again", now=now)


def test_a_change_of_production_ends_it_with_the_reason(serving: UnitOfWork, now: datetime) -> None:
    promote(serving, THREE, now)
    serving.models.set_state("1", ModelState.RETIRED)
    shadow = registered(serving, now)
    assert shadow.production == "3"
    roll_back(serving, task=TASK, by="olga", reason="", now=now)
    end = serving.shadows.get(shadow.id).end
    assert end is not None
    assert (end.how, end.reason) == (Ending.OVERTAKEN, "production changed from version 3 to 1")


def test_an_answer_of_another_version_belongs_to_no_shadow(serving: UnitOfWork, now: datetime) -> None:
    shadow = registered(serving, now)
    keep_predicted(serving, 1)
    enrol(serving, uid(1), THREE, task=TASK, now=now)
    assert progress_of(serving, shadow) == Progress()


def test_a_deleted_study_takes_its_answer_with_it_and_none_comes_after(
    serving: UnitOfWork, now: datetime
) -> None:
    shadow = registered(serving, now)
    asked(serving, now, 1, 2)
    keep_answer(serving, a_shadow_answer(1, shadow=shadow.id))
    for number in (1, 2):
        quarantine(serving, uid(number), [Reason(code="Q01_BURNED_IN_TEXT", text="text")], now=now)
        delete(serving, uid(number), by=OLGA, reason="a name in the picture", now=now)
    keep_answer(serving, a_shadow_answer(2, shadow=shadow.id))
    assert serving.shadows.count(shadow.id) == (0, 0)


def test_whoever_asked_for_a_candidate_is_known(serving: UnitOfWork, now: datetime) -> None:
    run = TrainingRun(
        id="run-1",
        state=RunState.DONE,
        requested_by=PersonKey("ruth"),
        requested_at=now,
        candidates=("2", "3"),
    )
    serving.monitoring.add_run(run)
    serving.models.add_request(a_request("2", requested_by=PersonKey("flora")))
    serving.models.add_request(a_request("3", requested_by=PersonKey("rolf")))
    assert developers_of(serving, TWO) == {"ruth", "flora"}
