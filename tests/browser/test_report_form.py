"""The report form as a reader uses it: classes, findings, sections, signing and going on."""

from playwright.sync_api import expect

from tests.browser.conftest import Desk
from tests.browser.test_unbroken_work import kept_report, opened
from tests.serving.conftest import House
from tests.serving.pages.builders import furnish


def test_a_finding_is_found_by_its_initials_put_in_place_and_signed_and_the_next_study_opens(
    desk: Desk, served: House
) -> None:
    there = furnish(served)
    page = opened(desk, f"{there.finding}?report=en&list=q%3DDoe")
    page.keyboard.press("f")
    page.keyboard.press("2")  # the second of the usual misses
    cards = page.locator(".slot.named")
    expect(cards).to_have_count(1)
    page.keyboard.press("f")
    page.keyboard.type("xqjy")
    expect(page.locator("#picker-list .opt.on")).to_contain_text("pleural effusion")
    page.keyboard.press("Enter")
    expect(cards).to_have_count(2)
    cards.nth(1).get_by_role("button", name="Left").click()
    cards.nth(1).get_by_role("button", name="Lower").click()
    cards.nth(0).get_by_role("button", name="Remove").click()
    expect(cards).to_have_count(1)
    page.keyboard.press("f")
    page.keyboard.type("azygos lobe")
    page.keyboard.press("Enter")  # no such finding: into the text
    page.fill("#section-2", "x" * 3990)  # with the sections' names it is too long
    expect(page.locator("[data-says=draft]")).to_contain_text("at most 4000 are taken")
    page.click("[name=act][value=sign]")
    expect(page.locator("#fault-findings_text")).to_be_visible()
    assert page.url.endswith(
        f"/studies/{there.finding}?list=q%3DDoe"
    )  # where a reload, and the lock, find it
    desk.complaints.clear()  # of the refusal
    page.fill("#section-2", "")
    page.fill("#section-3", "Left costophrenic angle is blunted.")
    page.click("[data-act=rest]")
    expect(page.locator("[data-says=draft]")).to_contain_text("Draft saved")
    kept = kept_report(served, there.finding)
    assert [(one.code, one.side, one.zone) for one in kept.findings] == [("effusion", "left", "lower")]
    assert kept.findings_text.splitlines()[3:] == [
        "Diaphragm and pleura: Left costophrenic angle is blunted.",
        "Bones and soft tissue: Visible bones and soft tissues are unremarkable.",
        "Other: azygos lobe",
    ]
    page.reload()
    expect(page.locator("#section-3")).to_have_value("Left costophrenic angle is blunted.")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/studies/{there.clear}?list=q%3DDoe")
    assert kept_report(served, there.finding).status == "signed"
    assert desk.complaints == []


def test_no_finding_is_one_block_that_splits_and_says_what_it_contradicts(desk: Desk, served: House) -> None:
    there = furnish(served)
    desk.sign_in("rita", language="zh")
    expect(desk.page.locator("html")).to_have_attribute("lang", "zh-CN")
    desk.open(f"/studies/{there.clear}")
    page = desk.page
    page.keyboard.press("f")
    expect(page.locator("#picker")).to_be_focused()
    page.keyboard.press("Escape")  # nothing was named, so it is no finding still
    expect(page.locator("#picker")).to_be_hidden()
    page.keyboard.press("d")
    contradiction = page.locator("[data-says=contradicts]")
    expect(contradiction).to_be_visible()
    page.click("text=双侧肺门影大小、形态未见异常。")
    expect(page.locator("#section-1")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type("右侧稍增浓。")
    page.check("[name=label][value=has_finding]", force=True)
    expect(contradiction).to_be_hidden()
    page.focus("#picker")
    page.keyboard.press("5")
    expect(page.locator(".slot.named b")).to_have_text("肺门影稍重")
    expect(page.locator("#impression")).to_have_value("两肺心膈未见异常。")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/studies/{there.finding}")
    kept = kept_report(served, there.clear)
    assert [one.code for one in kept.findings] == ["heavy_hilum"]
    assert "双侧肺门影大小、形态未见异常。右侧稍增浓。" in kept.findings_text
    assert desk.complaints == []
