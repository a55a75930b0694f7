"""What a page of another origin gets: the widget's calls from listed origins, and nothing else."""

from collections.abc import Iterator

import pytest

from overread.settings.environment import Settings
from tests.serving.builders import ClockedServices
from tests.serving.conftest import House, another
from tests.serving.security.test_roles import MAY, filled

RIS = "https://ris.example:8443"
ELSEWHERE = "https://elsewhere.example"
FEEDBACK = "/api/v1/studies/1.2.3/feedback"
SHARED = {
    ("GET", "/api/v1/studies/{uid}/card"),
    ("GET", "/api/v1/studies/{uid}/prediction"),
    ("POST", "/api/v1/studies/{uid}/feedback"),
    ("DELETE", "/api/v1/studies/{uid}/feedback/{correction}"),
    ("GET", "/api/v1/context"),
    ("GET", "/api/v1/me"),
}


@pytest.fixture
def embedded(house: House, services: ClockedServices) -> Iterator[House]:
    """The app with one listed origin."""
    with another(house, services, widget_origins=RIS) as listed:
        yield listed


def preflight(house: House, path: str, origin: str, method: str = "POST") -> tuple[int, str | None]:
    """Ask as a browser does before it sends another origin's request with a token."""
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    answer = house.client.options(path, headers=asked)
    return answer.status_code, answer.headers.get("access-control-allow-origin")


def test_a_token_for_the_widget_opens_its_calls_and_no_other(embedded: House) -> None:
    pages = {
        ("GET", page) for page in ("/", "/account", "/account/corrections.csv", "/studies/{uid}", "/events")
    }
    opened = {
        (method, path)
        for method, path in {*MAY, *pages}
        if embedded.ask("only-widget", method, filled(path), headers={"Origin": RIS}).status_code != 403
    }
    assert opened == SHARED


def test_a_token_to_vouch_opens_no_data(embedded: House) -> None:
    opened = {
        (method, path)
        for method, path in MAY
        if embedded.ask("only-vouch", method, filled(path)).status_code != 403
    }
    assert opened == {("POST", "/api/v1/widget-tokens"), ("POST", "/api/v1/context"), ("GET", "/api/v1/me")}


@pytest.mark.parametrize("origin", [{}, {"Origin": ELSEWHERE}, {"Origin": "null"}])
def test_a_token_for_the_widget_counts_on_listed_pages_alone(embedded: House, origin: dict[str, str]) -> None:
    answer = embedded.ask("only-widget", "GET", "/api/v1/me", headers=origin)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign-origin")


def test_browsers_share_the_widgets_calls_with_listed_origins_alone(embedded: House) -> None:
    for method, path in SHARED:
        assert preflight(embedded, filled(path), RIS, method) == (200, RIS)
        assert preflight(embedded, filled(path), ELSEWHERE, method) == (400, None)
    for path in ("/api/v1/studies", "/api/v1/studies/1.2.3", "/api/v1/studies/1.2.3/report", "/login", "/"):
        assert preflight(embedded, path, RIS)[1] is None
    for origin, allowed in ((RIS, RIS), (ELSEWHERE, None)):
        answer = embedded.ask("only-widget", "GET", "/api/v1/me", headers={"Origin": origin})
        assert answer.headers.get("access-control-allow-origin") == allowed
        assert "access-control-allow-credentials" not in answer.headers
        script = embedded.client.get("/static/widget/overread-widget.js", headers={"Origin": origin})
        assert script.headers.get("access-control-allow-origin") == allowed
        assert script.headers["content-security-policy"].startswith("default-src 'self'")
    unasked = embedded.client.get("/static/feedback/queue.js")  # by a page of ours
    assert unasked.headers["vary"] == "Origin"  # so that no cache gives it to a page of another origin


def test_with_no_origin_listed_nothing_is_shared(house: House) -> None:
    assert preflight(house, FEEDBACK, RIS) == (400, None)
    refused = house.ask("only-widget", "GET", "/api/v1/me", headers={"Origin": RIS})
    assert (refused.status_code, refused.json()["code"]) == (403, "foreign-origin")


@pytest.mark.parametrize("origins", ["*", "ris.example", "https://ris.example/", "https://a b", "null"])
def test_an_origin_is_written_as_browsers_do(origins: str) -> None:
    with pytest.raises(ValueError, match="is not an origin"):
        Settings(widget_origins=origins)


def test_several_origins_stand_in_one_setting() -> None:
    assert Settings(widget_origins=f"{RIS} http://10.0.0.7:8090").embedders == (RIS, "http://10.0.0.7:8090")
