from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response

from tests.serving.builders import SIDE, a_dicom
from tests.serving.conftest import House

DISAGREE = {"verdict": "disagree", "label": "no_finding", "kind": "false_alarm"}


@pytest.fixture
def uid(served: House) -> str:
    """A study on which the model says has_finding."""
    return str(served.send(a_dicom(bright=True)).json()["study_instance_uid"])


def _say(house: House, uid: str, who: str = "rita", key: str = "k", **body: Any) -> Response:
    return house.ask(
        who, "POST", f"/api/v1/studies/{uid}/feedback", json=body, headers={"Idempotency-Key": key}
    )


def test_a_correction_says_everything_the_interface_names(served: House, uid: str) -> None:
    answer = _say(served, uid, **DISAGREE, comment="an old scar")
    assert answer.status_code == 201
    said = answer.json()
    assert set(said) == {
        "id",
        "verdict",
        "label",
        "kind",
        "findings",
        "comment",
        "study_instance_uid",
        "by",
        "at",
        "model",
        "answer_shown",
        "case",
        "undo_until",
    }
    assert (said["by"], said["answer_shown"], len(said["id"])) == ("rita", True, 32)
    with served.storage.look() as work:
        rows = [row for row in work.audit.rows() if row.event.subject == said["id"]]
    assert [row.event.action for row in rows] == ["correction-filed"]


def test_agreeing_opens_no_case(served: House, uid: str) -> None:
    assert _say(served, uid, verdict="agree", label="has_finding").json()["case"] is None


def test_a_second_disagreement_joins_the_open_case_and_both_raisers_are_barred(
    served: House, uid: str
) -> None:
    first, second = _say(served, uid, **DISAGREE).json(), _say(served, uid, who="remy", **DISAGREE).json()
    assert first["case"] == second["case"]
    assert served.ask("rita", "GET", "/api/v1/adjudication/next").status_code == 204
    assert served.ask("remy", "GET", "/api/v1/adjudication/next").status_code == 204
    assert served.ask("rosa", "GET", "/api/v1/adjudication/next").json()["case"] == first["case"]


def test_the_same_key_and_body_get_the_first_answer_and_one_row(served: House, uid: str) -> None:
    first, again = _say(served, uid, **DISAGREE), _say(served, uid, **DISAGREE)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    with served.storage.look() as work:
        assert len(work.corrections.all()) == 1


def test_the_same_key_with_another_body_is_a_conflict(served: House, uid: str) -> None:
    _say(served, uid, **DISAGREE)
    answer = _say(served, uid, **DISAGREE, comment="more")
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency-conflict")


def test_the_same_key_of_another_person_is_another_key(served: House, uid: str) -> None:
    _say(served, uid, **DISAGREE)
    assert _say(served, uid, who="remy", **DISAGREE).status_code == 201


def test_a_person_may_speak_again_under_a_new_key(served: House, uid: str) -> None:
    _say(served, uid, **DISAGREE)
    assert _say(served, uid, key="k2", verdict="agree", label="has_finding").status_code == 201
    with served.storage.look() as work:
        assert len(work.corrections.all()) == 2


