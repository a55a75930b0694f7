"""A walk over every page of a department with something in it, as people who may see them."""

from collections.abc import Iterator

from tests.browser.conftest import Desk
from tests.serving.conftest import House
from tests.serving.pages.builders import furnish
from tests.serving.pages.test_retraining import begin

LONG = "Featherstonehaugh-Cholmondeley-Majors^Maximiliana W. K."


def every_page(desk: Desk, served: House, language: str) -> Iterator[str]:
    """Open one page after the other, in one language, and yield its path."""
    department = furnish(served, name=LONG)
    begin(served)
    study = f"/studies/{department.clear}"
    said = {"verdict": "disagree", "label": "has_finding", "kind": "missed_finding"}
    served.ask("sven", "POST", f"/api/v1{study}/feedback", json=said, headers={"Idempotency-Key": "k"})
    reading = (study, f"/studies/{department.finding}", f"/studies/{department.excluded}")
    deciding = ("/candidates", "/candidates/2", "/retraining", "/audit", "/people", "/people/rita")
    visits = {
        "sven": (
            "/",
            *reading,
            "/adjudication",
            "/adjudication/today",
            "/reader-studies",
            "/account",
        ),
        "olga": (f"/studies/{department.quarantined}", *deciding, "/monitoring"),
    }
    login = f"/login?lang={language}"
    desk.open(login)
    yield login
    for who, paths in visits.items():
        desk.page.context.clear_cookies()
        desk.sign_in(who, language=language)
        for path in paths:
            desk.open(path)
            desk.page.wait_for_load_state("domcontentloaded")
            yield path
