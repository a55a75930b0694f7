"""What the tests of pages are made from: people with passwords, and a department with something in it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import numpy as np
from fastapi.testclient import TestClient
from httpx2 import Response

from model_registry.curves import curves_of
from model_registry.kept_scores import Scores, keep_scores
from model_registry.recording import recorded
from model_registry.test_set import TestCase, freeze
from overread.domain.alerts import Alert, Urgency
from overread.domain.findings import Label
from overread.domain.identifiers import PatientKey, PersonKey, StudyUid
from overread.domain.people import password_digest
from overread.domain.studies import Reason, StudyState
from overread.store.monitoring import DriftCheck
from tests.registries import a_check
from tests.serving.builders import a_dicom, a_drift_verdict, ask_for
from tests.serving.conftest import House

PASSWORD = "a long password here"  # noqa: S105 - of people that tests make
DIGEST = password_digest(PASSWORD, salt=b"0" * 16)
PEOPLE = ("rita", "remy", "rosa", "sven", "ruth", "rolf", "olga", "anna")


class Forms(HTMLParser):
    """The forms of a page: for each address its hidden fields."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self._fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = self.forms.setdefault(given.get("action", "").split("#")[0], {})
        elif tag == "input" and given.get("type") == "hidden":
            self._fields[given["name"]] = given.get("value", "")


def forms_of(page: Response) -> dict[str, dict[str, str]]:
    """Return the forms of a page."""
    parser = Forms()
    parser.feed(page.text)
    return parser.forms


@dataclass(frozen=True, kw_only=True)
class Browser:
    """One person's browser: keeps cookies, sends forms as a page holds them."""

    client: TestClient
    who: str

    def get(self, path: str) -> Response:
        return self.client.get(path, follow_redirects=False)

    def fill(self, page: str, action: str, data: dict[str, Any]) -> Response:
        """Open a page and send one of its forms."""
        return self.send(self.get(page), action, data)

    def send(self, page: Response, action: str, data: dict[str, Any]) -> Response:
        """Send a form of a page that was opened before, named by its address with or without the query."""
        forms = forms_of(page)
        address = next(each for each in forms if action in {each, each.partition("?")[0]})
        return self.client.post(address, data=forms[address] | data, follow_redirects=False)


def set_passwords(house: House) -> None:
    """Give everybody the same password."""
    with house.storage.work() as work:
        for name in PEOPLE:
            work.people.set_password(PersonKey(name), DIGEST)
        work.commit()


def sign_in(house: House, who: str, *, language: str = "en") -> Browser:
    """Return a browser in which somebody is signed in."""
    set_passwords(house)
    with house.storage.work() as work:
        work.people.set_language(PersonKey(who), language)
        work.commit()
    client = TestClient(house.app, raise_server_exceptions=True)
    browser = Browser(client=client, who=who)
    answer = browser.fill(
        "/login", f"/login?lang={default_language(house)}", {"username": who, "password": PASSWORD}
    )
    assert answer.status_code == 303, answer.text
    return browser


def default_language(house: House) -> str:
    """Return the language that the login page opens in."""
    return str(house.app.state.web.services.settings.language)


@dataclass(frozen=True, kw_only=True)
class Department:
    """Studies in every lasting state."""

    finding: str
    clear: str
    excluded: str
    quarantined: str


def furnish(house: House, *, name: str = "Doe^Jane") -> Department:
    """Send studies, set one aside, raise an alert, keep a drift check and ask for a promotion."""
    sent = {
        "finding": house.send(a_dicom(bright=True, seed=1, PatientName=name)),
        "clear": house.send(a_dicom(bright=False, seed=2, PatientName=name)),
        "excluded": house.send(a_dicom(bright=True, seed=3, ViewPosition="LL", PatientName=name)),
        "quarantined": house.send(a_dicom(bright=True, seed=4, PatientName=name)),
    }
    uids = {kind: answer.json()["study_instance_uid"] for kind, answer in sent.items()}
    now = datetime.now(UTC)
    with house.storage.work() as work:
        reason = Reason(code="Q01_BURNED_IN_TEXT", text="text was found in the picture")
        held = work.studies.get(StudyUid(uids["quarantined"]))
        work.studies.save(
            replace(held, state=StudyState.QUARANTINED, reasons=(reason,), label=None, probability=None)
        )
        alert = Alert(
            id="alert-1" + "0" * 20,
            kind="drift",
            urgency=Urgency.URGENT,
            raised_at=now,
            facts={"columns": "mean_grey"},
        )
        work.monitoring.add_alert(alert)
        for number, passed in enumerate((True, False)):
            check = DriftCheck(
                id=f"check-{number}" + "0" * 20,
                at=now + timedelta(seconds=number),
                verdict=a_drift_verdict(passed=passed),
            )
            work.monitoring.add_check(check)
        work.commit()
    comparison = a_comparison(uids["finding"], uids["clear"])
    comparison["test_set"]["version"] = keep_maps(house, comparison)
    ask_for(house.storage, "2", slope=30.0, comparison=comparison)
    return Department(**uids)


