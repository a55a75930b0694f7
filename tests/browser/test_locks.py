"""Two readers at one study, each in a window of their own."""

from playwright.sync_api import expect

from overread.domain.identifiers import StudyUid
from tests.browser.conftest import Desk
from tests.browser.test_unbroken_work import LUNGS, TYPED, kept_report, opened
from tests.browser.test_viewer import complaints
from tests.serving.conftest import House
from tests.serving.pages.builders import furnish


def test_a_lock_is_seen_in_list_and_page_taken_over_aloud_and_ends_with_its_page(
    desk: Desk, served: House
) -> None:
    uid = furnish(served).clear
    theirs = desk.page.context.browser.new_context()  # type: ignore[union-attr]
    other = Desk(page=theirs.new_page(), address=desk.address, complaints=desk.complaints)
    other.sign_in("remy", language="en")
    expect(other.page.locator("#arrivals .live")).to_have_text("Live")
    row = other.page.locator(f'tr[data-uid="{uid}"] .standing')
    expect(row).to_have_text("To read", use_inner_text=True)  # its button shows with the pointer

    page = opened(desk, uid)
    expect(page.locator("#lock")).to_contain_text("You read this")
    expect(row).to_contain_text("rita")
    expect(row.locator(".lock")).to_have_attribute(
        "title", page.locator("#lock").inner_text().replace("You read", "rita reads")
    )
    other.open(f"/studies/{uid}")
    expect(other.page.locator("#lock")).to_contain_text("rita reads this")
    page.click("[data-section='0']")
    page.fill(LUNGS, TYPED)
    expect(page.locator("[data-says=draft]")).to_contain_text("Draft saved")

    other.page.click("#lock button")
    expect(other.page.locator("#lock")).to_contain_text("You read this")
    page.evaluate(
        "document.dispatchEvent(new Event('visibilitychange'))"
    )  # what a beat finds, half a minute early
    expect(page.locator("#lock")).to_contain_text("remy reads this")
    page.type(LUNGS, " More.")
    expect(page.locator("[data-says=draft]")).to_contain_text("version 3")
    assert TYPED + " More." in kept_report(served, uid).findings_text

    other.open("/")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#lock")).to_contain_text("You read this")
    expect(row).to_contain_text("rita")
    page.click("[name=act][value=sign]")
    expect(row).to_have_text("Signed", use_inner_text=True)
    expect(page.locator("#lock")).to_be_empty()
    with served.storage.look() as work:
        assert work.reading_locks.standing(now=served.clock.now()) == []
        taken = [r for r in work.audit.rows(after=0, limit=200) if r.event.action == "reading-taken-over"]
    assert [(row.event.by, row.event.study) for row in taken] == [("remy", StudyUid(uid))]
    assert complaints(desk) == []
    theirs.close()
