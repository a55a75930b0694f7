"""Every route and every role, from the table of the interface; a new route must be entered here."""

import pytest
from fastapi import APIRouter

from overread.domain.people import Permission, Role
from serving.security.permissions import GuardedRoute, Reader, Viewer
from tests.serving.conftest import PEOPLE, House

ALL = set(Role)
PEOPLE_WHO_SEE = ALL - {Role.DEVICE}
SEE_MORE = {Role.REVIEWER, Role.OPERATOR, Role.AUDITOR}
READERS = {Role.READER, Role.SENIOR}
OPERATOR = {Role.OPERATOR}

_SERIES = "/{uid}/series/{series}"
_INSTANCE = f"{_SERIES}/instances/{{instance}}"
_ARCHIVE = (
    "",
    "/{uid}",
    "/{uid}/series",
    "/{uid}/instances",
    "/{uid}/metadata",
    _SERIES,
    f"{_SERIES}/instances",
    f"{_SERIES}/metadata",
    _INSTANCE,
    f"{_INSTANCE}/metadata",
    f"{_INSTANCE}/frames/{{frames}}",
)
MAY: dict[tuple[str, str], set[Role]] = {
    ("POST", "/api/v1/instances"): {Role.DEVICE, Role.OPERATOR},
    ("GET", "/api/v1/studies"): PEOPLE_WHO_SEE,
    ("GET", "/api/v1/studies/{uid}"): ALL,
    ("GET", "/api/v1/studies/{uid}/prediction"): ALL,
    ("GET", "/api/v1/studies/{uid}/heatmap.png"): ALL,
    ("GET", "/api/v1/studies/{uid}/image.png"): PEOPLE_WHO_SEE,
    ("GET", "/api/v1/studies/{uid}/pixels"): PEOPLE_WHO_SEE,
    ("GET", "/api/v1/studies/{uid}/report"): PEOPLE_WHO_SEE,
    ("PUT", "/api/v1/studies/{uid}/report"): READERS,
    ("POST", "/api/v1/studies/{uid}/report/addenda"): READERS,
    ("POST", "/api/v1/studies/{uid}/feedback"): READERS,
    ("DELETE", "/api/v1/studies/{uid}/feedback/{correction}"): READERS,
    ("GET", "/api/v1/studies/{uid}/predictions"): ALL,
    ("POST", "/api/v1/studies/{uid}/predictions"): READERS | OPERATOR,
    ("POST", "/api/v1/studies/{uid}/own-call"): READERS,
    ("GET", "/api/v1/studies/{uid}/assignment"): PEOPLE_WHO_SEE,
    ("PUT", "/api/v1/studies/{uid}/assignment"): READERS,
    ("DELETE", "/api/v1/studies/{uid}/assignment"): READERS,
    ("POST", "/api/v1/studies/{uid}/release"): OPERATOR,
    ("DELETE", "/api/v1/studies/{uid}"): OPERATOR,
    ("GET", "/api/v1/adjudication/next"): READERS,
    ("GET", "/api/v1/adjudication/{case}/images/{number}.png"): READERS | {Role.AUDITOR},
    ("GET", "/api/v1/adjudication/{case}/images/{number}/pixels"): READERS | {Role.AUDITOR},
    ("POST", "/api/v1/adjudication/{case}/reads"): READERS,
    ("POST", "/api/v1/adjudication/{case}/resolution"): {Role.SENIOR},
    ("GET", "/api/v1/reader-studies"): READERS,
    ("GET", "/api/v1/reader-studies/{reader_study}/next"): READERS,
    ("GET", "/api/v1/reader-studies/{reader_study}/cases/{case}/image.png"): READERS | {Role.AUDITOR},
    ("GET", "/api/v1/reader-studies/{reader_study}/cases/{case}/pixels"): READERS | {Role.AUDITOR},
    ("GET", "/api/v1/reader-studies/{reader_study}/cases/{case}/heatmap.png"): READERS | {Role.AUDITOR},
    ("POST", "/api/v1/reader-studies/{reader_study}/reads"): READERS,
    ("GET", "/api/v1/candidates"): SEE_MORE,
    ("GET", "/api/v1/candidates/{version}"): SEE_MORE,
    ("GET", "/api/v1/candidates/{version}/drift.html"): SEE_MORE,
    ("GET", "/api/v1/candidates/{version}/flips/{uid}/{part}.png"): {Role.REVIEWER, Role.AUDITOR},
    ("POST", "/api/v1/candidates/{version}/decisions"): {Role.REVIEWER},
    ("GET", "/api/v1/models"): PEOPLE_WHO_SEE,
    ("POST", "/api/v1/models/rollback"): {Role.REVIEWER, Role.OPERATOR},
    ("GET", "/api/v1/retrainings"): SEE_MORE,
    ("GET", "/api/v1/retrainings/resources"): SEE_MORE,
    ("GET", "/api/v1/retrainings/triggers"): SEE_MORE,
    ("GET", "/api/v1/retrainings/{run}"): SEE_MORE,
    ("POST", "/api/v1/retrainings"): {Role.REVIEWER, Role.OPERATOR},
    ("DELETE", "/api/v1/retrainings/{run}"): OPERATOR,
    ("GET", "/api/v1/shadows"): SEE_MORE,
    ("GET", "/api/v1/shadows/{shadow}"): SEE_MORE,
    ("POST", "/api/v1/shadows"): OPERATOR,
    ("DELETE", "/api/v1/shadows/{shadow}"): OPERATOR,
    ("GET", "/api/v1/monitoring"): PEOPLE_WHO_SEE,
    ("GET", "/api/v1/monitoring/drift/{check}.html"): PEOPLE_WHO_SEE,
    ("POST", "/api/v1/monitoring/alerts/{alert}/take"): {Role.REVIEWER, Role.OPERATOR},
    ("POST", "/api/v1/monitoring/alerts/{alert}/hand-back"): {Role.REVIEWER, Role.OPERATOR},
    ("POST", "/api/v1/monitoring/alerts/{alert}/resolution"): {Role.REVIEWER, Role.OPERATOR},
    ("POST", "/api/v1/monitoring/normal-text"): {Role.REVIEWER},
    ("GET", "/api/v1/audit"): SEE_MORE,
    ("GET", "/api/v1/audit/verify"): SEE_MORE,
    ("GET", "/api/v1/me"): ALL,
    ("GET", "/api/v1/studies/{uid}/card"): PEOPLE_WHO_SEE,
    ("POST", "/api/v1/widget-tokens"): OPERATOR,
    ("GET", "/api/v1/context"): PEOPLE_WHO_SEE,
    ("POST", "/api/v1/context"): OPERATOR,
} | {("GET", f"/dicomweb/studies{path}"): PEOPLE_WHO_SEE for path in _ARCHIVE}
_OPEN = {"/health/live", "/health/ready"}


