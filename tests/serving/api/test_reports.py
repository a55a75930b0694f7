from typing import Any

import pytest
from httpx2 import Response

from overread.domain.adjudication import CaseState
from overread.domain.corrections import Origin
from overread.domain.identifiers import PersonKey, StudyUid
from tests.serving.builders import a_dicom
from tests.serving.conftest import House


@pytest.fixture
def uid(served: House) -> str:
    """A study on which the model says no_finding."""
    return str(served.send(a_dicom(bright=False)).json()["study_instance_uid"])


def _get(house: House, uid: str, who: str = "rita") -> Response:
    return house.ask(who, "GET", f"/api/v1/studies/{uid}/report")


def _put(house: House, uid: str, body: Any, etag: str | None, who: str = "rita") -> Response:
    headers = {} if etag is None else {"If-Match": etag}
    return house.ask(who, "PUT", f"/api/v1/studies/{uid}/report", json=body, headers=headers)


def test_no_finding_drafts_the_whole_normal_report(served: House, uid: str) -> None:
    answer = _get(served, uid)
    report = answer.json()
    assert set(report) == {
        "version",
        "status",
        "language",
        "label",
        "findings",
        "text",
        "signed_by",
        "signed_at",
        "addenda",
    }
    assert (report["version"], report["status"], report["label"]) == (1, "draft", "no_finding")
    assert report["text"]["findings"].startswith("双肺野清晰")
    assert report["text"]["impression"] == "两肺心膈未见异常。"
    assert answer.headers["etag"].startswith('"')


def test_a_finding_leaves_the_text_to_the_doctor(served: House) -> None:
    uid = served.send(a_dicom(bright=True)).json()["study_instance_uid"]
    report = _get(served, uid).json()
    assert (report["label"], report["text"]) == ("has_finding", {"findings": "", "impression": ""})


def test_put_takes_back_what_get_gave(served: House, uid: str) -> None:
    read = _get(served, uid)
    written = _put(served, uid, read.json(), read.headers["etag"])
    assert written.status_code == 200, written.text
    assert written.json() == read.json() | {"version": 2}
    assert written.headers["etag"] != read.headers["etag"]


def test_if_match_is_judged_before_the_body(served: House, uid: str) -> None:
    read = _get(served, uid)
    assert _put(served, uid, {"nonsense": 1}, None).status_code == 428
    assert _put(served, uid, {"nonsense": 1}, '"old"').status_code == 412
    assert _put(served, uid, {"nonsense": 1}, read.headers["etag"]).status_code == 422


def test_a_stale_copy_changes_nothing(served: House, uid: str) -> None:
    read = _get(served, uid)
    _put(served, uid, read.json(), read.headers["etag"])
    answer = _put(served, uid, read.json(), read.headers["etag"], who="remy")
    assert (answer.status_code, answer.json()["code"]) == (412, "stale")
    assert _get(served, uid).json()["version"] == 2


def test_a_signed_report_is_never_rewritten_but_takes_addenda(served: House, uid: str) -> None:
    read = _get(served, uid)
    signed = _put(served, uid, read.json() | {"status": "signed"}, read.headers["etag"])
    assert signed.json()["signed_by"] == "rita"
    assert signed.json()["signed_at"].endswith("Z")
    assert served.ask("rita", "GET", f"/api/v1/studies/{uid}").json()["state"] == "reported"
    again = _put(served, uid, read.json(), signed.headers["etag"])
    assert (again.status_code, again.json()["code"]) == (409, "already-signed")
    added = served.ask(
        "remy", "POST", f"/api/v1/studies/{uid}/report/addenda", json={"text": "compared with 2020"}
    )
    assert added.status_code == 201
    assert [a["by"] for a in added.json()["addenda"]] == ["remy"]
    assert added.headers["etag"] != signed.headers["etag"]


def test_a_draft_takes_no_addendum(served: House, uid: str) -> None:
    answer = served.ask("rita", "POST", f"/api/v1/studies/{uid}/report/addenda", json={"text": "more"})
    assert answer.status_code == 409


def test_a_signed_report_that_contradicts_the_model_opens_a_case_without_a_click(
    served: House, uid: str
) -> None:
    read = _get(served, uid)
    body = read.json() | {
        "status": "signed",
        "label": "has_finding",
        "findings": [{"code": "nodule", "box": [1, 1, 9, 9]}],
    }
    assert _put(served, uid, body, read.headers["etag"]).status_code == 200
    with served.storage.look() as work:
        (claim,) = work.corrections.of_study(StudyUid(uid))
        (case,) = work.cases.of_study(StudyUid(uid))
    assert (claim.origin, claim.by, claim.kind) == (Origin.SIGNED_REPORT, "rita", "missed_finding")
    assert case.state is CaseState.OPEN
    assert case.barred == {PersonKey("rita")}


def test_signing_what_the_model_said_opens_nothing(served: House, uid: str) -> None:
    read = _get(served, uid)
    _put(served, uid, read.json() | {"status": "signed"}, read.headers["etag"])
    with served.storage.look() as work:
        assert work.corrections.all() == []


@pytest.mark.parametrize(
    "change",
    [
        {"findings": [{"code": "nodule"}]},
        {"label": "has_finding", "findings": [{"code": "no_such_thing"}]},
        {
            "label": "has_finding",
            "findings": [{"code": "nodule", "box": [0, 0, 5000, 9]}],
            "status": "signed",
        },
        {"language": "fr"},
        {"status": "final"},
        {"text": {"findings": "", "impression": "", "advice": ""}},
        {"text": {"findings": "x" * 4001, "impression": ""}},
    ],
)
def test_a_report_that_contradicts_itself_is_422_and_not_kept(
    served: House, uid: str, change: dict[str, Any]
) -> None:
    read = _get(served, uid)
    answer = _put(served, uid, read.json() | change, read.headers["etag"])
    assert answer.status_code == 422, answer.text
    assert _get(served, uid).json()["version"] == 1


def test_each_write_of_a_report_is_one_row_of_the_record(served: House, uid: str) -> None:
    read = _get(served, uid)
    signed = _put(served, uid, read.json() | {"status": "signed"}, read.headers["etag"])
    assert signed.status_code == 200
    served.ask("rita", "POST", f"/api/v1/studies/{uid}/report/addenda", json={"text": "more"})
    with served.storage.look() as work:
        rows = [row.event for row in work.audit.rows() if row.event.action.startswith("report-")]
    assert [row.action for row in rows] == ["report-signed", "report-addended"]
    assert len({row.subject for row in rows}) == 2
