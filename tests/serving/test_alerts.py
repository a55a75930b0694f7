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
RISEN = {"en": "Readers correct the model more often than before", "zh": "更正率高于以往"}
TAKEN = {"en": "olga has taken this alert.", "zh": "olga 已先接手这条告警。"}
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
    assert (done.status_code, done.headers["location"]) == (303, "/monitoring?days=30")
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


def test_what_a_page_was_narrowed_to_stays_after_a_button(house: House) -> None:
    action = f"/monitoring/alerts/{_raised(house)}/take"
    answer = sign_in(house, "olga").fill("/monitoring?days=7&scanner=Acme%5C%5CCR-4", action, {})
    assert answer.headers["location"] == "/monitoring?days=7&scanner=Acme%5C%5CCR-4"


def test_a_second_press_says_that_it_is_over_and_keeps_the_first_word(house: House) -> None:
    action = f"/monitoring/alerts/{_raised(house)}/resolution"
    olga = sign_in(house, "olga")
    page = olga.get("/monitoring")
    assert olga.send(page, action, {"reason": "the scanner was repaired"}).status_code == 303
    again = olga.send(page, action, {"reason": "another"})
    assert again.status_code == 409
    assert "This alert is resolved already" in again.text
    assert "another" not in again.text


def test_an_empty_reason_is_said_beside_the_field(house: House) -> None:
    action = f"/monitoring/alerts/{_raised(house)}/resolution"
    answer = sign_in(house, "olga").fill("/monitoring", action, {"reason": " "})
    assert answer.status_code == 422
    assert 'aria-describedby="fault-reason"' in answer.text.partition(f'action="{action}?days=30"')[2]


def test_one_person_has_an_alert_over_the_api_and_another_is_told_who(house: House) -> None:
    path = f"/api/v1/monitoring/alerts/{_raised(house)}"
    taken = house.ask("olga", "POST", f"{path}/take")
    assert (taken.status_code, taken.json()["taken_by"]) == (200, "olga")
    assert house.ask("olga", "POST", f"{path}/take", json={}).json() == taken.json()  # once more is no news
    for call, body in (("take", {}), ("hand-back", None), ("resolution", {"reason": "a"})):
        refused = house.ask("ruth", "POST", f"{path}/{call}", json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "already-taken")
        assert refused.json()["detail"].startswith("olga has taken this alert")
    over = house.ask("ruth", "POST", f"{path}/take", json={"holder": "olga"}).json()
    assert (over["taken_by"], over["resolved_at"]) == ("ruth", None)
    free = house.ask("ruth", "POST", f"{path}/hand-back").json()
    assert (free["taken_by"], free["taken_at"]) == (None, None)
    assert house.ask("ruth", "POST", f"{path}/hand-back").json() == free
    assert house.ask("ruth", "POST", f"{path}/take", json={"holder": "no such name"}).status_code == 422
    rows = house.ask("anna", "GET", "/api/v1/audit").json()["items"]
    assert [row["by"] for row in rows if row["action"].startswith("alert-taken")] == ["olga", "ruth"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_two_press_take_and_the_second_is_told_who_was_first(house: House, language: str) -> None:
    at = f"/monitoring/alerts/{_raised(house)}"
    olga, ruth = sign_in(house, "olga", language=language), sign_in(house, "ruth", language=language)
    before = ruth.get("/monitoring")
    assert olga.fill("/monitoring", f"{at}/take", {}).status_code == 303
    late = ruth.send(before, f"{at}/take", {})
    assert late.status_code == 409
    assert TAKEN[language] in late.text
    typed = ruth.send(before, f"{at}/resolution", {"reason": "the scanner was repaired"})
    assert typed.status_code == 409
    form = typed.text.partition(f'action="{at}/resolution?days=30"')[2].partition("</form>")[0]
    assert ">the scanner was repaired</textarea>" in form
    assert TAKEN[language] in form
    assert ruth.send(typed, f"{at}/resolution", {"reason": "the scanner was repaired"}).status_code == 303
    over = house.ask("anna", "GET", "/api/v1/monitoring").json()["alerts"][0]
    assert (over["taken_by"], over["resolved_by"]) == ("olga", "ruth")


def test_whoever_has_an_alert_hands_it_back_on_the_page(house: House) -> None:
    at = f"/monitoring/alerts/{_raised(house)}"
    olga = sign_in(house, "olga")
    olga.fill("/monitoring", f"{at}/take", {})
    shown = sign_in(house, "rita").get("/monitoring").text
    assert "taken by olga" in shown
    assert at not in shown  # a reader sees who has it, and no button
    assert olga.fill("/monitoring", f"{at}/hand-back", {}).status_code == 303
    assert "nobody has taken it" in olga.get("/monitoring").text
    assert f"{at}/take" in olga.get("/monitoring").text


def test_what_is_resolved_and_may_still_hold_says_when_it_is_raised_again(house: House) -> None:
    returns = "It is raised again if"
    alert = _raised(house)
    olga = sign_in(house, "olga")
    olga.fill("/monitoring", f"/monitoring/alerts/{alert}/resolution", {"reason": "repaired"})
    assert returns in olga.get("/monitoring").text
    with house.storage.work() as work:
        resolve_gone(work, "drift", now=house.clock.now())
        work.commit()
    assert returns not in olga.get("/monitoring").text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_risen_correction_rate_is_shown_with_its_counts_and_limits(house: House, language: str) -> None:
    facts = {
        "recent": "25/112",
        "before": "28/448",
        "since": "2026-03-30T00:00:00+00:00",
        "scanner": "",  # whose header says nothing
        "scanner_recent": "21/56",
        "scanner_before": "14/224",
        "new_version": "7",
    }
    with house.storage.work() as work:
        raise_once(work, "corrections", Urgency.WARNING, facts, now=house.clock.now())
        work.commit()
    page = sign_in(house, "rita", language=language).get("/monitoring").text
    assert RISEN[language] in page
    for shown in ("22.3 % (25 / 112", "15.6 … 30.9", "6.2 % (28 / 448", "37.5 % (21 / 56"):  # Wilson
        assert shown in page
    assert 'href="#by-scanner"' in page
