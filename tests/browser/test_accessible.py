"""Every page passes axe's checks of WCAG 2 A and AA, in both languages."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import Desk
from tests.serving.conftest import House
from tests.serving.pages.builders import furnish

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
    department = furnish(served)
    said = {"verdict": "disagree", "label": "has_finding", "kind": "missed_finding"}
    study = f"/studies/{department.clear}"
    served.ask("sven", "POST", f"/api/v1{study}/feedback", json=said, headers={"Idempotency-Key": "k"})
    desk.open(f"/login?lang={language}")
    wrong = [f"/login {each}" for each in found(desk)]
    for who, paths in {
        "sven": (
            "/",
            study,
            f"/studies/{department.finding}",
            f"/studies/{department.excluded}",
            "/adjudication",
            "/monitoring",
            "/account",
        ),
        "olga": (
            f"/studies/{department.quarantined}",
            "/candidates",
            "/candidates/2",
            "/retraining",
            "/audit",
            "/people",
            "/people/rita",
        ),
    }.items():
        desk.page.context.clear_cookies()
        desk.sign_in(who, language=language)
        for path in paths:
            desk.open(path)
            desk.page.wait_for_load_state("networkidle")
            wrong += [f"{path} {each}" for each in found(desk)]
    assert wrong == [], "\n".join(wrong)
