"""The rules that stand between a candidate and patients."""

from dataclasses import replace
from typing import Any

import pytest

from overread.domain.errors import RuleError
from overread.domain.identifiers import PersonKey
from overread.domain.promotion import (
    NEEDED,
    Decision,
    DriftUnexplainedError,
    GateRefusedError,
    NotOpenError,
    OutsideProtocolError,
    OwnRequestError,
    RequestState,
    SecondVoiceError,
)
from tests.builders import a_request, a_review, a_verdict


def test_two_different_people_must_approve() -> None:
    once = a_request().reviewed(a_review("ruth"))
    assert (once.state, once.approvals, NEEDED) == (RequestState.OPEN, 1, 2)
    twice = once.reviewed(a_review("rolf"))
    assert (twice.state, twice.approvals) == (RequestState.APPROVED, 2)


def test_one_person_has_one_voice() -> None:
    with pytest.raises(SecondVoiceError, match="another reviewer"):
        a_request().reviewed(a_review("ruth")).reviewed(a_review("ruth", id="again"))


def test_the_person_who_asked_may_not_review() -> None:
    request = a_request(requested_by=PersonKey("alice"))
    for decision in Decision:
        with pytest.raises(OwnRequestError, match="another reviewer"):
            request.reviewed(a_review("alice", decision=decision))


def test_one_rejection_is_enough() -> None:
    rejected = a_request().reviewed(a_review("ruth")).reviewed(a_review("rolf", decision=Decision.REJECT))
    assert rejected.state is RequestState.REJECTED


@pytest.mark.parametrize("state", [state for state in RequestState if state is not RequestState.OPEN])
def test_only_an_open_request_takes_decisions(state: RequestState) -> None:
    for decision in Decision:
        with pytest.raises(NotOpenError, match=state):
            a_request(state=state).reviewed(a_review(decision=decision))


UNFIT: list[tuple[dict[str, Any], type[RuleError], str]] = [
    ({"within_protocol": False}, OutsideProtocolError, "outside-protocol"),
    ({"verdict": "REJECT"}, GateRefusedError, "gate-refused"),
    ({"verdict": "INCONCLUSIVE"}, GateRefusedError, "gate-refused"),
    ({"verdict": None}, GateRefusedError, "gate-refused"),
    ({"drift": a_verdict(passed=False)}, DriftUnexplainedError, "drift-unexplained"),
    ({"drift": a_verdict(passed=None)}, DriftUnexplainedError, "drift-unexplained"),
    ({"drift": None}, DriftUnexplainedError, "drift-unexplained"),
]


@pytest.mark.parametrize(("stated", "error", "code"), UNFIT)
def test_an_unfit_candidate_is_not_approved_but_can_always_be_rejected(
    stated: dict[str, Any], error: type[RuleError], code: str
) -> None:
    request = a_request(**stated)
    with pytest.raises(error) as refused:
        request.reviewed(a_review())
    assert refused.value.code == code
    assert request.reviewed(a_review(decision=Decision.REJECT)).state is RequestState.REJECTED


def test_drift_that_one_reviewer_has_explained_no_longer_stops_the_second() -> None:
    request = a_request(drift=a_verdict(passed=False))
    explained = request.reviewed(a_review("ruth", accept_drift="a new detector, checked by physics"))
    assert explained.reviewed(a_review("rolf")).state is RequestState.APPROVED


def test_a_review_returns_a_new_request() -> None:
    request = a_request()
    reviewed = request.reviewed(a_review())
    assert request.reviews == ()
    assert replace(reviewed, reviews=()) == request


def test_a_first_release_has_no_intake_to_check() -> None:
    first = a_request(drift=None, comparison={"production": None, "verdict": "PROMOTE"})
    assert first.reviewed(a_review()).approvals == 1


def test_each_review_is_remembered_with_the_state_it_left() -> None:
    ruth, rolf = a_review("ruth"), a_review("rolf")
    approved = a_request().reviewed(ruth).reviewed(rolf)
    assert approved.left_by(ruth) == (RequestState.OPEN, 1)
    assert approved.left_by(rolf) == (RequestState.APPROVED, 2)


def test_a_request_that_was_withdrawn_later_was_left_open_by_its_only_review() -> None:
    withdrawn = replace(a_request().reviewed(a_review("ruth")), state=RequestState.WITHDRAWN)
    assert withdrawn.left_by(withdrawn.reviews[0]) == (RequestState.OPEN, 1)
