"""The automatic normal text, switched off: what readers get, who may switch it on, and what the page says."""

import re

import pytest

from monitoring.normal_text import switch
from overread.domain.identifiers import PersonKey, StudyUid
from overread.domain.reports import ReportStatus
from tests.serving.builders import a_dicom
from tests.serving.conftest import House
from tests.serving.pages.builders import sign_in

PATH = "/api/v1/monitoring/normal-text"
PAGE = "/monitoring/normal-text"
ON_AGAIN = {"automatic": True, "reason": "the plate was changed"}


def switched_off(house: House) -> None:
    with house.storage.work() as work:
        switch(
            work,
            task=house.task,
            automatic=False,
            by=PersonKey("overread"),
            reason="stop rule (sprt): 3 missed findings in 3 audits",
            now=house.clock.now(),
        )
        work.commit()


def sent(house: House, *, bright: bool, seed: int) -> str:
    return str(house.send(a_dicom(bright=bright, seed=seed)).json()["study_instance_uid"])


def test_while_it_is_off_a_study_without_a_finding_gets_no_draft_and_one_with_a_finding_does(
    served: House,
) -> None:
    before = sent(served, bright=False, seed=1)
    switched_off(served)
    clear, finding = sent(served, bright=False, seed=2), sent(served, bright=True, seed=3)
    with served.storage.look() as work:
        drafts = {uid: work.reports.latest(StudyUid(uid)) for uid in (before, clear, finding)}
    assert [drafts[uid] is not None for uid in (before, clear, finding)] == [True, False, True]
    shown = served.ask("rita", "GET", f"/api/v1/studies/{clear}/report").json()
    assert (shown["version"], shown["text"]) == (0, {"findings": "", "impression": ""})


def test_the_reader_writes_the_report_over_the_api_all_the_same(served: House) -> None:
    switched_off(served)
    uid = sent(served, bright=False, seed=1)
    path = f"/api/v1/studies/{uid}/report"
    etag = served.ask("rita", "GET", path).headers["etag"]
    body = {
        "status": "signed",
        "language": "en",
        "label": "no_finding",
        "text": {"findings": "Clear.", "impression": "Nothing."},
    }
    signed = served.ask("rita", "PUT", path, json=body, headers={"If-Match": etag})
    assert (signed.status_code, signed.json()["status"]) == (200, ReportStatus.SIGNED)


@pytest.mark.parametrize(
    ("language", "notice", "template"),
    [("en", "Automatic normal text is off since", "Lungs are clear"), ("zh", "起关闭", "双肺野清晰")],
)
def test_the_reading_page_says_so_and_leaves_class_and_text_open(
    served: House, language: str, notice: str, template: str
) -> None:
    switched_off(served)
    uid = sent(served, bright=False, seed=1)
    rita = sign_in(served, "rita", language=language)
    for path in (f"/studies/{uid}", f"/studies/{uid}?report={language}"):
        page = rita.get(path).text
        assert notice in page
        assert template not in page
        radio = re.search(r'<input type="radio" name="label" value="no_finding"[^>]*>', page)
        assert radio is not None
        assert "checked" not in radio[0]
    refused = rita.fill(f"/studies/{uid}", f"/studies/{uid}/report", {"act": "sign", "language": language})
    assert refused.status_code == 422


def test_a_reviewer_switches_it_on_again_with_a_reason_once(served: House) -> None:
    switched_off(served)
    assert served.ask("olga", "POST", PATH, json=ON_AGAIN).status_code == 403
    assert served.ask("ruth", "POST", PATH, json=ON_AGAIN | {"reason": " "}).status_code == 422
    answer = served.ask("ruth", "POST", PATH, json=ON_AGAIN)
    assert answer.status_code == 201
    said = answer.json()
    assert (said["automatic"], said["by"], said["reason"]) == (True, "ruth", "the plate was changed")
    again = served.ask("ruth", "POST", PATH, json=ON_AGAIN)
    assert (again.status_code, again.json()["code"]) == (409, "already-switched")
    assert served.ask("rita", "GET", "/api/v1/monitoring").json()["normal_text"] == said
    uid = sent(served, bright=False, seed=1)
    assert served.ask("rita", "GET", f"/api/v1/studies/{uid}/report").json()["text"]["impression"]
    rows = served.ask("anna", "GET", "/api/v1/audit").json()["items"]
    switches = [(row["by"], row["details"]) for row in rows if row["action"] == "normal-text-switched"]
    assert [(by, details["automatic"]) for by, details in switches] == [("overread", False), ("ruth", True)]


@pytest.mark.parametrize(
    ("language", "off", "rule", "on"),
    [
        ("en", "Switched off by the system", "too many missed findings in audits", "Switched on by ruth"),
        ("zh", "系统 于", "抽查漏诊过多", "ruth 于"),
    ],
)
def test_the_monitoring_page_says_who_and_why_and_a_reviewer_switches_there(
    served: House, language: str, off: str, rule: str, on: str
) -> None:
    switched_off(served)
    ruth = sign_in(served, "ruth", language=language)
    page = ruth.get("/monitoring")
    assert off in page.text
    assert rule in page.text
    assert PAGE not in sign_in(served, "rita", language=language).get("/monitoring").text
    assert ruth.send(page, PAGE, {"reason": "  "}).status_code == 422
    done = ruth.send(page, PAGE, {"reason": "the plate was changed"})
    assert (done.status_code, done.headers["location"]) == (303, "/monitoring?days=30")
    after = ruth.get("/monitoring").text
    assert on in after
    assert "the plate was changed" in after
