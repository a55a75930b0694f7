"""Nothing is wider than the window, and no table of the review hides its last column."""

import pytest

from tests.browser.conftest import Desk
from tests.browser.every_page import every_page
from tests.serving.conftest import House

TOO_WIDE = """() => [document.documentElement, ...document.querySelectorAll(".scroller, .pick .opt")]
    .filter(part => part.scrollWidth > part.clientWidth)
    .map(part => `${part.tagName}.${part.className}: ${part.scrollWidth} in ${part.clientWidth}`)"""
CUT_OFF = """() => [...document.querySelectorAll("aside, .viewer, .viewer .film, .panel")]
    .filter(part => part.getBoundingClientRect().right > window.innerWidth + 1)
    .map(part => `${part.tagName}.${part.className} ends at ${part.getBoundingClientRect().right}`)"""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_fits_into_a_window_of_1440(desk: Desk, served: House, language: str) -> None:
    wide = [
        f"{path} {part}"
        for path in every_page(desk, served, language)
        for part in desk.page.evaluate(TOO_WIDE) + desk.page.evaluate(CUT_OFF)
    ]
    assert wide == []
