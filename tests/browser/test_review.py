"""The promotion review by keys, and its record on paper."""

import re

from playwright.sync_api import expect

from overread.domain.identifiers import PersonKey, VersionKey
from tests.browser.conftest import Desk
from tests.serving.conftest import House
from tests.serving.pages.builders import furnish

IN_PRINT = """() => [...document.querySelectorAll(".review .panel, .review .verdict, .signatures")]
    .filter(part => part.checkVisibility())
    .sort((one, other) => one.getBoundingClientRect().top - other.getBoundingClientRect().top)
    .map(part => part.id || part.classList[0])"""

NO_DIALOG = "window.print = () => document.documentElement.setAttribute('data-printed', '')"


def test_flips_are_walked_by_key_marked_as_seen_and_printed(desk: Desk, served: House) -> None:
    department = furnish(served)
    page = desk.page
    desk.sign_in("ruth", language="en")
    desk.open("/candidates/2")
    tiles, dialog = page.locator(".tiles .tile"), page.locator("dialog.film")
    heats = page.locator(".tiles img.heat")
    expect(heats).to_have_count(2)  # each flip is called by one of the two
    expect(tiles.nth(0)).to_contain_text("v2 no heatmap")
    expect(tiles.nth(1)).to_contain_text("v1 no heatmap")

    page.keyboard.press("j")
    expect(tiles.nth(0)).to_be_focused()
    page.keyboard.press("h")
    expect(heats.nth(0)).to_be_hidden()
    page.keyboard.press("h")
    expect(heats.nth(0)).to_have_attribute("src", re.compile("^data:image/png"))
    page.keyboard.press("h")
    expect(heats.nth(0)).to_have_attribute("src", re.compile(r"production\.png\?longest=320$"))

    page.keyboard.press("Enter")
    expect(dialog.locator("img.film").nth(0)).to_have_attribute(
        "src", re.compile(rf"{department.finding}/image\.png$")
    )
    page.keyboard.press("j")
    expect(dialog).to_contain_text("False alarm")
    page.keyboard.press("Escape")
    expect(tiles.nth(1)).to_be_focused()
    expect(page.locator("#sign [data-says=seen]")).to_have_text("2 of 2 flips seen")
    with served.storage.look() as work:
        assert work.models.seen_flips(VersionKey("2"), PersonKey("ruth")) == {
            department.finding,
            department.clear,
        }
    page.keyboard.press("4")
    expect(page).to_have_url(re.compile("#drift$"))

    page.add_init_script(NO_DIALOG)
    desk.open("/candidates/2?flips=all&print=yes")
    page.wait_for_selector("html[data-printed]")
    page.emulate_media(media="print")
    order = page.evaluate(IN_PRINT)
    assert order == [
        *("verdict", "record", "ledger", "checks", "curves", "flips", "slices", "maps", "drift", "shadow"),
        *("in_use", "lineage", "sign", "signatures"),
    ]
    expect(page.locator(".topbar")).to_be_hidden()
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    assert desk.complaints == []
