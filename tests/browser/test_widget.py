"""The widget in a foreign RIS: another origin, a look of its own, a token that gives feedback alone."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, WebSocketRoute, expect

from cli.foreign_ris.server import ForeignRis, Overread
from cli.foreign_ris_command import READER, credential, studies_of
from overread.domain.corrections import Correction
from overread.domain.identifiers import PersonKey, StudyUid
from tests.browser.conftest import Desk, a_window, on_a_port
from tests.browser.test_accessible import found
from tests.serving.builders import ClockedServices, a_dicom
from tests.serving.conftest import House, another

HOSTILE = "<img src=x onerror=alert(1)>"  # as a patient's number, and as what a foreign page passes on
SPOILING = "* { font-size: 40px !important; color: red !important; display: block !important; }"
SPOIL = """(text) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    document.adoptedStyleSheets = [sheet];
}"""
LOOKS = """(made) => {
    const { fontSize, color, display } = getComputedStyle(made);
    return [fontSize, color, display];
}"""
SET = "(card, given) => Object.entries(given).forEach((pair) => card.setAttribute(...pair))"


@dataclass(frozen=True, kw_only=True)
class Ris:
    """A foreign RIS that is open in a window, and what Overread has behind it."""

    server: ForeignRis
    desk: Desk
    house: House
    finding: str
    clear: str
    excluded: str

    @property
    def page(self) -> Page:
        return self.desk.page

    @property
    def card(self) -> Locator:
        return self.page.locator("overread-feedback")

    @property
    def word(self) -> Locator:
        return self.card.locator(".said")

    def open_page(self, language: str, *, host: str = "127.0.0.1") -> None:
        """Go to the RIS's page; by another host's name it is another origin."""
        self.page.goto(f"http://{host}:{self.server.server_port}/?lang={language}")

    def pick(self, uid: str) -> None:
        """Open a study in the RIS."""
        self.page.click(f'tr[data-uid="{uid}"]')

    def said(self, uid: str) -> list[Correction]:
        """Return what is kept of a study, words taken back too."""
        with self.house.storage.look() as work:
            return work.corrections.of_study(StudyUid(uid))

    def lead(self, **attributes: str) -> None:
        """Set attributes of the card."""
        self.card.evaluate(SET, attributes)


@pytest.fixture
def ris(served: House, services: ClockedServices, chromium: Browser) -> Iterator[Ris]:
    """Serve Overread for a RIS on another port, and open a window."""
    tags: tuple[dict[str, Any], ...] = ({"bright": True}, {"bright": False}, {"ViewPosition": "LL"})
    sent = [served.send(a_dicom(seed=seed, PatientID=HOSTILE, **each)) for seed, each in enumerate(tags)]
    finding, clear, excluded = (str(answer.json()["study_instance_uid"]) for answer in sent)
    with ForeignRis(0) as server, another(served, services, widget_origins=server.origin) as allowed:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        token = credential(served.storage, now=datetime.now(UTC))
        server.reader, server.studies = READER, studies_of(served.storage)
        with on_a_port(allowed.app) as address, a_window(chromium, address) as desk:
            server.overread = Overread(address=address, token=token)
            yield Ris(
                server=server, desk=desk, house=allowed, finding=finding, clear=clear, excluded=excluded
            )
        server.shutdown()


def test_a_reader_corrects_the_model_inside_a_foreign_ris(ris: Ris) -> None:
    ris.page.add_init_script("window.before = new Set(Object.getOwnPropertyNames(window))")
    ris.open_page("en")
    expect(ris.card).to_contain_text("Waiting for a study")
    uid = ris.finding
    ris.pick(uid)
    expect(ris.card.locator(".big")).to_have_text("Finding")
    leave_each_other_alone(ris)
    assert found(ris.desk) == []  # of WCAG's rules, in the card and around it
    ris.card.locator(".no").dblclick()  # the other half of a double click says nothing new
    expect(ris.word).to_contain_text("Recorded: Disagree, false alarm")
    (filed,) = ris.said(uid)
    assert (filed.by, filed.verdict, filed.kind) == (READER, "disagree", "false_alarm")
    assert (filed.case, filed.withdrawn_at) != (None, None)

    ris.pick(ris.clear)
    expect(ris.card.locator(".big")).to_have_text("No finding")
    expect(ris.card.locator(".no")).to_have_attribute("aria-pressed", "false")
    ris.pick(uid)
    ris.word.get_by_role("button").click()
    expect(ris.word).to_contain_text("Taken back")
    (filed,) = ris.said(uid)
    assert filed.withdrawn_at is not None

    ris.pick(ris.excluded)
    expect(ris.card).to_contain_text("Not scored")
    expect(ris.card).to_contain_text("Not met: a frontal chest view")
    ris.page.evaluate("(given) => overread.open(...given)", [ris.finding, HOSTILE])
    expect(ris.card.locator(".name")).to_have_attribute("title", HOSTILE)
    assert ris.page.locator("img").count() == 0  # neither in the RIS nor in the card
    ris.page.click("#close")
    expect(ris.card).to_contain_text("Waiting for a study")

    ris.open_page("zh")
    ris.pick(uid)
    expect(ris.card.locator(".big")).to_have_text("有发现")
    ris.card.locator(".yes").click()
    expect(ris.word).to_contain_text("已记录")
    assert ris.desk.complaints == []
    refuse_an_origin_that_is_not_listed(ris)


def leave_each_other_alone(ris: Ris) -> None:
    """Assert that style of the page ends at the card, that of the card in it, and names are as promised."""
    call, button = ris.card.locator(".big"), ris.page.locator("#close")
    before = call.evaluate(LOOKS)
    assert button.evaluate(LOOKS) == ["13.3333px", "rgb(0, 0, 0)", "inline-block"]
    ris.page.evaluate(SPOIL, SPOILING)
    assert call.evaluate(LOOKS) == before
    assert button.evaluate(LOOKS) == ["40px", "rgb(255, 0, 0)", "block"]
    ris.page.evaluate(SPOIL, "")
    made = ris.page.evaluate("Object.getOwnPropertyNames(window).filter((name) => !before.has(name))")
    assert set(made) - {"before"} == {"overread"}


def refuse_an_origin_that_is_not_listed(ris: Ris) -> None:
    """Assert that a page by another name of the same host gets neither script nor answer."""
    ris.open_page("en", host="localhost")
    assert ris.page.evaluate("customElements.get('overread-feedback') === undefined")
    asked = """async ([address, token]) => {
        const headers = { Authorization: `Bearer ${token}` };
        return fetch(`${address}/api/v1/me`, { headers }).then(({ status }) => status, () => "refused");
    }"""
    token = ris.server.overread.lend(READER)
    assert ris.page.evaluate(asked, [ris.desk.address, token]) == "refused"
    ris.open_page("en")
    assert ris.page.evaluate(asked, [ris.desk.address, token]) == 200


def test_without_a_line_or_a_token_feedback_waits_and_is_sent_once(ris: Ris) -> None:
    ris.open_page("en")
    uid = ris.clear
    ris.pick(uid)
    ris.page.context.set_offline(True)
    ris.card.locator(".no").dblclick()
    expect(ris.word).to_contain_text("Kept here, 1 waiting")
    expect(ris.card.locator(".live")).to_have_text("1 waiting")
    assert ris.said(uid) == []
    ris.page.context.set_offline(False)
    expect(ris.word).to_contain_text("Recorded: Disagree, missed finding")
    assert len(ris.said(uid)) == 1

    lost = ris.finding
    ris.pick(lost)
    answers = f"**/studies/{lost}/feedback"

    def lose(route: Route) -> None:
        route.fetch()  # it is kept, but the browser is not told
        route.abort()

    ris.page.route(answers, lose)
    ris.card.locator(".yes").click()
    expect(ris.word).to_contain_text("Kept here, 1 waiting")
    assert len(ris.said(lost)) == 1
    ris.page.unroute(answers)
    ris.page.evaluate("dispatchEvent(new Event('online'))")
    expect(ris.word).to_contain_text("Recorded: Agree")
    assert len(ris.said(lost)) == 1

    ris.page.route("**/token", lambda route: route.abort())  # the RIS cannot renew it yet
    with ris.house.storage.work() as work:
        for token in work.people.tokens_of(PersonKey(READER)):
            work.people.end_token(token.digest, at=datetime.now(UTC))
        work.commit()
    ris.card.locator(".no").click()
    expect(ris.card.locator(".big")).to_have_text("Signed out")
    ris.lead(token=ris.server.overread.lend("remy"))
    expect(ris.card.locator(".big")).to_have_text("Finding")
    assert len(ris.said(lost)) == 1  # never under another's name
    ris.lead(token=ris.server.overread.lend(READER))
    expect(ris.word).to_contain_text("Recorded: Disagree")
    assert [word.by for word in ris.said(lost)] == [READER, READER]


def told(name: str, *uids: str) -> dict[str, Any]:
    """Return a FHIRcast notification as the standard's examples have it."""
    study = {
        "resourceType": "ImagingStudy",
        "id": "s1",
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{uid}"} for uid in uids],
    }
    patient = {"key": "patient", "resource": {"resourceType": "Patient", "id": "p1"}}
    context = [patient, {"key": "study", "resource": study}]
    event = {"hub.topic": "desk-7", "hub.event": name, "context": context}
    return {"timestamp": "2026-11-26T10:00:00Z", "id": f"id-{name}", "event": event}


