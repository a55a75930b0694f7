from dataclasses import replace
from typing import Any

import pytest
from httpx2 import Response

from overread.domain.identifiers import PersonKey
from overread.domain.policies import TestSetRules
from tests.serving.builders import a_drift_verdict, ask_for
from tests.serving.conftest import House


def _decide(house: House, who: str, version: str = "2", key: str = "k", **body: Any) -> Response:
    body = {"decision": "approve", "reason": "better on strands"} | body
    return house.ask(
        who,
        "POST",
        f"/api/v1/candidates/{version}/decisions",
        json=body,
        headers={"Idempotency-Key": key},
    )


def test_a_candidate_shows_all_its_evidence(served: House) -> None:
    report = served.storage.objects.put(b"<html>drift</html>")
    ask_for(served.storage, "2", drift=a_drift_verdict(passed=False, report=report))
    (item,) = served.ask("ruth", "GET", "/api/v1/candidates").json()["items"]
    assert set(item) == {"version", "state", "verdict", "requested_by", "created_at"}
    one = served.ask("ruth", "GET", "/api/v1/candidates/2").json()
    assert set(one) == set(item) | {"comparison", "drift", "lineage", "ledger", "needed", "decisions"}
    assert set(one["comparison"]) == {"production", "anchor", "checks", "by_finding", "slices", "flips"}
    assert one["drift"] == {
        "passed": False,
        "columns_tested": 1,
        "drifted": ["mean_grey"],
        "attributions": [
            {
                "attribute": "maker",
                "cause": "new",
                "columns": ["mean_grey"],
                "levels": ["N"],
                "n_current": 38,
                "n_reference": 0,
                "same_as": ["station"],
                "shown": True,
            }
        ],
        "report": "/api/v1/candidates/2/drift.html",
    }
    assert one["ledger"] == {"look": 1, "looks": 3, "alpha": 0.0167}
    assert (one["needed"], one["decisions"]) == (2, [])
    page = served.ask("ruth", "GET", one["drift"]["report"])
    assert page.content == b"<html>drift</html>"
    assert page.headers["content-security-policy"].startswith("sandbox")


@pytest.mark.parametrize(("who", "seen"), [("ruth", True), ("anna", True), ("olga", False)])
def test_who_trains_sees_the_verdict_and_no_single_test_study(served: House, who: str, *, seen: bool) -> None:
    flips = [{"study": "1.2.3", "kind": "missed", "findings": [], "production": 0.6, "candidate": 0.4}]
    ask_for(served.storage, "2", comparison={"production": "1", "checks": [], "flips": flips})
    one = served.ask(who, "GET", "/api/v1/candidates/2").json()
    assert one["verdict"] == "PROMOTE"
    assert one["comparison"]["flips"] == (flips if seen else None)


def test_a_policy_may_open_single_test_studies_to_who_trains(served: House) -> None:
    ask_for(served.storage, "2", comparison={"flips": [{"study": "1.2.3"}]})
    web = served.app.state.web
    opened = replace(web.services.policy, test_set=TestSetRules(open_cases=True))
    served.app.state.web = replace(web, services=replace(web.services, policy=opened))
    one = served.ask("olga", "GET", "/api/v1/candidates/2").json()
    assert one["comparison"]["flips"] == [{"study": "1.2.3"}]


def test_an_undefined_number_of_the_evidence_is_null(served: House) -> None:
    ask_for(served.storage, "2", comparison={"production": {"auc": None}, "slices": [{"n": 3}]})
    one = served.ask("ruth", "GET", "/api/v1/candidates/2").json()
    assert one["comparison"]["production"] == {"auc": None}


def test_two_different_people_promote_and_the_first_alone_does_not(served: House) -> None:
    ask_for(served.storage, "2")
    first = _decide(served, "ruth")
    assert first.status_code == 201, first.text
    assert set(first.json()) == {
        "id",
        "version",
        "decision",
        "reason",
        "accept_drift",
        "flips_seen",
        "own_corrections",
        "by",
        "at",
        "state",
        "approvals",
        "needed",
    }
    assert (first.json()["state"], first.json()["approvals"]) == ("open", 1)
    states = {m["version"]: m["state"] for m in served.ask("rita", "GET", "/api/v1/models").json()["items"]}
    assert states == {"1": "production", "2": "candidate"}
    assert _decide(served, "rolf").json()["state"] == "promoted"
    states = {m["version"]: m["state"] for m in served.ask("rita", "GET", "/api/v1/models").json()["items"]}
    assert states == {"1": "retired", "2": "production"}
    with served.storage.look() as work:
        changed = [row.event for row in work.audit.rows() if row.event.action == "production-changed"]
        assert work.outbox.waiting("follow-alias") == 1
    assert len(changed) == 1