@pytest.mark.parametrize("key", [None, "x" * 201])
def test_without_a_fit_key_it_is_400_before_the_body(house: House, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = house.ask(
        "rita", "POST", "/api/v1/studies/1.2.3/feedback", content=b"{not json", headers=headers
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-required")


@pytest.mark.parametrize(
    "body",
    [
        {"verdict": "agree", "label": "no_finding"},
        {"verdict": "disagree", "label": "has_finding"},
        {"verdict": "disagree", "label": "has_finding", "kind": "missed_finding"},
        {**DISAGREE, "findings": [{"code": "nodule"}]},
        {"verdict": "agree", "label": "has_finding", "findings": [{"code": "no_such_thing"}]},
        {"verdict": "agree", "label": "has_finding", "findings": [{"code": "nodule", "box": [0, 0, 999, 9]}]},
        {"verdict": "agree", "label": "has_finding", "findings": [{"code": "nodule", "box": [5, 5, 5, 9]}]},
        {"verdict": "agree", "label": "has_finding", "findings": [{"code": "nodule", "box": [0, 0, 9]}]},
        {"verdict": "agree", "label": "has_finding", "findings": [{"code": "nodule", "side": "middle"}]},
        {**DISAGREE, "comment": "x" * 4001},
        {**DISAGREE, "comment": "a\0b"},
        {**DISAGREE, "colour": "red"},
        {"verdict": "perhaps", "label": "no_finding"},
        {},
        [],
    ],
)
def test_words_that_contradict_themselves_are_422_and_leave_nothing(
    served: House, uid: str, body: Any
) -> None:
    answer = served.ask(
        "rita", "POST", f"/api/v1/studies/{uid}/feedback", json=body, headers={"Idempotency-Key": "k"}
    )
    assert answer.status_code == 422, answer.text
    with served.storage.look() as work:
        assert work.corrections.all() == []


def test_half_a_character_is_422(served: House, uid: str) -> None:
    body = b'{"verdict":"disagree","label":"no_finding","comment":"\\ud800"}'
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    answer = served.ask("rita", "POST", f"/api/v1/studies/{uid}/feedback", content=body, headers=headers)
    assert answer.status_code == 422


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_not_finite_is_422(served: House, uid: str, number: str) -> None:
    body = '{"verdict":"agree","label":"has_finding","findings":[{"code":"nodule","box":[0,0,9,LAST]}]}'
    answer = served.ask(
        "rita",
        "POST",
        f"/api/v1/studies/{uid}/feedback",
        content=body.replace("LAST", number),
        headers={"Idempotency-Key": "k", "Content-Type": "application/json"},
    )
    assert answer.status_code == 422


def test_what_is_not_json_is_400_and_is_not_repeated_back(served: House, uid: str) -> None:
    answer = served.ask(
        "rita",
        "POST",
        f"/api/v1/studies/{uid}/feedback",
        content=b'{"comment": "Doe, Jane',
        headers={"Idempotency-Key": "k", "Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert "Jane" not in answer.text


def test_what_was_sent_is_never_in_a_refusal(served: House, uid: str) -> None:
    assert "Jane" not in _say(served, uid, verdict="Doe, Jane", label="no_finding").text


def test_an_unknown_study_is_404_and_one_without_an_answer_409(house: House) -> None:
    assert _say(house, "1.2.3", **DISAGREE).status_code == 404
    waiting = house.send(a_dicom(), wait=None).json()["study_instance_uid"]
    answer = _say(house, waiting, **DISAGREE)
    assert (answer.status_code, answer.json()["code"]) == (409, "no-prediction")


def test_the_author_takes_it_back_within_the_minute_and_the_unread_case_closes(
    served: House, uid: str
) -> None:
    said = _say(served, uid, **DISAGREE).json()
    path = f"/api/v1/studies/{uid}/feedback/{said['id']}"
    assert served.ask("remy", "DELETE", path).status_code == 403
    assert served.ask("rita", "DELETE", f"/api/v1/studies/1.2.3/feedback/{said['id']}").status_code == 404
    assert served.ask("rita", "DELETE", path).status_code == 204
    assert served.ask("rosa", "GET", "/api/v1/adjudication/next").status_code == 204
    with served.storage.look() as work:
        (kept,) = work.corrections.all()
        assert kept.withdrawn_at is not None


def test_the_case_stays_while_another_claim_stands(served: House, uid: str) -> None:
    said = _say(served, uid, **DISAGREE).json()
    _say(served, uid, who="remy", **DISAGREE)
    assert served.ask("rita", "DELETE", f"/api/v1/studies/{uid}/feedback/{said['id']}").status_code == 204
    assert served.ask("rosa", "GET", "/api/v1/adjudication/next").status_code == 200


def test_after_the_minute_it_is_too_late(served: House, uid: str) -> None:
    said = _say(served, uid, **DISAGREE).json()
    served.clock.ahead = timedelta(seconds=61)
    answer = served.ask("rita", "DELETE", f"/api/v1/studies/{uid}/feedback/{said['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "too-late")


def test_others_words_are_hidden_until_they_can_sway_nobody(served: House, uid: str) -> None:
    case = _say(served, uid, **DISAGREE).json()["case"]

    def seen(who: str) -> int:
        return len(served.ask(who, "GET", f"/api/v1/studies/{uid}").json()["feedback"])

    assert {who: seen(who) for who in ("rita", "remy", "sven", "olga", "anna", "ruth")} == {
        "rita": 1,
        "remy": 0,
        "sven": 0,
        "olga": 1,
        "anna": 1,
        "ruth": 0,
    }
    for who in ("remy", "sven"):
        served.ask(who, "GET", "/api/v1/adjudication/next")
        read = {"label": "no_finding"}
        path = f"/api/v1/adjudication/{case}/reads"
        assert served.ask(who, "POST", path, json=read, headers={"Idempotency-Key": who}).status_code == 201
    assert (seen("remy"), seen("ruth")) == (1, 1)


def _read(house: House, who: str, case: str, label: str) -> None:
    house.ask(who, "GET", "/api/v1/adjudication/next")
    path, key = f"/api/v1/adjudication/{case}/reads", {"Idempotency-Key": f"{who}-{case}"}
    assert house.ask(who, "POST", path, json={"label": label}, headers=key).status_code == 201


def test_who_read_an_earlier_case_does_not_see_the_words_that_opened_the_next(
    served: House, uid: str
) -> None:
    case = _say(served, uid, **DISAGREE).json()["case"]
    for who in ("remy", "sven"):
        _read(served, who, case, "no_finding")
    assert _say(served, uid, who="rosa", **DISAGREE).json()["case"] != case
    words = served.ask("sven", "GET", f"/api/v1/studies/{uid}").json()["feedback"]
    assert words == []


def test_a_case_that_was_taken_back_does_not_hide_the_words_of_one_that_closed(
    served: House, uid: str
) -> None:
    taken_back = _say(served, uid, who="rosa", **DISAGREE).json()["id"]
    assert served.ask("rosa", "DELETE", f"/api/v1/studies/{uid}/feedback/{taken_back}").status_code == 204
    case = _say(served, uid, **DISAGREE).json()["case"]
    for who in ("remy", "sven"):
        _read(served, who, case, "no_finding")
    words = served.ask("rosa", "GET", f"/api/v1/studies/{uid}").json()["feedback"]
    assert [said["by"] for said in words] == ["rita"]


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_body_that_does_not_say_it_is_json_is_415(served: House, uid: str, media_type: str | None) -> None:
    headers = {"Idempotency-Key": "k"} | ({} if media_type is None else {"Content-Type": media_type})
    path = f"/api/v1/studies/{uid}/feedback"
    answer = served.ask("rita", "POST", path, content=b'{"verdict":"agree"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported")
    assert served.ask("olga", "POST", path, content=b"x", headers=headers).status_code == 403


def test_json_may_name_its_charset_or_a_profile(served: House, uid: str) -> None:
    for number, media_type in enumerate(("application/json; charset=utf-8", "application/vnd.site+json")):
        answer = served.ask(
            "rita",
            "POST",
            f"/api/v1/studies/{uid}/feedback",
            content=b'{"verdict":"agree","label":"has_finding"}',
            headers={"Idempotency-Key": str(number), "Content-Type": media_type},
        )
        assert answer.status_code == 201


def test_a_comment_that_is_too_long_is_told_in_characters(served: House, uid: str) -> None:
    answer = _say(served, uid, **DISAGREE, comment="x" * 4001)
    assert "4000 characters" in answer.json()["detail"]


def test_a_box_may_touch_the_border_of_the_picture(served: House, uid: str) -> None:
    finding = {"code": "nodule", "box": [0, 0, SIDE, SIDE], "side": "left", "severity": "slight"}
    answer = _say(served, uid, verdict="agree", label="has_finding", findings=[finding])
    assert answer.status_code == 201
    assert answer.json()["findings"] == [finding | {"zone": None}]
