"""The worklist in a real browser: its keys, and what comes while it is open."""

from dataclasses import replace

from playwright.sync_api import expect

from overread.domain.audit import AuditEvent
from overread.domain.identifiers import PersonKey, StudyUid
from overread.domain.studies import StudyState
from tests.browser.conftest import Desk
from tests.serving.builders import a_dicom
from tests.serving.conftest import House
from tests.serving.pages.builders import furnish


def test_keys_move_through_the_list_open_a_study_and_find_its_row_again(desk: Desk, served: House) -> None:
    there = furnish(served)
    desk.sign_in("rita", language="en")
    expect(desk.page.locator("html")).to_have_attribute("lang", "en")
    page, current = desk.page, desk.page.locator("tr[aria-selected=true]")
    uids = [row.get_attribute("data-uid") for row in page.locator("tr[data-uid]").all()]

    page.keyboard.press("j")
    expect(page.locator("a.open >> nth=0")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(current).to_have_attribute("data-uid", uids[1] or "")
    page.keyboard.press("n")
    expect(current).to_have_attribute("data-uid", there.clear)
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/studies/{there.clear}")
    page.go_back()
    expect(current).to_have_attribute("data-uid", there.clear)
    page.keyboard.press("/")
    page.keyboard.type("jdoe")  # letters of a search are no keys
    expect(page.locator("#q")).to_have_value("jdoe")
    page.wait_for_url("**/?*q=jdoe")
    expect(page.locator("tr[data-uid]")).to_have_count(0)
    expect(page.locator("#as-file")).to_have_attribute(
        "href", "/worklist.csv?q=jdoe"
    )  # what is seen is taken
    page.go_back()
    expect(page.locator("tr[data-uid]")).to_have_count(4)
    page.select_option("#state", "excluded")
    expect(page.locator(".tab.on")).to_contain_text("Not scored")
    assert desk.complaints == []


def test_a_study_that_comes_waits_in_the_bar_and_a_row_in_view_changes_in_its_place(
    desk: Desk, served: House
) -> None:
    there = furnish(served)
    desk.sign_in("rita", language="en")
    expect(desk.page.locator("html")).to_have_attribute("lang", "en")
    page = desk.page
    expect(page.locator("#arrivals .live")).to_have_text("Live")
    before = [row.get_attribute("data-uid") for row in page.locator("tr[data-uid]").all()]

    come = served.send(a_dicom(bright=True, seed=9, PatientName="Roe^Richard")).json()["study_instance_uid"]
    report = {"status": "signed", "language": "en", "label": "no_finding", "text": {}}
    tag = served.ask("remy", "GET", f"/api/v1/studies/{there.clear}/report").headers["ETag"]
    path = f"/api/v1/studies/{there.clear}/report"
    assert served.ask("remy", "PUT", path, json=report, headers={"If-Match": tag}).status_code == 200

    expect(page.locator("#arrivals a")).to_have_text("1 new study, press .")
    expect(page.locator(f'tr[data-uid="{there.clear}"] .standing')).to_have_text("Signed")
    expect(page.locator(f'tr[data-uid="{there.clear}"]')).to_have_class("done")
    assert [row.get_attribute("data-uid") for row in page.locator("tr[data-uid]").all()] == before
    page.keyboard.press(".")
    expect(page.locator("tr[data-uid] >> nth=0")).to_have_attribute("data-uid", come)
    expect(page.locator("#arrivals a")).to_be_hidden()
    with served.storage.look() as work:
        assert work.studies.get(StudyUid(come)).state == "predicted"
    assert desk.complaints == []


def test_an_arrival_counts_where_the_filter_takes_it_and_an_answer_comes_into_its_row(
    desk: Desk, served: House
) -> None:
    uid = StudyUid(served.send(a_dicom(bright=True, seed=1)).json()["study_instance_uid"])
    with served.storage.work() as work:
        answered = work.studies.get(uid)
        work.studies.save(replace(answered, state=StudyState.SCREENED, label=None, probability=None))
        work.commit()
    desk.sign_in("ruth", language="en")
    page, bar = desk.page, desk.page.locator("#arrivals a")
    row = page.locator(f'tr[data-uid="{uid}"]')
    expect(row).to_contain_text("Waiting for the model")
    expect(page.locator("#arrivals .live")).to_have_text("Live")
    with served.storage.work() as work:
        work.studies.save(answered)
        told = AuditEvent(
            at=served.clock.now(),
            by=PersonKey("system"),
            action="study-predicted",
            subject="again",
            study=uid,
        )
        work.audit.append(told)
        work.commit()
    expect(row.locator(".badge.finding")).to_be_visible()
    expect(row.locator(".meter")).to_be_visible()

    page.goto(f"{desk.address}/?label=no_finding")
    expect(page.locator("#arrivals .live")).to_have_text("Live")
    served.send(a_dicom(bright=True, seed=2))
    served.send(a_dicom(bright=False, seed=3))
    expect(bar).to_have_text("1 new study, press .")
    page.select_option("#label", "")  # another filter counts anew
    expect(bar).to_be_hidden()
    page.locator("h1").evaluate("() => document.activeElement.blur()")
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.wait_for_url("**/monitoring")
    assert desk.complaints == []


def test_a_lost_line_is_said_and_what_came_meanwhile_is_told_when_it_is_back(
    desk: Desk, served: House
) -> None:
    furnish(served)
    desk.sign_in("rita", language="en")
    page, dot = desk.page, desk.page.locator("#arrivals .live")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(dot).to_have_text("Live")
    page.context.set_offline(True)
    expect(dot).to_have_text("Offline", timeout=15_000)
    served.send(a_dicom(bright=True, seed=9), wait=None)
    page.context.set_offline(False)
    expect(dot).to_have_text("Live", timeout=15_000)
    expect(page.locator("#arrivals a")).to_have_text("1 new study, press .")


def test_a_study_is_taken_on_and_given_back_by_a_key_and_others_see_it(desk: Desk, served: House) -> None:
    there = furnish(served)
    address = f"/api/v1/studies/{there.clear}/assignment"
    desk.sign_in("rita", language="en")
    page, row = desk.page, desk.page.locator(f'tr[data-uid="{there.clear}"]')
    expect(page.locator("#arrivals .live")).to_have_text("Live")
    row.locator("a.open").focus()
    page.keyboard.press("a")
    expect(row.locator(".assigned")).to_contain_text("me")
    expect(page.locator("#arrivals .word")).to_have_text("Yours to read. A gives it back.")
    row.locator("button.take").click()  # the same by mouse
    expect(row.locator(".assigned")).to_have_count(0)

    assert served.ask("remy", "PUT", address, json={}).status_code == 200
    expect(row.locator(".assigned")).to_contain_text("remy")  # seen without a reload
    page.keyboard.press("a")
    expect(page.locator("#arrivals .word")).to_have_text("remy means to read this. A again takes it over.")
    assert served.ask("rita", "GET", address).json()["person"] == "remy"
    page.keyboard.press("a")
    expect(row.locator(".assigned")).to_contain_text("me")
    page.click(".tab:has-text('Mine')")
    expect(page.locator("tr[data-uid]")).to_have_count(1)
    expect(page.locator(".tab.on")).to_contain_text("Mine 1")
    assert desk.complaints == []
