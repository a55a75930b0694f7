"""An alert's end, over the API and on the page, in both languages."""

import pytest

from monitoring.alerts import raise_once, resolve_gone
from overread.domain.alerts import Urgency
from tests.serving.conftest import House
from tests.serving.pages.builders import sign_in

RESOLVED = {
    "en": ("Resolved by olga at", "the scanner was repaired"),
    "zh": ("olga 于", "the scanner was repaired"),
}
GONE = {"en": "what raised it holds no longer.", "zh": "触发条件已消失。"}


def _raised(house: House) -> str:
    with house.storage.work() as work:
        alert = raise_once(work, "drift", Urgency.URGENT, {"columns": "noise"}, now=house.clock.now())
        work.commit()
    return alert.id


def test_an_operator_resolves_an_alert_over_the_api_once(house: House) -> None:
    path = f"/api/v1/monitoring/alerts/{_raised(house)}/resolution"
    answer = house.ask("olga", "POST", path, json={"reason": "the scanner was repaired"})
    assert answer.status_code == 201
    said = answer.json()
    assert (said["resolved_by"], said["resolution"]) == ("olga", "the scanner was repaired")
    assert said["resolved_at"] is not None
    again = house.ask("ruth", "POST", path, json={"reason": "again"})
    assert (again.status_code, again.json()["code"]) == (409, "already-resolved")
    assert house.ask("rita", "GET", "/api/v1/monitoring").json()["alerts"] == [said]
    rows = house.ask("anna", "GET", "/api/v1/audit").json()["items"]
    assert [row["by"] for row in rows if row["action"] == "alert-resolved"] == ["olga"]


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "  "}, {"reason": "a", "more": 1}])
def test_an_alert_is_not_resolved_without_a_reason(house: House, body: dict[str, object]) -> None:
    path = f"/api/v1/monitoring/alerts/{_raised(house)}/resolution"
    assert house.ask("olga", "POST", path, json=body).status_code == 422


def test_an_unknown_alert_is_not_found(house: House) -> None:
    answer = house.ask("olga", "POST", "/api/v1/monitoring/alerts/1.2.3/resolution", json={"reason": "a"})
    assert answer.status_code == 404


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_shows_who_resolved_an_alert_when_and_why(house: House, language: str) -> None:
    action = f"/monitoring/alerts/{_raised(house)}/resolution"
    olga = sign_in(house, "olga", language=language)
    done = olga.fill("/monitoring", action, {"reason": "the scanner was repaired"})
    assert (done.status_code, done.headers["location"]) == (303, "/monitoring")
    page = olga.get("/monitoring").text
    assert all(words in page for words in RESOLVED[language])
    assert action not in page


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_says_that_the_system_resolved_what_no_longer_holds(house: House, language: str) -> None:
    _raised(house)
    with house.storage.work() as work:
        resolve_gone(work, "drift", now=house.clock.now())
        work.commit()
    page = sign_in(house, "rita", language=language).get("/monitoring").text
    assert GONE[language] in page
    assert "condition-gone" not in page


def test_who_may_not_resolve_sees_the_alert_without_the_form(house: House) -> None:
    action = f"/monitoring/alerts/{_raised(house)}/resolution"
    assert action in sign_in(house, "ruth").get("/monitoring").text
    assert action not in sign_in(house, "rita").get("/monitoring").text


def test_a_second_press_says_that_it_is_over_and_keeps_the_first_word(house: House) -> None:
    action = f"/monitoring/alerts/{_raised(house)}/resolution"
    olga = sign_in(house, "olga")
    page = olga.get("/monitoring")
    assert olga.send(page, action, {"reason": "the scanner was repaired"}).status_code == 303
    again = olga.send(page, action, {"reason": "another"})
    assert again.status_code == 409
    assert "This alert is resolved already" in again.text
    assert "another" not in again.text


def test_an_empty_reason_is_said_on_the_page(house: House) -> None:
    action = f"/monitoring/alerts/{_raised(house)}/resolution"
    answer = sign_in(house, "olga").fill("/monitoring", action, {"reason": " "})
    assert answer.status_code == 422
    assert "reason" in answer.text
    assert action in answer.text
