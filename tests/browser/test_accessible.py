"""Every page passes axe's checks of WCAG 2 A and AA, in both languages; its colours do in both themes."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import Desk
from tests.browser.every_page import every_page
from tests.serving.conftest import House

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
LIGHT = "() => { document.documentElement.dataset.theme = 'light'; }"


def found(desk: Desk, rules: dict[str, Any] = RULES) -> list[str]:
    """Return what axe finds wrong on the page that is open, a line a rule with the first place."""
    answer = Axe().run(desk.page, options=rules)
    return [
        f"{rule['id']}: {len(rule['nodes'])} places, such as {rule['nodes'][0]['html'][:160]}"
        for rule in answer.response["violations"]
    ]


@pytest.mark.slow
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_breaks_a_rule_of_wcag(desk: Desk, served: House, language: str) -> None:
    desk.page.emulate_media(reduced_motion="reduce")  # no colour is on its way when it is looked at
    wrong: list[str] = []
    for path in every_page(desk, served, language):
        wrong += [f"{path} {each}" for each in found(desk)]
        if language == "en":  # words have the same colours in each language
            desk.page.evaluate(LIGHT)
            wrong += [f"{path}, light: {each}" for each in found(desk, COLOURS)]
    assert wrong == [], "\n".join(wrong)
