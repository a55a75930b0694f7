"""Shadows over HTTP: registered before anything is scored, and nobody who reads is shown an answer."""

import json
import time
from typing import Any

import pytest

from overread.domain.people import MAY, Permission
from tests.serving.builders import a_dicom, ask_for
from tests.serving.conftest import PEOPLE, House
from tests.serving.pages.builders import sign_in

OPPOSITE = -20.0  # a candidate that calls what production does not
PATIENCE = 30.0


@pytest.fixture
def candidate(served: House) -> House:
    """Version 1 in production, and version 2 asked for by flora."""
    ask_for(served.storage, "2", slope=OPPOSITE)
    return served


def _start(house: House, **changes: Any) -> dict[str, Any]:
    body = {"candidate": "2", "why": "does it hold on live studies", "studies": 2} | changes
    answer = house.ask("olga", "POST", "/api/v1/shadows", json=body)
    assert answer.status_code == 201, answer.text
    started: dict[str, Any] = answer.json()
    return started


def _shown(house: House, who: str, shadow: str) -> dict[str, Any]:
    answer = house.ask(who, "GET", f"/api/v1/shadows/{shadow}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def _wait_until_complete(house: House, shadow: str) -> None:
    until = time.monotonic() + PATIENCE
    while _shown(house, "olga", shadow)["state"] != "complete":
        assert time.monotonic() < until, _shown(house, "olga", shadow)
        house.app.state.web.worker.wake()
        time.sleep(0.02)


def _sent(house: House, *, seed: int, bright: bool = True) -> str:
    answer = house.send(a_dicom(seed=seed, bright=bright))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["study_instance_uid"])


def test_a_registration_is_answered_before_anything_is_scored(candidate: House) -> None:
    _sent(candidate, seed=1)
    started = _start(candidate)
    assert started["state"] == "running"
    assert started["progress"] == {"enrolled": 0, "answered": 0, "failed": 0, "waiting": 0}
    assert (started["candidate"], started["production"], started["studies"]) == ("2", "1", 2)
    assert (started["registered_by"], started["compared"]) == ("olga", ["agreement", "scores", "errors"])
    rows = candidate.ask("anna", "GET", "/api/v1/audit", params={"limit": "200"}).json()["items"]
    order = [row["action"] for row in rows if "shadow" in row["action"]]
    assert order == ["shadow-registered"]
    assert [row["subject"] for row in rows if row["action"] == "shadow-registered"] == [started["id"]]


def test_a_whole_shadow_ends_with_numbers_for_reviewers_and_auditors_only(candidate: House) -> None:
    started = _start(candidate)
    for seed, bright in ((1, True), (2, False)):
        _sent(candidate, seed=seed, bright=bright)
    _wait_until_complete(candidate, started["id"])
    for who in ("ruth", "anna"):
        result = _shown(candidate, who, started["id"])["result"]
        assert (result["studies"], result["failed"]) == (2, 0)
        assert result["calls"]["agreement"]["estimate"] == 0  # the candidate says the opposite
        assert (result["calls"]["only_candidate"], result["calls"]["only_production"]) == (1, 1)
        assert result["labelled"]["n"] == 0
        assert result["labelled"]["sensitivity"]["difference"]["estimate"] is None
    operator = _shown(candidate, "olga", started["id"])
    assert (operator["result"], operator["progress"]["answered"]) == (None, 2)
    assert "readers who saw production's answer" in operator["selection"]
    listed = candidate.ask("ruth", "GET", "/api/v1/shadows").json()["items"]
    assert [item["id"] for item in listed] == [started["id"]]
    assert "result" not in listed[0]


def test_while_it_runs_nobody_is_told_more_than_progress(candidate: House) -> None:
    started = _start(candidate, studies=100)
    _sent(candidate, seed=1)
    for who in ("ruth", "anna", "olga"):
        shown = _shown(candidate, who, started["id"])
        assert (shown["state"], shown["result"]) == ("running", None)


def test_whoever_asked_for_the_candidate_sees_progress_even_as_a_reviewer(candidate: House) -> None:
    started = _start(candidate, studies=1)
    _sent(candidate, seed=1)
    _wait_until_complete(candidate, started["id"])
    with candidate.storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE promotion_requests SET requested_by = 'ruth'")
    assert _shown(candidate, "ruth", started["id"])["result"] is None
    assert _shown(candidate, "rolf", started["id"])["result"] is not None