def test_the_card_follows_a_fhircast_session_and_what_the_server_is_told(ris: Ris) -> None:
    hub = f"{ris.server.origin}/fhircast"
    channel = hub.replace("http:", "ws:") + "/channel/7"
    lines: list[WebSocketRoute] = []
    heard: list[Any] = []
    asked: list[str] = []

    def subscribe(route: Route) -> None:
        asked.append(route.request.post_data or "")
        route.fulfill(status=202, json={"hub.channel.endpoint": channel})

    def connect(line: WebSocketRoute) -> None:
        lines.append(line)
        line.on_message(lambda said: heard.append(json.loads(said)))

    ris.page.route(hub, subscribe)
    ris.page.route_web_socket(channel, connect)
    ris.open_page("en")
    ris.lead(**{"hub-token": "t", "hub": hub, "topic": "desk-7"})
    expect(ris.card.locator(".live")).to_have_text("In sync")
    line = lines[-1]
    line.send(json.dumps({"hub.mode": "subscribe", "hub.topic": "desk-7", "hub.lease_seconds": 1}))
    with ris.page.expect_request(hub) as renewed:  # before the second is over
        pass
    assert urlencode({"hub.channel.endpoint": channel}) in (renewed.value.post_data or "")
    line.send(json.dumps(told("DiagnosticReport-open", ris.finding)))
    expect(ris.card.locator(".big")).to_have_text("Finding")
    line.send(json.dumps(told("ImagingStudy-open", ris.clear)))
    expect(ris.card.locator(".big")).to_have_text("No finding")
    line.send(json.dumps(told("ImagingStudy-close", ris.finding)))  # another one
    line.send(json.dumps(told("ImagingStudy-open")))  # known by its accession number alone
    expect(ris.card).to_contain_text("Waiting for a study")
    assert heard[0] == {"id": "id-DiagnosticReport-open", "status": "200"}
    assert "hub.topic=desk-7" in asked[0]
    line.close()
    expect(ris.card.locator(".live")).to_have_text("Link to this program lost")

    ris.lead(hub="", context="overread")
    ris.house.client.post(
        "/api/v1/context",
        headers={"Authorization": f"Bearer {ris.server.overread.token}"},
        json={"person": READER, "study_instance_uid": ris.finding},
    )
    expect(ris.card.locator(".big")).to_have_text("Finding")
