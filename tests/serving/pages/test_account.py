"""Who gets in, and what belongs to a person: language, password, session."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from overread.domain.identifiers import PersonKey
from serving.wiring import GUESSES_PER_MINUTE
from tests.serving.conftest import House
from tests.serving.pages.builders import PASSWORD, Browser, default_language, furnish, set_passwords, sign_in


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/studies/1.2.3",
        "/adjudication",
        "/candidates",
        "/monitoring",
        "/retraining",
        "/audit",
        "/people",
        "/account",
    ],
)
def test_without_a_session_every_page_leads_to_the_login(house: House, path: str) -> None:
    answer = house.client.get(path, follow_redirects=False)
    back = "" if path == "/" else f"?next={quote(path, safe='')}"
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login{back}")


def test_signing_in_leads_back_to_where_one_was_and_nowhere_else(served: House) -> None:
    set_passwords(served)
    path, said = f"/studies/{furnish(served).clear}", {"username": "rita", "password": PASSWORD}

    def signed_in(opened: str, **headers: str) -> str:
        browser = Browser(client=TestClient(served.app, headers=headers), who="rita")
        other = browser.get(f"{opened}&lang=zh")  # in another language, and after a wrong password
        wrong = browser.send(other, "/login?lang=zh", said | {"password": "wrong"})
        return str(browser.send(wrong, "/login?lang=zh", said).headers["location"])

    def sent_to(client: TestClient, *, referer: str) -> str:
        answer = client.post(f"{path}/report", headers={"Referer": referer}, follow_redirects=False)
        return str(answer.headers["location"])

    left = served.client.get(f"{path}?list=q%3DDoe", follow_redirects=False).headers["location"]
    assert signed_in(left) == f"{path}?list=q%3DDoe"
    address = f"{served.client.base_url}{path}"
    assert signed_in(sent_to(served.client, referer=address)) == path
    assert sent_to(served.client, referer=f"https://elsewhere.example{path}") == "/login"
    for hostile in (
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "/\\elsewhere.example/",
        "\\\\elsewhere.example",
        "/\t/elsewhere.example",
        "javascript:alert(1)",
        "/" + "a" * 3000,
        "//[",
    ):
        assert signed_in(f"/login?next={quote(hostile, safe='')}") == "/", hostile


def test_a_wrong_password_and_an_unknown_name_get_the_same_words_and_keep_the_name(house: House) -> None:
    set_passwords(house)
    browser = Browser(client=TestClient(house.app), who="rita")
    action = f"/login?lang={default_language(house)}"
    for name in ("rita", "nobody", "<script>"):
        refused = browser.fill("/login?lang=zh", action, {"username": name, "password": "wrong wrong wrong"})
        assert refused.status_code == 401
        assert "用户名或口令不对" in refused.text
        assert "<script>" not in refused.text.replace('<script src="/static', "")
    assert (
        'value="nobody"'
        in browser.fill("/login?lang=zh", action, {"username": "nobody", "password": "x"}).text
    )


def test_who_guesses_passwords_waits_and_nobody_else_does(house: House) -> None:
    set_passwords(house)
    rita, remy = (Browser(client=TestClient(house.app), who=who) for who in ("rita", "remy"))
    action = "/login?lang=en"
    wrong = [
        rita.fill(action, action, {"username": "rita", "password": f"guess {n}"}).status_code
        for n in range(GUESSES_PER_MINUTE + 1)
    ]
    assert wrong == [401] * GUESSES_PER_MINUTE + [429]
    right = rita.fill(action, action, {"username": "rita", "password": PASSWORD})
    assert right.status_code == 429
    assert "Wait a minute" in right.text
    assert remy.fill(action, action, {"username": "remy", "password": PASSWORD}).status_code == 303


def test_the_right_password_forgets_the_wrong_ones(house: House) -> None:
    set_passwords(house)
    rita, action = Browser(client=TestClient(house.app), who="rita"), "/login?lang=en"
    for password in ["wrong"] * (GUESSES_PER_MINUTE - 1) + [PASSWORD] + ["wrong"] * GUESSES_PER_MINUTE:
        answer = rita.fill(action, action, {"username": "rita", "password": password})
        assert answer.status_code == (303 if password == PASSWORD else 401)


def test_the_login_page_names_no_command_that_does_not_help(house: House) -> None:
    for language, words in (("en", "Ask an operator"), ("zh", "运行管理员")):
        page = house.client.get(f"/login?lang={language}").text
        assert words in page
        assert "overread user" not in page  # `user add` refuses whoever has a password


def test_a_form_without_the_pages_token_does_nothing(served: House) -> None:
    rita = sign_in(served, "rita")
    forged = rita.client.post(
        "/account/language", data={"language": "zh", "back": "/"}, follow_redirects=False
    )
    assert forged.status_code == 403
    with served.storage.look() as work:
        assert work.people.language(PersonKey("rita")) == "en"


def test_a_login_page_that_was_left_open_too_long_is_shown_again_and_then_works(served: House) -> None:
    set_passwords(served)
    browser = Browser(client=TestClient(served.app), who="rita")
    page, action = browser.get("/login?lang=en"), "/login?lang=en"
    browser.client.cookies.clear()
    form = {"username": "rita", "password": PASSWORD}
    late = browser.send(page, action, form)
    assert (late.status_code, late.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert "This page was open too long" in late.text
    assert 'value="rita"' in late.text
    assert browser.send(late, action, form).status_code == 303


def test_a_theme_is_remembered_in_the_browser_and_films_stay_dark(served: House) -> None:
    rita, films = sign_in(served, "rita"), f"/studies/{furnish(served).clear}"
    assert 'data-theme="dark"' in rita.get("/").text
    assert rita.fill("/account", "/account/theme", {"theme": "light"}).status_code == 303
    assert 'data-theme="light"' in rita.get("/").text
    assert 'data-theme="dark"' in rita.get(films).text
    assert 'data-theme="dark"' in sign_in(served, "rita").get("/").text
    assert rita.fill("/account", "/account/theme", {"theme": '"><script>'}).status_code == 422


def test_a_language_is_remembered_and_leads_back_only_to_our_own_pages(served: House) -> None:
    rita = sign_in(served, "rita")
    chosen = rita.fill("/monitoring", "/account/language", {"language": "zh"})
    assert chosen.headers["location"] == "/monitoring"
    assert "监测" in rita.get("/monitoring").text
    for address in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"):
        away = rita.fill("/", "/account/language", {"language": "en", "back": address})
        assert away.headers["location"] == "/"


def test_whoever_has_chosen_no_language_goes_on_in_the_one_of_the_login_page(served: House) -> None:
    set_passwords(served)
    other = "zh" if default_language(served) == "en" else "en"
    action = f"/login?lang={other}"

    def signed_in() -> str:
        rita = Browser(client=TestClient(served.app), who="rita")
        rita.fill(action, action, {"username": "rita", "password": PASSWORD})
        return rita.get("/account").text

    assert f'<html lang="{other}' in signed_in()
    with served.storage.work() as work:
        work.people.set_language(PersonKey("rita"), default_language(served))
        work.commit()
    assert f'<html lang="{default_language(served)}' in signed_in()  # what was chosen stands


def test_a_changed_password_ends_other_sessions_and_keeps_this_one(served: House) -> None:
    here, elsewhere = sign_in(served, "rita"), sign_in(served, "rita")
    new = "another long password"
    form = {"current": PASSWORD, "new": new, "again": new}
    for wrong in ({"current": "no"}, {"again": "different from it"}, {"new": "short", "again": "short"}):
        assert here.fill("/account", "/account/password", form | wrong).status_code == 422
    assert here.fill("/account", "/account/password", form).status_code == 303
    assert here.get("/account?changed=1").status_code == 200
    assert elsewhere.get("/account").headers["location"] == "/login?next=%2Faccount"


def test_signing_out_ends_the_session(served: House) -> None:
    rita = sign_in(served, "rita")
    assert rita.fill("/", "/logout", {}).headers["location"] == "/login"
    assert rita.get("/").headers["location"] == "/login"


def test_a_password_that_somebody_else_set_is_pointed_out(house: House) -> None:
    rita = sign_in(house, "rita")
    with house.storage.work() as work:
        digest = work.people.password(PersonKey("rita"))
        work.people.give_password(PersonKey("rita"), str(digest), until=house.clock.now() + timedelta(days=1))
        work.commit()
    assert "set one of your own" in rita.get("/").text
    for path in ("/studies/1.2.3", "/adjudication"):  # pages of pictures wait for a password of one's own
        assert rita.get(path).headers["location"] == "/account#password"
