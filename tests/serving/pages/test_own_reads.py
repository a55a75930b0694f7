"""What one has read today: listed for its reader alone, to be looked at again and not changed."""

import pytest

from overread.domain.identifiers import StudyUid
from tests.serving.conftest import House
from tests.serving.pages.builders import Browser, forms_of, furnish, sign_in

SAID = {
    "label": "has_finding",
    "code": "nodule",
    "side": "left",
    "box": "4,5,20,30",
    "comment": "faint",
    "confidence": "low",
}


def read(browser: Browser, **said: str) -> str:
    """Read the case that is due on its page; return its id."""
    page = browser.get("/adjudication")
    action = next(path for path in forms_of(page) if path.endswith("/reads"))
    answer = browser.send(page, action, {"quality": "limited"} | said)
    assert answer.status_code == 303, answer.text
    return action.split("/")[2]


@pytest.fixture
def disputed(served: House) -> str:
    """A study that rita disagreed on."""
    uid = furnish(served).clear
    said = {"verdict": "disagree", "label": "has_finding", "kind": "missed_finding"}
    key = {"Idempotency-Key": "k"}
    assert served.ask("rita", "POST", f"/api/v1/studies/{uid}/feedback", json=said, headers=key).is_success
    return uid


def test_a_day_without_a_read_says_so_and_leads_to_the_next_case(served: House) -> None:
    remy = sign_in(served, "remy")
    assert "You have read nothing today" in remy.get("/adjudication/today").text
    assert "0 / 0" in remy.get("/adjudication").text
    assert sign_in(served, "ruth").get("/adjudication/today").status_code == 403


def test_own_reads_are_listed_and_looked_at_again_without_a_word_of_anybody_else(
    served: House, disputed: str
) -> None:
    remy, rosa, sven = (sign_in(served, who) for who in ("remy", "rosa", "sven"))
    case = read(remy, **SAID)
    read(rosa, label="no_finding", comment="nothing there")
    read(sven, label="no_finding")
    day, again = remy.get("/adjudication/today").text, remy.get(f"/adjudication/{case}/own-read").text
    for page in (day, again):
        for shown in ("Finding", "nodule", "Left", "Limited", "Low"):
            assert shown in page, shown
        for hidden in (disputed, "Doe", "rita", "rosa", "nothing there", "senior reads", "/reads"):
            assert hidden not in page, hidden
    assert "1 read, 1 of them with a finding" in day
    assert 'data-box="4,5,20,30"' in again
    assert "faint" in again
    writes = set(forms_of(remy.get(f"/adjudication/{case}/own-read"))) - {
        ""
    }  # that of the help only closes it
    assert writes == {"/account/language", "/logout"}
    assert "1 / 1" in remy.get("/adjudication").text
    picture = f"/api/v1/adjudication/{case}/images/0.png"
    assert served.ask("remy", "GET", picture).status_code == 200
    for path in (f"/adjudication/{case}/own-read", "/adjudication/nothing/own-read"):
        assert sign_in(served, "rita").get(path).status_code == 404
    assert served.ask("rita", "GET", picture).status_code == 404


def test_a_senior_finds_the_own_decision_beside_the_own_read_and_nobody_else_does(
    served: House, disputed: str
) -> None:
    remy, rosa, sven = (sign_in(served, who) for who in ("remy", "rosa", "sven"))
    case = read(remy, label="has_finding", confidence="high")
    read(rosa, label="no_finding")
    read(sven, label="no_finding")
    deciding = sven.get("/adjudication")
    again = sven.get(f"/adjudication/{case}/own-read")  # held still, and one's own
    assert again.status_code == 200
    assert "confidence High" in deciding.text
    assert "You decided" not in again.text
    resolved = {"label": "has_finding", "code": "nodule", "reason": "seen beside the heart"}
    assert sven.send(deciding, f"/adjudication/{case}/resolution", resolved).status_code == 303
    assert "seen beside the heart" in sven.get(f"/adjudication/{case}/own-read").text
    assert "You decided" in sven.get("/adjudication/today").text
    assert "You decided" not in remy.get(f"/adjudication/{case}/own-read").text


def test_an_own_read_is_hidden_while_its_study_is_before_its_reader_again(
    served: House, disputed: str
) -> None:
    remy, rosa = sign_in(served, "remy"), sign_in(served, "rosa")
    case = read(remy, label="no_finding")
    read(rosa, label="no_finding")
    said = {"verdict": "disagree", "label": "has_finding", "kind": "missed_finding"}
    filed = served.ask(
        "rita",
        "POST",
        f"/api/v1/studies/{disputed}/feedback",
        json=said,
        headers={"Idempotency-Key": "again"},
    )
    assert filed.json()["case"] != case
    remy.get("/adjudication")
    with served.storage.look() as work:
        held = work.cases.open_of(StudyUid(disputed))
    assert held is not None
    assert remy.get(f"/adjudication/{case}/own-read").status_code == 403
    refused = served.ask("remy", "GET", f"/api/v1/adjudication/{case}/images/0.png")
    assert (refused.status_code, refused.json()["code"]) == (403, "blinded")
