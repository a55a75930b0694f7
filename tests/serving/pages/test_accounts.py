"""The page of people: what operators do to accounts, what ends with it, and what nothing there shows."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from bootstrap.accounts import change_role, reset_password, switch_off
from bootstrap.credentials import add_person, issue_token
from overread.domain.accounts import Account, LastOperatorError
from overread.domain.audit import AuditEvent
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role, Scope, token_digest
from serving.pages.visits import OWN_PASSWORD
from tests.serving.conftest import House
from tests.serving.pages.builders import DIGEST, PASSWORD, Browser, default_language, sign_in

OLGA, OTTO, RITA = PersonKey("olga"), PersonKey("otto"), PersonKey("rita")
OWN = "a password of my own"


def password_on(page: Response) -> str:
    """Return the one-time password that a page shows."""
    found = re.search(r'id="one-time-password">([^<]+)<', page.text)
    assert found is not None, page.text
    return found[1]


def enter(house: House, who: str, password: str) -> tuple[Browser, Response]:
    """Sign in with a password, whatever comes of it."""
    browser = Browser(client=TestClient(house.app), who=who)
    action = f"/login?lang={default_language(house)}"
    return browser, browser.fill("/login", action, {"username": who, "password": password})


def manage(browser: Browser, name: str, verb: str, **more: str) -> Response:
    """Press a button of somebody's page, also where the page does not offer it."""
    page = browser.get("/people")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    form = {"csrf_token": token[1], **more}
    return browser.client.post(f"/people/{name}/{verb}", data=form, follow_redirects=False)


def account(house: House, name: str = "rita") -> Account:
    with house.storage.look() as work:
        return work.people.account(PersonKey(name))


def told(house: House, action: str) -> list[AuditEvent]:
    with house.storage.look() as work:
        return [row.event for row in work.audit.told([action])]


def test_a_person_who_was_added_sets_a_password_before_writing_anything(house: House) -> None:
    olga = sign_in(house, "olga")
    added = olga.fill("/people", "/people", {"name": "nora", "role": "reviewer"})
    nora, answer = enter(house, "nora", password_on(added))
    assert answer.headers["location"] == OWN_PASSWORD
    decision = nora.client.post("/candidates/2/decisions", data={}, follow_redirects=False)
    assert (decision.status_code, decision.headers["location"]) == (303, OWN_PASSWORD)
    form = {"current": password_on(added), "new": OWN, "again": OWN}
    assert nora.fill("/account", "/account/password", form).status_code == 303
    assert enter(house, "nora", OWN)[1].headers["location"] == "/"
    (event,) = told(house, "person-added")[-1:]
    assert (event.by, event.subject, event.details) == (
        "olga",
        "person:nora",
        {"name": "nora", "role": "reviewer"},
    )


def test_a_form_that_cannot_be_says_why_and_keeps_what_was_typed(house: House) -> None:
    olga = sign_in(house, "olga")
    for form, status, words in (
        ({"name": "no spaces", "role": "reader"}, 422, 'id="fault-name"'),
        ({"name": "nora", "role": ""}, 422, "Choose one."),
        ({"name": "nora", "role": "device"}, 409, "use another name"),
        ({"name": "rita", "role": "reader"}, 409, "known already"),
    ):
        refused = olga.fill("/people", "/people", form)
        assert (refused.status_code, words in refused.text) == (status, True), form
        assert f'value="{form["name"]}"' in refused.text


def test_a_reset_ends_every_session_and_the_old_password(house: House) -> None:
    olga, here, elsewhere = (sign_in(house, who) for who in ("olga", "rita", "rita"))
    password = password_on(manage(olga, "rita", "reset"))
    for browser in (here, elsewhere):
        assert browser.get("/").headers["location"] == "/login"
    assert enter(house, "rita", PASSWORD)[1].status_code == 401
    assert enter(house, "rita", password)[1].headers["location"] == OWN_PASSWORD
    assert account(house).must_change_password
    (event,) = told(house, "password-reset")
    assert (event.by, event.details) == ("olga", {"name": "rita"})
    assert password not in str(event)
    assert password not in olga.get("/people/rita").text  # shown once


