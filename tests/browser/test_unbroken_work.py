"""Nothing that a reader typed or pressed is lost: drafts, stale edits, a broken line, a double click."""

from datetime import timedelta

from playwright.sync_api import Page, expect

from overread.domain.corrections import Correction
from overread.domain.identifiers import StudyUid
from overread.domain.reports import Report
from tests.browser.conftest import Desk
from tests.browser.test_viewer import complaints
from tests.serving.conftest import House
from tests.serving.pages.builders import PASSWORD, furnish

TYPED = "Nodule in the left upper zone, 9 mm."
LUNGS = "#section-0"
KEPT = f"肺野：{TYPED}"  # noqa: RUF001 - reports are Chinese here


def opened(desk: Desk, uid: str) -> Page:
    """Open a study as Rita."""
    desk.sign_in("rita", language="en")
    expect(desk.page.locator("html")).to_have_attribute("lang", "en")
    desk.open(f"/studies/{uid}")
    return desk.page


def kept_report(house: House, uid: str) -> Report:
    with house.storage.look() as work:
        report = work.reports.latest(StudyUid(uid))
    assert report is not None
    return report


def said_of(house: House, uid: str) -> list[Correction]:
    with house.storage.look() as work:
        return work.corrections.of_study(StudyUid(uid))


def test_a_draft_saves_itself_and_is_there_after_coming_back(desk: Desk, served: House) -> None:
    uid = furnish(served).finding
    page = opened(desk, uid)
    page.fill(LUNGS, TYPED)
    expect(page.locator("[data-says=draft]")).to_contain_text("Draft saved")
    kept = kept_report(served, uid)
    assert (kept.version, kept.findings_text, kept.edited_by) == (2, KEPT, "rita")

    page.focus("#picker")
    page.keyboard.type("nod")
    page.keyboard.press("Enter")
    page.click('a[href="/"]')  # at once: the last words are sent as the page is left
    page.go_back()
    expect(page.locator(".slot.named b")).to_have_text("nodule")
    expect(page.locator(LUNGS)).to_have_value(TYPED)
    assert [finding.code for finding in kept_report(served, uid).findings] == ["nodule"]
    assert complaints(desk) == []


def test_a_stale_edit_keeps_both_versions_and_says_who_wrote_the_other(desk: Desk, served: House) -> None:
    uid = furnish(served).finding
    page = opened(desk, uid)
    path = f"/api/v1/studies/{uid}/report"
    theirs = {
        "status": "draft",
        "language": "zh",
        "label": "has_finding",
        "text": {"findings": "Fibrous strand on the right.", "impression": ""},
    }
    tag = served.ask("remy", "GET", path).headers["ETag"]
    assert served.ask("remy", "PUT", path, json=theirs, headers={"If-Match": tag}).status_code == 200

    page.fill(LUNGS, TYPED)
    shown = page.locator(".kept")
    expect(shown).to_contain_text("by remy")
    expect(shown.locator("ins").first).to_have_text("Fibrous")
    expect(shown.locator("del").first).to_contain_text("Nodule")
    expect(page.locator(LUNGS)).to_have_value(TYPED)
    assert kept_report(served, uid).edited_by == "remy"
    for _ in range(2):  # however often the page is left, nothing is overwritten unasked
        page.reload()
        expect(page.locator(LUNGS)).to_have_value(TYPED)
        expect(shown).to_be_visible()
        page.type("#impression", "x")
    assert kept_report(served, uid).edited_by == "remy"
    page.click("[data-choice=mine]")
    expect(page.locator("[data-says=draft]")).to_contain_text("Draft saved")
    kept = kept_report(served, uid)
    assert (kept.version, kept.findings_text, kept.edited_by) == (3, KEPT, "rita")