def test_the_same_decision_again_is_the_same_answer(served: House) -> None:
    ask_for(served.storage, "2")
    first, again = _decide(served, "ruth"), _decide(served, "ruth")
    assert first.json() == again.json()
    assert _decide(served, "ruth", reason="something else").json()["code"] == "idempotency-conflict"


def test_a_candidate_lists_each_decision_as_it_was_answered(served: House) -> None:
    ask_for(served.storage, "2")
    given = [_decide(served, who).json() for who in ("ruth", "rolf")]
    assert [(each["state"], each["approvals"]) for each in given] == [("open", 1), ("promoted", 2)]
    assert served.ask("ruth", "GET", "/api/v1/candidates/2").json()["decisions"] == given


def test_a_rejection_after_an_approval_leaves_the_approval_as_it_was(served: House) -> None:
    ask_for(served.storage, "2")
    given = [_decide(served, "ruth").json(), _decide(served, "rolf", decision="reject").json()]
    assert [(each["state"], each["approvals"]) for each in given] == [("open", 1), ("rejected", 1)]
    assert served.ask("ruth", "GET", "/api/v1/candidates/2").json()["decisions"] == given


def test_one_person_has_one_voice(served: House) -> None:
    ask_for(served.storage, "2")
    _decide(served, "ruth")
    answer = _decide(served, "ruth", key="k2")
    assert (answer.status_code, answer.json()["code"]) == (409, "second-voice")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"requested_by": PersonKey("ruth")}, "own-request"),
        ({"verdict": "REJECT"}, "gate-refused"),
        ({"verdict": "INCONCLUSIVE"}, "gate-refused"),
        ({"verdict": None}, "gate-refused"),
        ({"within_protocol": False}, "outside-protocol"),
        ({"drift": a_drift_verdict(passed=False)}, "drift-unexplained"),
    ],
)
def test_what_forbids_an_approval_has_a_code(served: House, asked: dict[str, Any], code: str) -> None:
    ask_for(served.storage, "2", **asked)
    answer = _decide(served, "ruth")
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    if code != "own-request":
        rejected = _decide(served, "ruth", key="k2", decision="reject")
        assert (rejected.status_code, rejected.json()["state"]) == (201, "rejected")


def test_drift_that_a_reviewer_explains_does_not_stop_a_promotion(served: House) -> None:
    ask_for(served.storage, "2", drift=a_drift_verdict(passed=False))
    assert _decide(served, "ruth", accept_drift="the new scanner is in the training set").status_code == 201
    assert _decide(served, "rolf").json()["state"] == "promoted"


def test_a_decided_request_takes_no_further_decision(served: House) -> None:
    ask_for(served.storage, "2")
    _decide(served, "ruth", decision="reject")
    answer = _decide(served, "rolf")
    assert (answer.status_code, answer.json()["code"]) == (409, "not-open")


def test_an_unknown_candidate_is_404_and_a_decision_without_a_reason_422(served: House) -> None:
    assert served.ask("ruth", "GET", "/api/v1/candidates/9").status_code == 404
    assert _decide(served, "ruth", version="9").status_code == 404
    ask_for(served.storage, "2")
    for reason in ("", "  \n"):
        assert _decide(served, "ruth", reason=reason).status_code == 422
    assert _decide(served, "ruth", accept_drift=" ").status_code == 422
    assert served.ask("ruth", "GET", "/api/v1/candidates/2/drift.html").status_code == 404


def test_the_list_is_paged_by_a_signed_cursor(served: House) -> None:
    for version in ("2", "3", "4"):
        ask_for(served.storage, version)
    first = served.ask("ruth", "GET", "/api/v1/candidates", params={"limit": "2"}).json()
    rest = served.ask("ruth", "GET", "/api/v1/candidates", params={"cursor": first["next_cursor"]}).json()
    assert [item["version"] for item in first["items"] + rest["items"]] == ["4", "3", "2"]
    assert rest["next_cursor"] is None