def filled(path: str) -> str:
    for name in ("uid", "correction", "case", "version", "run", "shadow", "check", "alert", "reader_study"):
        path = path.replace(f"{{{name}}}", "1.2.3")
    for name in ("series", "instance", "frames"):
        path = path.replace(f"{{{name}}}", "1.2.3")
    return path.replace("{number}", "0").replace("{part}", "candidate")


def test_every_route_of_the_interface_is_in_this_table_and_none_besides(house: House) -> None:
    paths = house.client.get("/openapi.json").json()["paths"]
    routes = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert routes == set(MAY) | {("GET", path) for path in _OPEN}


def test_who_may_not_is_told_so_before_the_body_or_the_existence_of_anything(house: House) -> None:
    somebody = {role: name for name, role in PEOPLE.items()}
    wrong = []
    for (method, path), allowed in MAY.items():
        for role in Role:
            answer = house.ask(somebody[role], method, filled(path), content=b"{not json")
            if (answer.status_code != 403) != (role in allowed):
                wrong.append((method, path, role, answer.status_code))
    assert not wrong


def test_without_credentials_nothing_answers_not_even_that_it_is_missing(house: House) -> None:
    for method, path in (*MAY, ("GET", "/api/v1/nothing-here")):
        answer = house.client.request(method, filled(path), content=b"{not json")
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("token", "method", "path", "status"),
    [
        ("only-send", "GET", "/api/v1/studies", 403),
        ("only-read", "GET", "/api/v1/studies", 200),
        ("only-read", "POST", "/api/v1/studies/1.2/feedback", 403),
        ("only-feedback", "GET", "/api/v1/studies", 200),
        ("only-feedback", "GET", "/api/v1/models", 403),
        ("only-feedback", "GET", "/api/v1/adjudication/next", 403),
    ],
)
def test_a_scope_narrows_a_token(house: House, token: str, method: str, path: str, status: int) -> None:
    assert house.ask(token, method, path).status_code == status


def test_a_route_without_a_declared_permission_cannot_be_made() -> None:
    router = APIRouter(route_class=GuardedRoute)
    with pytest.raises(TypeError, match="exactly one guard"):

        @router.get("/secret")
        def show() -> None: ...


def test_a_route_with_two_permissions_is_a_mistake_too() -> None:
    router = APIRouter(route_class=GuardedRoute)
    with pytest.raises(TypeError, match="exactly one guard"):

        @router.get("/secret")
        def show(by: Reader, also: Viewer) -> None: ...


def test_me_says_what_i_may(house: House) -> None:
    me = house.ask("sven", "GET", "/api/v1/me").json()
    assert (me["name"], me["role"], me["scope"]) == ("sven", "senior", None)
    assert Permission.RESOLVE_CASE in me["may"]
    assert Permission.DECIDE not in me["may"]


def test_the_description_tells_of_tokens_keys_and_problems(house: House) -> None:
    described = house.client.get("/openapi.json").json()
    feedback = described["paths"]["/api/v1/studies/{uid}/feedback"]["post"]
    assert "Idempotency-Key" in {parameter["name"] for parameter in feedback["parameters"]}
    report = described["paths"]["/api/v1/studies/{uid}/report"]["put"]
    assert "If-Match" in {parameter["name"] for parameter in report["parameters"]}
    assert "application/problem+json" in feedback["responses"]["default"]["content"]
    assert feedback["security"] == [{"HTTPBearer": []}]
    assert "422" not in feedback["responses"]