def test_a_name_with_tokens_alone_has_no_password_to_reset(house: House) -> None:
    refused = manage(sign_in(house, "olga"), "dora", "reset")
    assert (refused.status_code, "tokens alone" in refused.text) == (409, True)


def test_switched_off_neither_password_nor_session_nor_token_lets_in_until_switched_on(house: House) -> None:
    olga, rita = sign_in(house, "olga"), sign_in(house, "rita")
    assert manage(olga, "rita", "off").status_code == 303
    assert rita.get("/").headers["location"] == "/login"
    assert enter(house, "rita", PASSWORD)[1].status_code == 401
    assert house.ask("rita", "GET", "/api/v1/me").status_code == 401
    assert manage(olga, "rita", "reset").status_code == 409
    assert "Switched off" in olga.get("/people").text
    password = password_on(manage(olga, "rita", "on"))
    assert house.ask("rita", "GET", "/api/v1/me").status_code == 200
    assert rita.get("/").headers["location"] == "/login"  # a session of before stays ended
    assert enter(house, "rita", password)[1].headers["location"] == OWN_PASSWORD
    assert [told(house, f"person-switched-{way}")[0].details for way in ("off", "on")] == [
        {"name": "rita"}
    ] * 2


def test_an_operator_does_to_the_own_account_nothing_but_change_the_password(house: House) -> None:
    olga = sign_in(house, "olga")
    before = account(house, "olga")
    for verb, more in (("off", {}), ("role", {"role": "reviewer"}), ("reset", {})):
        refused = manage(olga, "olga", verb, **more)
        assert (refused.status_code, "another operator" in refused.text) == (409, True)
    assert account(house, "olga") == before
    assert "/people/olga/off" not in olga.get("/people/olga").text


def test_two_operators_who_switch_each_other_off_at_once_leave_one(house: House) -> None:
    olga = sign_in(house, "olga")
    assert manage(olga, "operator", "off").status_code == 303
    add_person(house.storage, OTTO, Role.OPERATOR, now=datetime.now(UTC))
    switch_off(house.storage, OLGA, by=OTTO, now=datetime.now(UTC))
    with pytest.raises(LastOperatorError):  # asked for before, done after
        switch_off(house.storage, OTTO, by=OLGA, now=datetime.now(UTC))
    with pytest.raises(LastOperatorError):
        change_role(house.storage, OTTO, Role.AUDITOR, by=OLGA, now=datetime.now(UTC))
    assert account(house, "otto").signs_in


def test_a_token_manages_nobody(house: House) -> None:
    assert house.ask("olga", "POST", "/people/rita/off", data={"csrf_token": "0" * 64}).status_code == 403
    assert account(house).switched_off_at is None


def test_another_role_is_given_by_another_operator_and_ends_the_tokens_of_the_old_one(house: House) -> None:
    olga, rita = sign_in(house, "olga"), sign_in(house, "rita")
    assert rita.get("/candidates").status_code == 403
    assert manage(olga, "rita", "role", role="reviewer").status_code == 303
    assert rita.get("/candidates").status_code == 200
    assert house.ask("rita", "GET", "/api/v1/me").status_code == 401
    (event,) = told(house, "role-changed")
    assert (event.by, event.details) == ("olga", {"name": "rita", "from": "reader", "to": "reviewer"})
    for who, role in (("rita", "device"), ("dora", "reader")):
        assert manage(olga, who, "role", role=role).status_code == 409


