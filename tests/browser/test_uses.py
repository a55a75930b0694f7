"""The uses that decide, in a real browser: feedback, a signed report, a blinded read, a promotion."""

import pytest
from playwright.sync_api import expect

from overread.domain.identifiers import StudyUid
from tests.browser.conftest import Desk
from tests.serving.conftest import House
from tests.serving.pages.builders import furnish

WORDS = {
    "zh": {
        "disagree": "不同意",
        "recorded": "已记录",
        "finding": "少量纤维索条影",
        "sign": "签发",
        "approve": "批准",
    },
    "en": {
        "disagree": "Disagree",
        "recorded": "Recorded",
        "finding": "few fibrous strands",
        "sign": "Sign",
        "approve": "Approve",
    },
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_correction_takes_two_clicks_from_the_worklist_and_is_in_the_database(
    desk: Desk, served: House, language: str
) -> None:
    uid = furnish(served, name="<script>alert(1)</script>").clear
    words, page = WORDS[language], desk.page
    desk.sign_in("rita", language=language)

    page.click(f'a.open[href="/studies/{uid}"]')
    page.click(f"text={words['disagree']} >> visible=true")
    expect(page.locator(".toast")).to_contain_text(words["recorded"])
    with served.storage.look() as work:
        (said,) = work.corrections.of_study(StudyUid(uid))
    assert (said.by, said.verdict, said.kind) == ("rita", "disagree", "missed_finding")

    page.check(f"text={words['finding']} >> visible=true")
    page.click(".detail button")
    expect(page.locator(".toast")).to_contain_text(words["finding"])
    with served.storage.look() as work:
        *_, last = work.corrections.of_study(StudyUid(uid))
    assert [finding.code for finding in last.findings] == ["fibrous_strand"]
    assert desk.complaints == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_heatmap_is_switched_without_leaving_the_page_and_the_report_is_signed(
    desk: Desk, served: House, language: str
) -> None:
    uid = furnish(served).finding
    desk.sign_in("rita", language=language)
    desk.open(f"/studies/{uid}")
    page, heat = desk.page, desk.page.locator("img.heat")
    expect(heat).not_to_have_css("opacity", "0")
    page.click("label.legend")
    expect(heat).to_have_css("opacity", "0")

    page.focus("#picker")
    page.keyboard.press("8")
    page.fill("#section-0", "Nodule in the left upper zone.")
    page.click(f'.sign button[value=sign]:has-text("{WORDS[language]["sign"]}")')
    expect(page.locator(".rep .badge.good")).to_be_visible()
    with served.storage.look() as work:
        report = work.reports.latest(StudyUid(uid))
    assert report is not None
    assert (report.status, report.signed_by, [f.code for f in report.findings]) == (
        "signed",
        "rita",
        ["nodule"],
    )
    assert desk.complaints == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_case_is_read_blinded_with_nothing_of_the_study_on_the_page(
    desk: Desk, served: House, language: str
) -> None:
    uid = furnish(served).clear
    filed = {"verdict": "disagree", "label": "has_finding", "kind": "missed_finding"}
    served.ask(
        "rita", "POST", f"/api/v1/studies/{uid}/feedback", json=filed, headers={"Idempotency-Key": "k"}
    )
    desk.sign_in("remy", language=language)
    desk.open("/adjudication")
    assert uid not in desk.page.content()
    desk.page.check(".call input[value=has_finding]")
    desk.page.click(".sign button")
    expect(desk.page.locator(".empty")).to_be_visible()
    with served.storage.look() as work:
        case = work.cases.open_of(StudyUid(uid))
    assert case is not None
    assert [(read.by, read.label) for read in case.reads] == [("remy", "has_finding")]
    assert case.reads[0].seconds is not None
    assert desk.complaints == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_two_reviewers_release_a_candidate(desk: Desk, served: House, language: str) -> None:
    furnish(served)
    for who in ("ruth", "rolf"):
        desk.page.context.clear_cookies()
        desk.sign_in(who, language=language)
        desk.open("/candidates/2")
        desk.page.fill("#reason", "The gain is in strands.")
        desk.page.click(f'#sign button:has-text("{WORDS[language]["approve"]}")')
        expect(desk.page.locator("#sign .slot.done", has_text=who)).to_be_visible()
    with served.storage.look() as work:
        model = work.models.production(served.task)
    assert model is not None
    assert model.version == "2"
    assert desk.complaints == []