def keep_maps(house: House, comparison: dict[str, Any]) -> str:
    """Freeze the flips of a comparison as a test set with what its models said of it; return its name."""
    cases = [
        TestCase(
            study=StudyUid(flip["study"]),
            patient=PatientKey(f"p{number}"),
            label=Label.HAS_FINDING if flip["kind"] == "missed" else Label.NO_FINDING,
        )
        for number, flip in enumerate(comparison["flips"])
    ]
    now, policy = datetime.now(UTC), house.app.state.web.services.policy
    maps = np.linspace(0, 1, len(cases) * 64, dtype=np.float32).reshape(-1, 8, 8)
    said = Scores(probability=maps[:, :1, 0], embedding=maps[:, 0], map=maps)
    with house.storage.work() as work:
        frozen = freeze(work, house.storage.objects, cases, task=house.task, policy=policy, now=now)
        for part in comparison["evaluations"].values():
            keep_scores(
                work, house.storage.objects, said, model=part["digest"], dataset=frozen.digest, now=now
            )
        work.commit()
    return frozen.version


def a_pointing(estimate: float = 0.713) -> dict[str, Any]:
    """Return how well maps point, as the gate records it."""
    shown = {"estimate": estimate, "lower": estimate - 0.05, "upper": estimate + 0.05}
    return {"pointing": shown, "energy": shown}


def some_curves(*parts: str) -> dict[str, Any]:
    """Return the curves that a comparison records of each part, of drawn scores."""
    rng = np.random.default_rng(3)
    truth = rng.random(300) < 0.5
    drawn = {part: 1 / (1 + np.exp(-(truth * 2.0 - 1 + rng.normal(size=truth.size)))) for part in parts}
    return {part: recorded(curves_of(truth, scores, threshold=0.5)) for part, scores in drawn.items()}


def a_comparison(missed: str, alarm: str) -> dict[str, Any]:
    """Return a comparison as the gate records it, with two negative flips."""
    none: dict[str, Any] = {
        "estimate": None,
        "lower": None,
        "upper": None,
        "margin": None,
        "gained": None,
        "lost": None,
    }
    return {
        "verdict": "PROMOTE",
        "reasons": [],
        "policy": "demo",
        "test_set": {"version": "t1", "n": 1200, "n_positive": 600, "n_negative": 600},
        "candidate": "2",
        "production": "1",
        "anchor": "1",
        "checks": [
            a_check("evidence", n=1200, **none),
            a_check("sensitivity"),
            a_check(
                "specificity", estimate=-0.007, lower=-0.022, upper=0.007, margin=0.05, gained=22, lost=29
            ),
            a_check("auc", estimate=0.006, lower=0.001, upper=0.011, margin=0.02, gained=None, lost=None),
            a_check("brier", role="veto", estimate=0.004, lower=0.001, upper=0.007, margin=0.01),
            a_check("slice:maker=Acme:sensitivity", "inconclusive", role="veto", n=64),
        ],
        "by_finding": [
            {"code": "fibrous_strand", **a_check("finding:fibrous_strand", role="information", n=148)},
            {
                "code": "nodule",
                **a_check("finding:nodule", "counts-only", n=8, **(none | {"gained": 1, "lost": 0})),
            },
        ],
        "slices": [
            {
                "name": "maker=Acme",
                "sensitivity": a_check(
                    "slice:maker=Acme:sensitivity", "inconclusive", lower=-0.125, estimate=-0.031
                ),
                "specificity": a_check("slice:maker=Acme:specificity", margin=0.1),
            }
        ],
        "curves": some_curves("candidate", "production"),
        "flips": [
            {
                "study": missed,
                "kind": "missed",
                "findings": ["fibrous_strand"],
                "production": 0.58,
                "candidate": 0.39,
            },
            {"study": alarm, "kind": "false_alarm", "findings": [], "production": 0.21, "candidate": 0.57},
        ],
        "localisation": {
            "candidate": {"n": 412, **{guess: a_pointing() for guess in ("centre", "mean_map", "model")}},
            "production": {"n": 412, "model": a_pointing(0.58)},
            "anchor": None,
        },
        "evaluations": {
            "candidate": {"version": "2", "digest": "a" * 64},
            "production": {"version": "1", "digest": "b" * 64},
        },
        "baseline": None,
    }