def test_a_token_is_listed_by_its_end_and_revoked(house: House) -> None:
    now = datetime.now(UTC)
    ends = now + timedelta(days=3)
    token = issue_token(house.storage, RITA, Role.READER, scope=Scope.FEEDBACK, now=now, expires_at=ends)
    olga = sign_in(house, "olga")
    page = olga.get("/people/rita").text
    assert f"{ends.astimezone():%b %Y %H:%M}" in page
    assert manage(olga, "rita", "token", made_at=now.isoformat()).status_code == 303
    asked = {"Authorization": f"Bearer {token}"}
    assert house.client.get("/api/v1/me", headers=asked).status_code == 401
    assert house.ask("rita", "GET", "/api/v1/me").status_code == 200  # the other token lasts
    (event,) = told(house, "token-revoked")
    assert (event.by, event.details["name"]) == ("olga", "rita")
    assert manage(olga, "rita", "token", made_at="yesterday").status_code == 422
    assert manage(olga, "rita", "token", made_at=ends.isoformat()).status_code == 404


def test_nothing_there_shows_a_digest_or_a_token(house: House) -> None:
    olga = sign_in(house, "olga")
    pages = olga.get("/people").text + olga.get("/people/rita").text
    token = house.tokens["rita"]
    for secret in (DIGEST, DIGEST.split("$")[2], token, token_digest(token), token_digest(token)[:16]):
        assert secret not in pages


def test_who_signed_in_last_when_is_kept_and_recorded(house: House) -> None:
    assert account(house).signed_in_at is None
    sign_in(house, "rita")
    at = account(house).signed_in_at
    assert at is not None
    assert [(event.by, event.at) for event in told(house, "signed-in")] == [("rita", at)]
    assert f"{at.astimezone():%b %Y %H:%M}" in sign_in(house, "olga").get("/people/rita").text


def test_an_auditor_sees_people_and_changes_nothing_and_others_do_not_even_see(house: House) -> None:
    anna = sign_in(house, "anna")
    assert (
        '<form method="post" action="/people' not in anna.get("/people").text + anna.get("/people/rita").text
    )
    assert manage(anna, "rita", "off").status_code == 403
    assert anna.get("/people/nobody-here").status_code == 404
    for who in ("rita", "sven", "ruth"):
        assert sign_in(house, who).get("/people").status_code == 403


def test_people_wait_for_a_password_of_the_operators_own(house: House) -> None:
    password = add_person(house.storage, OTTO, Role.OPERATOR, now=datetime.now(UTC))
    otto, _ = enter(house, "otto", password)
    for path in ("/people", "/people/rita"):
        assert otto.get(path).headers["location"] == OWN_PASSWORD


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_reset_says_what_to_do_in_both_languages(house: House, language: str) -> None:
    page = manage(sign_in(house, "olga", language=language), "rita", "reset").text
    assert {"zh": "当面", "en": "in person"}[language] in page


def test_a_reset_from_the_command_line_may_be_the_operators_own(house: House) -> None:
    sign_in(house, "olga")
    password = reset_password(house.storage, OLGA, by=OLGA, now=datetime.now(UTC))
    assert enter(house, "olga", password)[1].status_code == 303


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_one_time_password_ends_where_nobody_used_it_in_time(house: House, language: str) -> None:
    sign_in(house, "olga")
    password = reset_password(house.storage, OLGA, by=OLGA, now=house.clock.now())
    house.clock.ahead = timedelta(days=6)
    assert enter(house, "olga", password)[1].status_code == 303
    house.clock.ahead = timedelta(days=8)
    browser, page = Browser(client=TestClient(house.app), who="olga"), f"/login?lang={language}"
    answer = browser.fill(page, page, {"username": "olga", "password": password})
    assert answer.status_code == 401
    assert {"zh": "已失效", "en": "has ended"}[language] in answer.text
    wrong = enter(house, "olga", "another password")[1]
    assert "has ended" not in wrong.text  # only who knows it is told
    fresh = reset_password(house.storage, OLGA, by=OLGA, now=house.clock.now())
    assert enter(house, "olga", fresh)[1].status_code == 303
