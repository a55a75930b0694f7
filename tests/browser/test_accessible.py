"""Every page passes axe's checks of WCAG 2 A and AA, in both languages."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import Desk
from tests.browser.every_page import every_page
from tests.serving.conftest import House

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}}


def found(desk: Desk) -> list[str]:
    """Return what axe finds wrong on the page that is open, a line a rule with the first place."""
    answer = Axe().run(desk.page, options=RULES)
    return [
        f"{rule['id']}: {len(rule['nodes'])} places, such as {rule['nodes'][0]['html'][:160]}"
        for rule in answer.response["violations"]
    ]


@pytest.mark.slow
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_breaks_a_rule_of_wcag(desk: Desk, served: House, language: str) -> None:
    wrong = [f"{path} {each}" for path in every_page(desk, served, language) for each in found(desk)]
    assert wrong == [], "\n".join(wrong)
