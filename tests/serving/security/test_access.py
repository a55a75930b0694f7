from datetime import UTC, datetime, timedelta

from bootstrap.credentials import issue_token
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role, password_digest
from serving.security.sessions import COOKIE
from serving.wiring import Web
from tests.serving.builders import ClockedServices
from tests.serving.conftest import House, another


def _signed_in(house: House, name: str = "rita", *, must_change: bool = False) -> tuple[dict[str, str], str]:
    """Return the cookie and the form token of a fresh session."""
    digest = password_digest("correct horse battery")
    with house.storage.work() as work:
        if must_change:
            work.people.give_password(PersonKey(name), digest, until=house.clock.now() + timedelta(days=1))
        else:
            work.people.set_password(PersonKey(name), digest)
        work.commit()
    web: Web = house.app.state.web
    cookie = web.sessions.open(PersonKey(name), digest)
    session = web.sessions.read(cookie)
    assert session is not None
    return {COOKIE: cookie}, web.forgery.token(session.nonce)


def test_an_unknown_token_is_refused(house: House) -> None:
    answer = house.client.get("/api/v1/me", headers={"Authorization": "Bearer ovr_nobody"})
    assert (answer.status_code, answer.json()["code"]) == (401, "no-credentials")


def test_another_scheme_than_bearer_is_refused(house: House) -> None:
    assert house.client.get("/api/v1/me", headers={"Authorization": "Basic YTpi"}).status_code == 401


def test_a_token_ends_when_it_says(house: House) -> None:
    ends = datetime.now(UTC) + timedelta(days=1)
    token = issue_token(
        house.storage, PersonKey("brief"), Role.READER, now=datetime.now(UTC), expires_at=ends
    )
    headers = {"Authorization": f"Bearer {token}"}
    assert house.client.get("/api/v1/me", headers=headers).status_code == 200
    house.clock.ahead = timedelta(days=2)
    assert house.client.get("/api/v1/me", headers=headers).status_code == 401


def test_a_session_reads_without_more(house: House) -> None:
    cookies, _ = _signed_in(house)
    house.client.cookies.update(cookies)
    assert house.client.get("/api/v1/me").json()["name"] == "rita"


def test_a_session_writes_only_with_the_forms_token(house: House) -> None:
    cookies, token = _signed_in(house)
    house.client.cookies.update(cookies)
    path = "/api/v1/studies/1.2.3/feedback"
    assert house.client.post(path, json={}).json()["code"] == "forged"
    assert house.client.post(path, json={}, headers={"X-CSRF-Token": "0" * 64}).json()["code"] == "forged"
    assert house.client.post(path, json={}, headers={"X-CSRF-Token": token}).status_code == 400  # no key yet


def test_an_altered_cookie_is_nobody(house: House) -> None:
    cookies, _ = _signed_in(house)
    house.client.cookies.update({COOKIE: cookies[COOKIE][:-2] + "xx"})
    assert house.client.get("/api/v1/me").status_code == 401


def test_a_changed_password_ends_the_session(house: House) -> None:
    cookies, _ = _signed_in(house)
    house.client.cookies.update(cookies)
    with house.storage.work() as work:
        work.people.set_password(PersonKey("rita"), password_digest("another long password"))
        work.commit()
    assert house.client.get("/api/v1/me").status_code == 401


def test_a_one_time_password_opens_no_api(house: House) -> None:
    cookies, _ = _signed_in(house, must_change=True)
    house.client.cookies.update(cookies)
    assert house.client.get("/api/v1/me").status_code == 403


def test_a_page_without_a_session_leads_to_the_login(house: House) -> None:
    answer = house.client.get("/candidates", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fcandidates")


def test_every_answer_carries_the_security_headers(house: House) -> None:
    for path in ("/health/live", "/api/v1/me", "/candidates", "/openapi.json"):
        headers = house.client.get(path, follow_redirects=False).headers
        assert headers["content-security-policy"].startswith("default-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


def test_a_database_that_is_away_is_a_problem_document_at_the_door(house: House) -> None:
    with house.storage.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE tokens RENAME TO gone")
    answer = house.ask("rita", "GET", "/api/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0


def test_beyond_its_quota_a_token_is_told_to_wait(services: ClockedServices, house: House) -> None:
    with another(house, services, requests_per_minute=3) as few:
        statuses = [few.ask("rita", "GET", "/api/v1/me").status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        refused = few.ask("rita", "GET", "/api/v1/me")
        assert refused.json()["code"] == "too-many-requests"
        assert int(refused.headers["retry-after"]) >= 1
        assert few.ask("remy", "GET", "/api/v1/me").status_code == 200
