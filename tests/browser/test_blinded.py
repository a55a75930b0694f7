"""A disputed case from its first read to the senior's decision, with boxes, in a real browser."""

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from overread.domain.findings import Finding
from overread.domain.identifiers import StudyUid
from tests.browser.conftest import Desk
from tests.browser.test_accessible import found
from tests.browser.test_layout import TOO_WIDE
from tests.browser.test_viewer import complaints, dragged, placed
from tests.serving.builders import SIDE, a_dicom
from tests.serving.conftest import House
from tests.serving.pages.builders import furnish

FIRST, SENIOR = (0.2, 0.3, 0.5, 0.6), (0.5, 0.1, 0.8, 0.4)


def opened(desk: Desk, who: str, *, language: str) -> Page:
    desk.page.context.clear_cookies()
    desk.sign_in(who, language=language)
    desk.open("/adjudication")
    desk.page.wait_for_selector("main.ready canvas")
    return desk.page


def boxed(page: Page, shares: tuple[float, float, float, float]) -> None:
    """Draw a box between two corners, given in shares of the picture."""
    x0, y0, x1, y1 = (share * SIDE for share in shares)
    start, end = placed(page, x0, y0), placed(page, x1, y1)
    page.keyboard.press("b")
    dragged(page, start, (end[0] - start[0], end[1] - start[1]))


def corners(finding: Finding) -> NDArray[np.float64]:
    assert finding.box is not None
    return np.array(finding.box.corners)


def test_boxes_go_from_a_blinded_read_to_the_seniors_decision(desk: Desk, served: House) -> None:
    uid = furnish(served).clear
    served.send(a_dicom(bright=True, seed=9, PatientID="P2", StudyInstanceUID=uid))  # a second film
    filed = {"verdict": "disagree", "label": "has_finding", "kind": "missed_finding"}
    served.ask(
        "rita", "POST", f"/api/v1/studies/{uid}/feedback", json=filed, headers={"Idempotency-Key": "k"}
    )
    first_read(opened(desk, "remy", language="zh"), uid)
    look_again(desk.page)
    assert found(desk) == []
    with served.storage.look() as work:
        case = work.cases.open_of(StudyUid(uid))
        assert case is not None
        (first,) = case.reads
    (finding,) = first.findings
    assert first.confidence == "medium"
    usual = served.app.state.web.task.vocabulary.usual
    assert (first.by, first.label, finding.code) == ("remy", "has_finding", usual[0].code)
    assert np.abs(corners(finding) - np.array(FIRST) * SIDE).max() <= 1

    page = opened(desk, "rosa", language="en")
    expect(page.locator(".boxes .line")).to_have_count(0)  # the first read is not shown
    page.keyboard.press("n")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    decide(opened(desk, "sven", language="en"))
    with served.storage.look() as work:
        (label,) = work.labels.of_study(StudyUid(uid))
    (decided,) = label.findings
    assert np.abs(corners(decided) - np.array(SENIOR) * SIDE).max() <= 1
    assert complaints(desk) == []


def first_read(page: Page, uid: str) -> None:
    """Call the case by keys, with a box and its finding; nothing else is in the picture."""
    assert uid not in page.content()
    expect(page.locator(".heat, .vp.prior")).to_have_count(0)
    assert page.evaluate(TOO_WIDE) == []
    expect(page.locator("[data-says=window]")).to_contain_text("W 256 ")
    page.keyboard.press("Alt+5")
    expect(page.locator("[data-says=window]")).to_contain_text("W 128 ")
    beside_and_away(page)
    page.keyboard.press("n")
    expect(page.locator(".call [value=no_finding]")).to_be_checked()
    expect(page.locator("[name=confidence]:checked")).to_have_count(0)
    page.locator("[name=confidence][value=medium]").press("Space")
    boxed(page, FIRST)
    page.keyboard.press("Control+Enter")  # not sent: the picker asks for the name of the box
    page.keyboard.press("1")
    page.keyboard.press("2")
    expect(page.locator(".slot.named")).to_have_count(2)
    page.keyboard.press("2")  # taken back
    expect(page.locator(".slot.named")).to_have_count(1)
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")


def beside_and_away(page: Page) -> None:
    """See the study's other film beside the first by a key, at the same place, and put it away again."""
    page.keyboard.press("p")
    expect(page.locator(".vp.further canvas")).to_be_visible()
    expect(page.locator("[data-act=prior]")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate(TOO_WIDE) == []
    page.keyboard.press("p")
    expect(page.locator(".vp.further")).to_be_hidden()


def look_again(page: Page) -> None:
    """Find the read among those of the day, by keys, and see it with its box, which stays as it is."""
    page.locator('a[href="/adjudication/today"]').press("Enter")
    page.locator(".t a").press("Enter")
    page.wait_for_selector("main.ready canvas")
    expect(page.locator(".boxes .other .line")).to_have_count(1)
    beside_and_away(page)
    page.keyboard.press("b")
    expect(page.locator("main.again")).to_have_attribute("data-tool", "window")
    assert page.evaluate(TOO_WIDE) == []


def decide(page: Page) -> None:
    """Read third, see the first reader's box only then, and settle the case."""
    expect(page.locator(".boxes .line")).to_have_count(0)
    boxed(page, SENIOR)
    page.keyboard.press("1")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    page.wait_for_selector("main.ready canvas")
    expect(page.locator(".boxes .other .label")).to_have_count(1)
    expect(page.locator(".boxes .other .label")).to_contain_text("A ")
    expect(page.locator(".boxes .line")).to_have_count(2)
    page.keyboard.press("m")
    page.fill("#reason", "seen on both")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".empty")).to_be_visible()
