"""The canvas viewer in a real browser: grey levels, window, boxes, heat, keys and the film before."""

from base64 import b64decode
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from overread.domain.identifiers import StudyUid
from tests.browser.conftest import Desk
from tests.serving.builders import SIDE, a_dicom, a_picture
from tests.serving.conftest import House
from tests.serving.pages.builders import furnish

WITH_WEBGL = "WebGL2RenderingContext.prototype.getExtension = () => null;"  # so that nobody tells who draws
SHADES = """() => {
    const canvas = document.querySelector(".vp.current canvas");
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [canvas.width, canvas.height];
    copy.getContext("2d").drawImage(canvas, 0, 0);
    const { data } = copy.getContext("2d").getImageData(0, 0, copy.width, copy.height);
    const grey = data.filter((_, at) => at % 4 === 0);
    const parts = [];
    for (let at = 0; at < grey.length; at += 32768) {
        parts.push(String.fromCharCode(...grey.subarray(at, at + 32768)));
    }
    return { width: copy.width, height: copy.height, grey: btoa(parts.join("")) };
}"""
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def shades(page: Page) -> NDArray[np.int64]:
    """Return the canvas's grey levels once what was asked for is drawn."""
    page.evaluate(SETTLED)
    shown: dict[str, Any] = page.evaluate(SHADES)
    grey = np.frombuffer(b64decode(shown["grey"]), np.uint8).astype(np.int64)
    return grey.reshape(shown["height"], shown["width"])


def opened(desk: Desk, uid: str, *, who: str = "rita") -> Page:
    """Open a study and wait for its grey levels."""
    desk.sign_in(who, language="en")
    desk.open(f"/studies/{uid}")
    desk.page.wait_for_selector("main.ready canvas")
    return desk.page


def complaints(desk: Desk) -> list[str]:
    """Return what the browser complained of, but for its own word on drawing without a graphics card."""
    return [said for said in desk.complaints if "ReadPixels" not in said]


