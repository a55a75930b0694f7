"""The uses that decide, in a real browser: feedback, report, blinded read, promotion, retraining."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from overread.domain.identifiers import StudyUid
from overread.domain.models import RunState
from overread.domain.retraining import Step, TrainingPoint
from pipeline.retraining import CancelledError, change, under_way
from pipeline.services import PipelineServices, pipeline_services
from tests.browser.conftest import Desk
from tests.browser.test_viewer import complaints
from tests.serving.builders import ClockedServices
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
    expect(page.locator(".fb .no")).to_be_focused()
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
    page.click(".legend label")
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
    assert complaints(desk) == []


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


def test_a_retraining_is_asked_for_once_followed_and_called_off(
    desk: Desk, served: House, services: ClockedServices
) -> None:
    worker, page = pipeline_services(services.settings), desk.page
    desk.sign_in("olga", language="zh")
    desk.open("/retraining")
    page.fill("#reason", "周一起用新设备")
    page.dblclick("button:has-text('立即训练')")
    expect(page.locator(".under-way .badge.info")).to_have_text("等待")
    with served.storage.look() as work:
        (run,) = work.monitoring.runs()
    assert (run.state, run.requested_by, run.reason) == (RunState.WAITING, "olga", "周一起用新设备")

    with pytest.raises(CancelledError), under_way(worker, run.id, flow_run="flow-1"):
        _train_and_wait_for_the_word(worker, run.id, desk)
    expect(page.locator("#runs tbody tr")).to_contain_text("已取消")  # by itself, as all before it
    expect(page.locator(".under-way")).to_have_count(0)
    with served.storage.look() as work:
        assert work.monitoring.run(run.id).state is RunState.CANCELLED
        actions = [row.event.action for row in work.audit.rows() if row.event.action.startswith("retraining")]
    assert actions == ["retraining-asked", "retraining-cancelled", "retraining-stopped"]
    assert desk.complaints == []


def _train_and_wait_for_the_word(worker: PipelineServices, run: str, desk: Desk) -> None:
    """Be the process that trains: say how far it is, and go on until it hears that it was called off."""
    change(worker, run, lambda run: replace(run, step=Step.TRAINING, progress=0.4))
    point = TrainingPoint(
        run=run, job="job", at=worker.now(), name="v2", stage="images", done=288, of=720, loss=0.35
    )
    with worker.storage.work() as work:
        work.monitoring.add_point(replace(point, tuning_auc=0.913))
        work.commit()
    now = desk.page.locator(".under-way")
    expect(now).to_contain_text("40.0 %")
    expect(now).to_contain_text("0.913")
    desk.page.click(".under-way button:has-text('取消')")
    expect(now.locator(".badge.info")).to_have_text("正在停止")
    change(worker, run, lambda run: replace(run, progress=0.5))
