"""Nothing is wider than the window, and no table of the review hides its last column."""

import pytest

from tests.browser.conftest import Desk
from tests.serving.conftest import House
from tests.serving.pages.builders import furnish

TOO_WIDE = """() => [document.documentElement, ...document.querySelectorAll(".scroller, .pick .opt")]
    .filter(part => part.scrollWidth > part.clientWidth)
    .map(part => `${part.tagName}.${part.className}: ${part.scrollWidth} in ${part.clientWidth}`)"""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_fits_into_a_window_of_1440(desk: Desk, served: House, language: str) -> None:
    department = furnish(served)
    study = f"/studies/{department.clear}"
    said = {"verdict": "disagree", "label": "has_finding", "kind": "missed_finding"}
    served.ask("sven", "POST", f"/api/v1{study}/feedback", json=said, headers={"Idempotency-Key": "k"})
    wide = []
    for who, paths in {
        "sven": ("/", study, f"/studies/{department.excluded}", "/adjudication", "/monitoring", "/account"),
        "olga": (
            f"/studies/{department.quarantined}",
            "/candidates",
            "/candidates/2",
            "/retraining",
            "/audit",
        ),
    }.items():
        desk.page.context.clear_cookies()
        desk.sign_in(who, language=language)
        for path in paths:
            desk.open(path)
            wide += [f"{path} {part}" for part in desk.page.evaluate(TOO_WIDE)]
    assert wide == []
