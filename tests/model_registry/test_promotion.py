"""One row says what serves: asked for, reviewed by two, promoted, rolled back, all of it on record."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bootstrap.storage import Storage
from model_registry.promotion import (
    FOLLOW_ALIAS,
    NothingToRollBackError,
    StaleError,
    ask,
    review,
    roll_back,
)
from overread.domain.errors import ConflictError, NotFoundError, RuleError
from overread.domain.identifiers import PersonKey, VersionKey
from overread.domain.models import ModelState
from overread.domain.promotion import Decision, GateRefusedError, RequestState
from overread.store.unit_of_work import UnitOfWork
from tests.builders import a_model, a_request, a_review, a_verdict

TASK = "cxr-binary"
MINUTE = timedelta(minutes=1)


def asked(work: UnitOfWork, version: str, **stated: Any) -> None:
    """Keep a candidate and the request to promote it, compared with what serves now."""
    serving = work.models.production(TASK)
    work.models.add(a_model(version))
    comparison = {"production": None if serving is None else serving.version}
    ask(work, a_request(version, comparison=comparison, **stated))


def reviewed(work: UnitOfWork, version: str, *reviewers: str, decision: Decision = Decision.APPROVE) -> None:
    for reviewer in reviewers:
        given = a_review(reviewer, id=f"{version}-{reviewer}", decision=decision)
        review(work, VersionKey(version), given, task=TASK)


def promoted(work: UnitOfWork, *versions: str) -> None:
    for version in versions:
        asked(work, version)
        reviewed(work, version, "ruth", "rolf")


def serving(work: UnitOfWork) -> str | None:
    model = work.models.production(TASK)
    return None if model is None else model.version


def back(work: UnitOfWork, now: datetime) -> tuple[str, str]:
    return roll_back(work, task=TASK, by="olga", reason="", now=now)


def test_the_second_approval_puts_a_version_into_production(work: UnitOfWork, now: datetime) -> None:
    asked(work, "1")
    reviewed(work, "1", "ruth")
    assert serving(work) is None
    assert work.models.request("1").state is RequestState.OPEN
    reviewed(work, "1", "rolf")
    assert serving(work) == "1"
    assert work.models.request("1").state is RequestState.PROMOTED
    assert work.models.get("1").state is ModelState.PRODUCTION
    parcel = work.outbox.claim(FOLLOW_ALIAS, now=now)
    assert parcel is not None
    assert parcel.key == "1"


def test_a_promotion_is_all_or_nothing(storage: Storage) -> None:
    with storage.work() as work:
        asked(work, "1")
        reviewed(work, "1", "ruth")
        work.commit()
    with storage.work() as work:
        reviewed(work, "1", "rolf")  # and the process dies before its commit
    with storage.look() as work:
        assert serving(work) is None
        assert work.models.request("1").approvals == 1
        assert work.outbox.waiting(FOLLOW_ALIAS) == 0
        assert work.audit.rows()[-1].event.subject == "1-ruth"


def test_every_step_is_a_row_with_a_subject_of_its_own(work: UnitOfWork, now: datetime) -> None:
    promoted(work, "1", "2")
    back(work, now)
    events = [row.event for row in work.audit.rows()]
    assert [event.action for event in events] == [
        *(["promotion-asked", "promotion-reviewed", "promotion-reviewed", "production-changed"] * 2),
        "production-rolled-back",
    ]
    assert len({event.subject for event in events}) == len(events)
    changed = events[7]
    assert (changed.details["from"], changed.details["to"]) == ("1", "2")
    assert changed.details["approved_by"] == ["ruth", "rolf"]
    assert work.audit.verify().ok


def test_a_version_is_asked_for_once_and_must_exist(work: UnitOfWork) -> None:
    asked(work, "1")
    with pytest.raises(ConflictError, match="asked for already"):
        ask(work, a_request("1"))
    with pytest.raises(NotFoundError):
        ask(work, a_request("9"))
    with pytest.raises(NotFoundError):
        review(work, VersionKey("9"), a_review(), task=TASK)


def test_a_rejection_ends_it(work: UnitOfWork) -> None:
    asked(work, "1")
    reviewed(work, "1", "ruth", decision=Decision.REJECT)
    assert work.models.get("1").state is ModelState.REJECTED
    with pytest.raises(RuleError, match="rejected"):
        reviewed(work, "1", "rolf")
    assert serving(work) is None


def test_a_refused_approval_leaves_no_trace(work: UnitOfWork) -> None:
    asked(work, "1", verdict="INCONCLUSIVE")
    rows = work.audit.rows()
    with pytest.raises(GateRefusedError):
        reviewed(work, "1", "ruth")
    assert work.models.request("1").reviews == ()
    assert work.audit.rows() == rows


def test_an_explained_drift_is_kept_with_the_review(work: UnitOfWork) -> None:
    asked(work, "1", drift=a_verdict(passed=False))
    review(work, VersionKey("1"), a_review("ruth", accept_drift="a new detector"), task=TASK)
    reviewed(work, "1", "rolf")
    assert serving(work) == "1"
    assert work.audit.rows()[1].event.details["accept_drift"] == "a new detector"


def test_a_request_compared_with_another_production_is_withdrawn(work: UnitOfWork) -> None:
    promoted(work, "1")
    asked(work, "2")
    asked(work, "3")
    reviewed(work, "3", "ruth")
    reviewed(work, "2", "ruth", "rolf")
    withdrawn = work.models.request("3")
    assert (withdrawn.state, withdrawn.approvals) == (RequestState.WITHDRAWN, 1)
    with pytest.raises(RuleError, match="withdrawn"):
        reviewed(work, "3", "rolf")
    assert work.audit.rows()[-1].event.action == "promotion-withdrawn"


def test_a_withdrawn_version_is_never_asked_for_again(work: UnitOfWork, now: datetime) -> None:
    promoted(work, "1")
    asked(work, "3")
    promoted(work, "2")
    rows = work.audit.rows()
    with pytest.raises(StaleError, match="retrain"):
        ask(work, a_request("3", comparison={"production": "2"}))
    assert work.audit.rows() == rows
    back(work, now)  # what it was compared with serves again, and what it was made from is out of date still
    with pytest.raises(StaleError):
        ask(work, a_request("3", comparison={"production": "1"}))


def test_a_rollback_withdraws_what_was_compared_with_the_one_that_went(
    work: UnitOfWork, now: datetime
) -> None:
    promoted(work, "1", "2")
    asked(work, "3")
    back(work, now)
    assert work.models.request("3").state is RequestState.WITHDRAWN


def test_a_decided_request_is_never_withdrawn(work: UnitOfWork) -> None:
    asked(work, "1")
    asked(work, "2")
    reviewed(work, "2", "ruth", decision=Decision.REJECT)
    reviewed(work, "1", "ruth", "rolf")
    assert [request.state for request in work.models.requests()] == [
        RequestState.PROMOTED,
        RequestState.REJECTED,
    ]


def test_a_rollback_brings_the_one_before_back(work: UnitOfWork, now: datetime) -> None:
    promoted(work, "1", "2")
    assert back(work, now) == ("2", "1")
    assert serving(work) == "1"
    assert [work.models.get(version).state for version in ("1", "2")] == [
        ModelState.PRODUCTION,
        ModelState.RETIRED,
    ]
    last = work.models.successions(TASK)[-1]
    assert (last.version, last.previous, last.by, last.rollback) == ("1", "2", ("olga",), True)
    assert work.outbox.waiting(FOLLOW_ALIAS) == 3


def test_rolling_back_again_goes_further_back_and_never_forth(work: UnitOfWork, now: datetime) -> None:
    promoted(work, "1", "2", "3")
    assert [back(work, now), back(work, now)] == [("3", "2"), ("2", "1")]
    with pytest.raises(NothingToRollBackError) as refused:
        back(work, now)
    assert refused.value.code == "nothing-to-roll-back"
    assert serving(work) == "1"


def test_after_a_rollback_the_next_promotion_goes_on_from_there(work: UnitOfWork, now: datetime) -> None:
    promoted(work, "1", "2")
    back(work, now)
    promoted(work, "3")
    assert back(work, now) == ("3", "1")


@pytest.mark.parametrize("versions", [(), ("1",)])
def test_without_a_version_before_there_is_nothing_to_go_back_to(
    work: UnitOfWork, now: datetime, versions: tuple[str, ...]
) -> None:
    promoted(work, *versions)
    rows = work.audit.rows()
    with pytest.raises(NothingToRollBackError):
        back(work, now)
    assert work.audit.rows() == rows


def test_at_most_one_version_is_in_production(work: UnitOfWork, now: datetime) -> None:
    promoted(work, "1", "2", "3")
    back(work, now)
    states = [model.state for model in work.models.all()]
    assert states.count(ModelState.PRODUCTION) == 1


def test_the_one_who_asked_and_a_second_voice_are_refused_in_the_store_too(work: UnitOfWork) -> None:
    asked(work, "1", requested_by=PersonKey("ruth"))
    with pytest.raises(RuleError, match="you asked"):
        reviewed(work, "1", "ruth")
    reviewed(work, "1", "rolf")
    with pytest.raises(RuleError, match="already had a say"):
        review(work, VersionKey("1"), replace(a_review("rolf"), id="another"), task=TASK)