def test_text_typed_after_the_session_has_ended_is_back_after_signing_in(desk: Desk, served: House) -> None:
    uid = furnish(served).finding
    page = opened(desk, uid)
    page.context.clear_cookies()
    page.fill(LUNGS, TYPED)
    expect(page.locator("[data-says=draft]")).to_contain_text("signed out")
    assert kept_report(served, uid).version == 1

    page.click("[data-says=sign-in]")
    page.fill("#username", "rita")
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(f"**/studies/{uid}")
    expect(page.locator(LUNGS)).to_have_value(TYPED)
    expect(page.locator("[data-says=draft]")).to_contain_text("Draft saved")
    assert kept_report(served, uid).findings_text == KEPT


def test_feedback_pressed_without_a_line_is_sent_once_when_it_is_back(desk: Desk, served: House) -> None:
    uid = furnish(served).clear
    page = opened(desk, uid)
    page.context.set_offline(True)
    page.dblclick(".fb .no")
    expect(page.locator("#waiting")).to_have_text("Kept here, 1 waiting")
    expect(page.locator(".fb .no")).to_have_attribute("aria-pressed", "true")
    assert said_of(served, uid) == []

    page.context.set_offline(False)
    expect(page.locator("#waiting")).to_have_text("Sent and recorded")
    expect(page.locator(".toast")).to_contain_text("Recorded")
    page.reload()
    expect(page.locator("#waiting")).to_be_hidden()
    assert [(said.by, said.verdict) for said in said_of(served, uid)] == [("rita", "disagree")]


def test_an_undo_without_a_line_waits_too_and_says_when_it_comes_too_late(desk: Desk, served: House) -> None:
    there = furnish(served)
    page = opened(desk, there.clear)
    page.context.set_offline(True)
    page.keyboard.press("d")
    expect(page.locator("#waiting")).to_have_text("Kept here, 1 waiting")
    page.keyboard.press("u")  # the word was not sent yet: neither word nor undo is
    expect(page.locator("#fb-band")).to_contain_text("Taken back before it was sent")
    expect(page.locator("#waiting")).to_be_hidden()
    expect(page.locator(".fb .no")).not_to_have_class("on")
    page.context.set_offline(False)

    page.keyboard.press("y")
    expect(page.locator(".toast")).to_contain_text("Recorded")
    for ahead, said in ((0, "Sent and recorded"), (2, "The undo came too late: the feedback stands")):
        page.context.set_offline(True)
        page.keyboard.press("u")
        expect(page.locator("#fb-band")).to_contain_text("The undo is kept here")
        served.clock.ahead += timedelta(minutes=ahead)
        page.context.set_offline(False)
        expect(page.locator("#waiting")).to_have_text(said)
        if not ahead:
            expect(page.locator(".toast")).to_have_count(0)
            page.keyboard.press("d")
            expect(page.locator(".toast")).to_contain_text("Recorded")
    kept = [(one.verdict, one.withdrawn_at is None) for one in said_of(served, there.clear)]
    assert kept == [("agree", False), ("disagree", True)]


def test_a_double_click_is_one_piece_of_feedback(desk: Desk, served: House) -> None:
    uid = furnish(served).clear
    page = opened(desk, uid)
    page.dblclick(".fb .yes")
    expect(page.locator(".toast")).to_contain_text("Recorded")
    page.reload()
    assert len(said_of(served, uid)) == 1
    assert complaints(desk) == []


def test_feedback_pressed_after_the_session_has_ended_waits_for_its_own_person(
    desk: Desk, served: House
) -> None:
    uid = furnish(served).clear
    page = opened(desk, uid)
    page.context.clear_cookies()
    page.click(".fb .no")
    expect(page.locator("#waiting")).to_have_text("Kept here, 1 waiting")

    desk.sign_in("remy", language="en")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#waiting")).to_be_hidden()
    page.context.clear_cookies()
    opened(desk, uid)
    expect(page.locator(".toast")).to_contain_text("Recorded")
    assert [said.by for said in said_of(served, uid)] == ["rita"]