def middle(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def dragged(page: Page, start: tuple[float, float], by: tuple[float, float], *, button: Any = "left") -> None:
    page.mouse.move(*start)
    page.mouse.down(button=button)
    page.mouse.move(start[0] + by[0], start[1] + by[1], steps=4)
    page.mouse.up(button=button)


def placed(page: Page, x: float, y: float) -> tuple[float, float]:
    """Return where a pixel of the stored picture lies in the window, the picture fitted to its frame."""
    box = page.locator(".vp.current").bounding_box()
    assert box is not None
    scale = min(box["width"], box["height"]) / SIDE
    left, top = (box["width"] - SIDE * scale) / 2, (box["height"] - SIDE * scale) / 2
    return box["x"] + left + x * scale, box["y"] + top + y * scale


@pytest.mark.parametrize("painter", ["webgl2", "2d"])
def test_the_canvas_shows_the_stored_picture_and_a_drag_changes_its_window(
    desk: Desk, served: House, painter: str
) -> None:
    if painter == "webgl2":
        desk.page.add_init_script(WITH_WEBGL)
    page = opened(desk, furnish(served).finding)
    kinds = page.evaluate("() => document.querySelector('.vp.current canvas').getContext('2d') !== null")
    assert kinds is (painter == "2d")
    first = shades(page)
    side = min(first.shape)
    left, top = (first.shape[1] - side) // 2, (first.shape[0] - side) // 2
    stored = a_picture(bright=True)
    at = ((np.arange(SIDE) + 0.5) * side / SIDE).astype(int)
    seen = first[np.ix_(top + at, left + at)]
    assert np.abs(seen - stored).mean() < 3

    dragged(page, middle(page, ".vp.current"), (120.0, 0.0))
    wider = shades(page)
    assert wider[top : -top or None, left:-left].std() < first[top : -top or None, left:-left].std()
    page.keyboard.press("r")
    assert np.abs(shades(page) - first).max() <= 1
    page.keyboard.press("i")
    inside = np.ix_(top + at, left + at)
    assert np.abs(shades(page)[inside] - (255 - seen)).max() <= 2
    assert complaints(desk) == []


def test_the_wheel_enlarges_about_the_pointer_and_0_shows_the_whole_picture_again(
    desk: Desk, served: House
) -> None:
    page = opened(desk, furnish(served).finding)
    whole = shades(page)
    page.mouse.move(*placed(page, SIDE * 0.25, SIDE * 0.25))
    page.mouse.wheel(0, -600)
    near = shades(page)
    assert (near > 0).mean() > (whole > 0).mean()  # it fills the frame
    page.keyboard.press("0")
    assert np.array_equal(shades(page), whole)
    dragged(page, middle(page, ".vp.current"), (60.0, 0.0), button="middle")
    assert not np.array_equal(shades(page), whole)
    page.mouse.dblclick(*middle(page, ".vp.current"))
    assert np.array_equal(shades(page), whole)


def test_a_box_drawn_after_a_disagreement_is_sent_with_it_in_stored_pixels(desk: Desk, served: House) -> None:
    uid = furnish(served).clear
    page = opened(desk, uid)
    page.keyboard.press("d")
    page.wait_for_selector("form.detail")
    page.keyboard.press("b")
    start, end = placed(page, SIDE * 0.2, SIDE * 0.3), placed(page, SIDE * 0.5, SIDE * 0.6)
    dragged(page, start, (end[0] - start[0], end[1] - start[1]))
    page.keyboard.press("f")
    page.keyboard.press("1")
    expect(page.locator("form.detail [value=fibrous_strand]")).to_be_checked()
    expect(page.locator(".boxes .label")).to_contain_text("1 ")
    expect(page.locator(".boxes .label")).to_contain_text("strand")
    page.click(".detail button.primary")
    expect(page.locator(".toast")).to_contain_text("strand")
    with served.storage.look() as work:
        *_, last = work.corrections.of_study(StudyUid(uid))
    (finding,) = last.findings
    assert finding.box is not None
    expected = np.array([0.2, 0.3, 0.5, 0.6]) * SIDE
    assert np.abs(np.array(finding.box.corners) - expected).max() <= 1
    assert complaints(desk) == []


def test_a_box_in_the_report_names_its_line_and_is_kept_with_the_draft(desk: Desk, served: House) -> None:
    uid = furnish(served).finding
    page = opened(desk, uid)
    page.keyboard.press("b")
    start = placed(page, SIDE * 0.1, SIDE * 0.1)
    dragged(page, start, (60.0, 60.0))
    page.keyboard.press("Escape")
    page.click(".sign [value=sign]")  # refused: without a name the box would be lost
    expect(page.locator("#picker")).to_be_focused()
    with served.storage.look() as work:
        assert (unsigned := work.reports.latest(StudyUid(uid))) is not None
    assert unsigned.status == "draft"
    page.keyboard.type("jj")  # the picker is open: a box waits for its name
    page.keyboard.press("Enter")
    with page.expect_navigation():
        page.click(".sign [value=draft]")
    page.wait_for_selector("main.ready canvas")
    expect(page.locator(".boxes .label")).to_contain_text("odule")
    with served.storage.look() as work:
        report = work.reports.latest(StudyUid(uid))
    assert report is not None
    (kept,) = report.findings
    assert kept.code == "nodule"
    assert kept.box is not None


def test_a_removed_box_comes_back_and_a_corner_is_moved(desk: Desk, served: House) -> None:
    page = opened(desk, furnish(served).finding)
    page.keyboard.press("b")
    dragged(page, placed(page, SIDE * 0.2, SIDE * 0.2), (80.0, 80.0))
    page.locator("h1").evaluate("() => document.activeElement.blur()")  # the finding's name has the focus
    page.keyboard.press("Delete")
    expect(page.locator(".boxes .line")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(page.locator(".boxes .line")).to_have_count(1)
    before = middle(page, ".handle[data-corner='2']")
    dragged(page, before, (40.0, 30.0))
    after = middle(page, ".handle[data-corner='2']")
    assert np.subtract(after, before) == pytest.approx([40, 30], abs=2)


def test_one_key_takes_the_heatmap_through_off_contour_and_fill(desk: Desk, served: House) -> None:
    page = opened(desk, furnish(served).finding)
    heat = page.locator("img.heat")
    filled = heat.get_attribute("src")
    page.keyboard.press("h")
    expect(heat).to_have_css("opacity", "0")
    page.keyboard.press("h")
    expect(heat).to_have_class("heat layer contour")
    assert heat.get_attribute("src") != filled
    page.keyboard.press("h")
    assert filled is not None
    assert (heat.get_attribute("src") or "").endswith(filled)
    page.type("#section-0", "hhh")
    assert (heat.get_attribute("src") or "").endswith(filled)
    assert complaints(desk) == []


def test_letters_are_letters_for_who_turns_the_keys_off(desk: Desk, served: House) -> None:
    uid = furnish(served).clear
    page = opened(desk, uid)
    page.keyboard.press("?")
    page.uncheck("#keys [name=keys]")
    page.click("#keys button")
    page.keyboard.press("y")
    page.evaluate(SETTLED)
    with served.storage.look() as work:
        assert work.corrections.of_study(StudyUid(uid)) == []
    page.click("[data-act=help]")
    page.check("#keys [name=keys]")
    page.click("#keys button")
    page.keyboard.press("y")
    expect(page.locator(".toast")).to_be_visible()


def test_the_film_before_is_shown_beside_at_the_same_place_and_without_heat(
    desk: Desk, served: House
) -> None:
    earlier = a_dicom(seed=77, PatientID="again", StudyDate="20240101")
    later = a_dicom(seed=78, PatientID="again", StudyDate="20240901")
    first, second = (served.send(one).json()["study_instance_uid"] for one in (earlier, later))
    page = opened(desk, second)
    expect(page.locator(".vp.prior")).to_be_hidden()
    page.keyboard.press("p")
    page.wait_for_selector(".vp.prior canvas")
    expect(page.locator(".vp.prior .heat")).to_have_count(0)
    assert page.locator(".vp.prior .corner a").get_attribute("href") == f"/studies/{first}"
    page.keyboard.press("p")
    expect(page.locator(".vp.prior")).to_be_hidden()
    desk.open(f"/studies/{first}")
    page.wait_for_selector("main.ready canvas")
    expect(page.locator(".vp.prior")).to_have_count(0)  # nothing came before it


def test_where_the_grey_levels_cannot_be_had_the_picture_stays(desk: Desk, served: House) -> None:
    uid = furnish(served).finding
    desk.sign_in("rita", language="en")
    desk.page.route("**/pixels", lambda route: route.abort())
    desk.open(f"/studies/{uid}")
    desk.page.wait_for_selector("main.plain")
    expect(desk.page.locator(".film img").first).to_be_visible()