def test_later_truth_is_a_signed_report_and_a_closed_case(candidate: House) -> None:
    started = _start(candidate, studies=1)
    uid = _sent(candidate, seed=1)
    _wait_until_complete(candidate, started["id"])
    path = f"/api/v1/studies/{uid}/report"
    report = candidate.ask("rita", "GET", path)
    signed = candidate.ask(
        "rita",
        "PUT",
        path,
        json=report.json() | {"status": "signed"},
        headers={"If-Match": report.headers["etag"]},
    )
    assert signed.status_code == 200, signed.text
    labelled = _shown(candidate, "anna", started["id"])["result"]["labelled"]
    assert (labelled["n"], labelled["by_grade"]) == (1, {"report": 1})
    assert (labelled["sensitivity"]["lost"], labelled["sensitivity"]["candidate"]["estimate"]) == (1, 0)


def test_no_answer_of_the_candidate_is_in_anything_a_reader_is_given(candidate: House) -> None:
    """Every GET of readers, programs and pages says the same with a shadow as without one."""
    uid = _sent(candidate, seed=1)
    before = _walk(candidate, uid)
    started = _start(candidate, studies=1)
    other = _sent(candidate, seed=2)
    _wait_until_complete(candidate, started["id"])
    with candidate.storage.look() as work:
        (pair,) = work.shadows.pairs(work.shadows.get(started["id"]))
    assert pair.study == other
    after = _walk(candidate, other)
    assert {path.replace(uid, "") for path in before} == {path.replace(other, "") for path in after}
    for path, body in after.items():
        assert str(pair.candidate)[:6] not in body, path
        assert started["id"] not in body, path
    assert f"{pair.candidate:.2f}" not in after[f"rita page /studies/{other}"]
    answer = json.loads(after[f"rita /api/v1/studies/{other}/prediction"])
    assert (answer["model"]["version"], answer["label"]) == ("1", "has_finding")
    assert answer["probability"] == pytest.approx(pair.production)
    assert json.loads(after[f"rita /api/v1/studies/{other}"])["feedback"] == []


def _walk(house: House, uid: str) -> dict[str, str]:
    """Return the bodies of every GET that a reader, a senior and a program may ask for, and their pages."""
    paths = house.client.get("/openapi.json").json()["paths"]
    asked = [path.replace("{uid}", uid) for path, methods in paths.items() if "get" in methods]
    bodies = {}
    for who in ("rita", "sven", "dora"):
        for path in asked:
            answer = house.ask(who, "GET", path)
            if answer.status_code == 200 and "{" not in path:
                bodies[f"{who} {path}"] = answer.text
    for who in ("rita", "sven"):
        browser = sign_in(house, who)
        for path in ("/", f"/studies/{uid}", "/adjudication", "/monitoring", "/account"):
            bodies[f"{who} page {path}"] = browser.get(path).text
    assert f"rita /api/v1/studies/{uid}/heatmap.png" in bodies
    return bodies


def test_an_operator_stops_it_with_a_reason_once(candidate: House) -> None:
    started = _start(candidate)
    path = f"/api/v1/shadows/{started['id']}"
    assert candidate.ask("olga", "DELETE", path, json={"reason": " "}).status_code == 422
    stopped = candidate.ask("olga", "DELETE", path, json={"reason": "too slow"})
    assert (stopped.status_code, stopped.json()["state"]) == (200, "stopped")
    assert stopped.json()["ended"]["reason"] == "too slow"
    again = candidate.ask("olga", "DELETE", path, json={"reason": "too slow"})
    assert (again.status_code, again.json()["code"]) == (409, "shadow-ended")
    unknown = candidate.ask("olga", "DELETE", "/api/v1/shadows/none", json={"reason": "too slow"})
    assert unknown.status_code == 404


def test_a_second_one_and_one_of_what_serves_are_refused(candidate: House) -> None:
    production = {"candidate": "1", "why": "why not", "studies": 2}
    refused = candidate.ask("olga", "POST", "/api/v1/shadows", json=production)
    assert (refused.status_code, refused.json()["code"]) == (409, "rule-broken")
    _start(candidate)
    second = candidate.ask("olga", "POST", "/api/v1/shadows", json=production | {"candidate": "2"})
    assert (second.status_code, second.json()["code"]) == (409, "shadow-running")


