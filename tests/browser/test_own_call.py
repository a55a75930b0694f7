"""A reader calls a study before the model's answer is shown, in a real browser."""

import pytest
from playwright.sync_api import expect

from overread.domain.identifiers import PersonKey, StudyUid
from overread.domain.own_calls import AnswerOrder
from overread.settings.environment import Settings
from tests.browser.conftest import Desk
from tests.browser.test_unbroken_work import opened
from tests.browser.test_viewer import complaints
from tests.serving.conftest import House
from tests.serving.pages.builders import furnish


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"answer_shown": AnswerOrder.AFTER_OWN_CALL})


def test_a_key_calls_the_study_and_the_band_turns_into_the_result_in_its_place(
    desk: Desk, served: House
) -> None:
    uid = furnish(served).finding
    page = opened(desk, uid)
    buttons = page.locator("#fb-band .fb")
    expect(page.locator("#fb-band")).to_contain_text("Your call first")
    expect(page.locator(".repform")).to_have_count(0)
    before = buttons.bounding_box()
    page.keyboard.press("y")  # the keys of the feedback that is not there do nothing
    page.keyboard.press("n")
    expect(page.locator("#fb-band .big")).to_have_text("Finding")
    expect(page.locator(".rtop")).to_contain_text("Own call first: No finding")
    page.wait_for_selector("main.ready canvas")
    assert buttons.bounding_box() == before
    contradiction = page.locator("[data-says=contradicts]")
    expect(contradiction).to_be_visible()  # the draft follows the answer, not the call
    page.keyboard.press("d")
    expect(page.locator(".toast")).to_contain_text("Recorded: Disagree")
    with served.storage.look() as work:
        call = work.own_calls.find(StudyUid(uid), PersonKey("rita"))
        (said,) = work.corrections.of_study(StudyUid(uid))
    assert call is not None
    assert (call.label, call.answer_shown, said.label, said.answer_shown) == (
        "no_finding",
        False,
        "no_finding",
        False,
    )
    desk.open("/")
    cells = page.locator("tr[data-unread] td:nth-child(2)")
    expect(cells).to_have_text(["Your call first"])
    expect(page.locator(f'tr[data-uid="{uid}"] td:nth-child(2)')).to_have_text("Finding")
    assert complaints(desk) == []
