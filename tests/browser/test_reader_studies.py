"""One read in each arm, in a real browser: alone first, then with probability and heatmap."""

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.browser.test_blinded import corners
from tests.browser.test_layout import TOO_WIDE
from tests.browser.test_viewer import complaints, dragged, placed
from tests.serving.builders import SIDE
from tests.serving.conftest import House
from tests.serving.crossovers import WASHOUT, due, read, registered


@pytest.mark.parametrize("language", ["zh", "en"])
def test_one_read_in_each_arm(desk: Desk, served: House, language: str) -> None:
    study = registered(served, n=2)
    page = desk.page
    desk.sign_in("remy", language=language)
    page.click('.nav a[href="/reader-studies"]')
    page.click(f'main a[href="/reader-studies/{study.id}"]')
    expect(page.locator(".film img")).to_have_js_property("naturalWidth", 96)
    expect(page.locator(".heat, .meter")).to_have_count(0)
    assert page.evaluate(TOO_WIDE) == []
    page.check(".call input[value=no_finding]")
    page.click(".sign button")
    assert page.evaluate("document.activeElement.id") == "rating"  # the form is not sent without it
    page.fill("#rating", "12")
    page.click(".sign button")
    expect(page.locator("progress")).to_have_js_property("value", 1)
    assert read(served, study, due(served, study).json()).status_code == 201  # the other case of this arm

    served.clock.ahead = WASHOUT
    second = study.case(study.sequences[0].orders[1][0])
    desk.open(f"/reader-studies/{study.id}")
    expect(page.locator(".meter")).to_be_visible()
    heat = page.locator("img.heat")
    if second.probability < study.threshold:
        expect(heat).to_have_count(0)
        page.check(".call input[value=no_finding]")
        page.fill("#rating", "3")
        page.click(".sign button")
    expect(heat).not_to_have_css("opacity", "0")
    assert page.evaluate(TOO_WIDE) == []
    page.click(".legend label")
    expect(heat).to_have_css("opacity", "0")
    call_a_nodule(page)
    expect(page.locator(".empty")).to_be_visible()
    with served.storage.look() as work:
        reads = work.reader_studies.reads(study.id)
    assert [read.arm for read in reads] == ["unaided", "unaided", "aided", "aided"]
    assert (reads[0].label, reads[0].rating, reads[-1].rating) == ("no_finding", 12, 95)
    assert all(read.seconds is not None for read in (reads[0], reads[-1]))
    (finding,) = reads[-1].findings
    assert finding.code == "nodule"
    assert np.abs(corners(finding)[:2] - SIDE * 0.25).max() <= 1
    assert complaints(desk) == []


def call_a_nodule(page: Page) -> None:
    """Draw a box, name its finding, rate and submit."""
    page.wait_for_selector("main.ready canvas")
    page.keyboard.press("b")
    dragged(page, placed(page, SIDE * 0.25, SIDE * 0.25), (90.0, 90.0))
    page.keyboard.type("nodule")
    page.keyboard.press("Enter")
    page.fill("#rating", "95")
    page.keyboard.press("Control+Enter")