@pytest.mark.parametrize(
    "changes",
    [
        {"studies": None},
        {"studies": 0},
        {"studies": 10_001},
        {"until": "2030-01-01T00:00:00Z"},
        {"studies": None, "until": "2020-01-01T00:00:00Z"},
        {"studies": None, "until": "2030-01-01T00:00:00"},
        {"why": "  "},
        {"margin": 0.5},
    ],
)
def test_a_registration_that_cannot_be_is_refused(candidate: House, changes: dict[str, Any]) -> None:
    body = {"candidate": "2", "why": "does it hold", "studies": 2} | changes
    assert candidate.ask("olga", "POST", "/api/v1/shadows", json=body).status_code == 422


def test_a_second_approval_ends_the_shadow_of_what_is_then_production(candidate: House) -> None:
    started = _start(candidate)
    for who in ("ruth", "rolf"):
        decided = candidate.ask(
            who,
            "POST",
            "/api/v1/candidates/2/decisions",
            json={"decision": "approve", "reason": "better"},
            headers={"Idempotency-Key": who},
        )
        assert decided.status_code == 201, decided.text
    shown = _shown(candidate, "anna", started["id"])
    assert (shown["state"], shown["ended"]["by"]) == ("overtaken", "overread")
    assert shown["ended"]["reason"] == "production changed from version 1 to 2"


def test_readers_know_of_no_shadow() -> None:
    shadows = {Permission.SEE_SHADOWS, Permission.SEE_SHADOW_RESULTS, Permission.RUN_SHADOWS}
    for name in ("rita", "sven", "dora"):
        assert not shadows & MAY[PEOPLE[name]]


def test_a_page_starts_one_shows_it_and_stops_it(candidate: House) -> None:
    olga = sign_in(candidate, "olga")
    assert "has not run in shadow" in olga.get("/candidates/2").text
    form = {"act": "start", "studies": "0", "why": "does it hold"}
    refused = olga.fill("/candidates/2", "/candidates/2/shadow", form)
    assert refused.status_code == 422
    assert 'value="does it hold"' in refused.text
    assert olga.fill("/candidates/2", "/candidates/2/shadow", form | {"studies": "5"}).status_code == 303
    running = olga.get("/candidates/2").text
    for words in ("Running", "5 studies", "0 answered", "nobody is told more than its progress"):
        assert words in running, words
    assert "Run in shadow" not in running
    stop = {"act": "stop", "why": "a pause"}
    assert olga.fill("/candidates/2", "/candidates/2/shadow", stop).status_code == 303
    stopped = olga.get("/candidates/2").text
    assert "Stopped early" in stopped
    assert "The numbers are for reviewers and auditors" in stopped
    assert olga.fill("/candidates/2", "/candidates/2/shadow", form | {"studies": "5"}).status_code == 303
    assert "before it there were 1" in olga.get("/candidates/2").text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ("Calls agree", "0.0 %", "only v2 calls a finding: 0", "readers who saw production", "Complete"),
        ),
        ("zh", ("判定一致", "0.0 %", "签发报告的医生看过在用版本的结果", "已完成")),
    ],
)
def test_a_page_says_what_it_showed_and_how_its_truth_was_selected(
    candidate: House, language: str, words: tuple[str, ...]
) -> None:
    started = _start(candidate, studies=1)
    _sent(candidate, seed=1)
    _wait_until_complete(candidate, started["id"])
    page = sign_in(candidate, "ruth", language=language).get("/candidates/2").text
    for said in words:
        assert said in page, said
    assert 'action="/candidates/2/shadow' not in page


def test_the_record_of_a_deleted_study_keeps_no_answer(candidate: House) -> None:
    started = _start(candidate, studies=1)
    uid = _sent(candidate, seed=1)
    _wait_until_complete(candidate, started["id"])
    with candidate.storage.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE studies SET state = 'quarantined' WHERE uid = '{uid}'")  # noqa: S608
    deleted = candidate.ask("olga", "DELETE", f"/api/v1/studies/{uid}", json={"reason": "a name"})
    assert deleted.status_code == 204
    with candidate.storage.look() as work:
        assert work.shadows.pairs(work.shadows.get(started["id"])) == []
