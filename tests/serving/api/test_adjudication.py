import io
import json
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response
from PIL import Image

from tests.serving.builders import SIDE, a_dicom
from tests.serving.conftest import House


def _opened(house: House, who: str = "rita", seed: int = 0) -> tuple[str, str]:
    """Return a study and the case that a person's disagreement opened on it."""
    uid = house.send(a_dicom(bright=True, seed=seed)).json()["study_instance_uid"]
    said = {"verdict": "disagree", "label": "no_finding", "kind": "false_alarm"}
    answer = house.ask(
        who,
        "POST",
        f"/api/v1/studies/{uid}/feedback",
        json=said,
        headers={"Idempotency-Key": f"raise-{uid}"},
    )
    return uid, answer.json()["case"]


def _next(house: House, who: str) -> Response:
    return house.ask(who, "GET", "/api/v1/adjudication/next")


def _read(house: House, who: str, case: str, label: str = "no_finding", **more: Any) -> Response:
    return house.ask(
        who,
        "POST",
        f"/api/v1/adjudication/{case}/reads",
        json={"label": label} | more,
        headers={"Idempotency-Key": f"{who}-{case}"},
    )


def _read_next(house: House, who: str, label: str) -> Response:
    return _read(house, who, _next(house, who).json()["case"], label)


def test_a_case_names_no_study_patient_raiser_or_model(served: House) -> None:
    uid, case = _opened(served)
    answer = _next(served, "remy")
    given = answer.json()
    assert set(given) == {"case", "task", "stage", "images", "held_until", "waiting"}
    assert (given["case"], given["stage"], given["waiting"]) == (case, "first", 1)
    assert given["images"] == [
        {"url": f"/api/v1/adjudication/{case}/images/0.png", "rows": SIDE, "columns": SIDE}
    ]
    for secret in (uid, "Doe", "rita", "tiny"):
        assert secret not in answer.text


def test_none_waits_is_204(served: House) -> None:
    assert _next(served, "remy").status_code == 204


def test_the_same_case_until_it_is_read_and_nobody_else_gets_it(served: House) -> None:
    _, first = _opened(served, seed=1)
    _, second = _opened(served, seed=2)
    assert _next(served, "remy").json()["case"] == first
    assert _next(served, "remy").json()["case"] == first
    assert _next(served, "rosa").json()["case"] == second


def test_the_raiser_never_reads_and_a_second_read_is_refused(served: House) -> None:
    _, case = _opened(served)
    refused = _read(served, "rita", case)
    assert (refused.status_code, refused.json()["code"]) == (403, "raiser")
    assert _read_next(served, "remy", "no_finding").status_code == 201
    again = served.ask(
        "remy",
        "POST",
        f"/api/v1/adjudication/{case}/reads",
        json={"label": "no_finding"},
        headers={"Idempotency-Key": "other"},
    )
    assert (again.status_code, again.json()["code"]) == (409, "already-read")


def test_only_whoever_holds_a_case_reads_it(served: House) -> None:
    _, case = _opened(served)
    assert _read(served, "rosa", case).json()["code"] == "not-held"
    _next(served, "remy")
    assert _read(served, "rosa", case).status_code == 409
    for part in ("0.png", "0/pixels"):
        assert served.ask("rosa", "GET", f"/api/v1/adjudication/{case}/images/{part}").status_code == 404


def test_who_holds_a_case_is_sent_its_grey_levels_and_nothing_that_names_its_study(served: House) -> None:
    uid, case = _opened(served)
    _next(served, "remy")
    there = f"/api/v1/adjudication/{case}/images"
    own, blinded = (
        served.ask("rita", "GET", f"/api/v1/studies/{uid}/pixels"),
        served.ask("remy", "GET", f"{there}/0/pixels"),
    )
    assert blinded.content == own.content
    assert set(json.loads(blinded.headers["overread-picture"])) == {
        *("rows", "columns", "slope", "offset"),
        *("center", "width"),
    }
    told = " ".join(f"{name}: {value}" for name, value in blinded.headers.items())
    assert [word for word in (uid, "Doe", "rita", "tiny") if word in told] == []
    assert served.ask("remy", "GET", f"{there}/1/pixels").status_code == 404
    small = served.ask("remy", "GET", f"{there}/0.png", params={"longest": SIDE // 2})
    assert Image.open(io.BytesIO(small.content)).size == (SIDE // 2, SIDE // 2)
    assert _read(served, "remy", case).status_code == 201
    assert served.ask("remy", "GET", f"{there}/0/pixels").content == own.content  # to look at once more
    assert served.ask("rosa", "GET", f"{there}/0/pixels").status_code == 404


def test_an_auditor_sees_a_cases_pictures_and_reads_none(served: House) -> None:
    _, case = _opened(served)
    picture = f"/api/v1/adjudication/{case}/images/0.png"
    assert served.ask("anna", "GET", picture).headers["content-type"] == "image/png"
    assert served.ask("anna", "GET", picture.replace(case, "nothing")).status_code == 404
    assert served.ask("olga", "GET", picture).status_code == 403
    assert _next(served, "anna").status_code == 403
    assert _read(served, "anna", case).status_code == 403


def test_a_read_has_the_shape_of_the_interface_and_is_repeatable(served: House) -> None:
    _, case = _opened(served)
    _next(served, "remy")
    said = {"findings": [{"code": "nodule"}], "quality": "limited", "seconds": 31.5, "comment": "faint"}
    first, again = (_read(served, "remy", case, "has_finding", **said) for _ in range(2))
    assert first.status_code == 201, first.text
    assert first.json() == again.json()
    assert set(first.json()) == {
        "id",
        "case",
        "label",
        "findings",
        "quality",
        "confidence",
        "seconds",
        "comment",
        "by",
        "at",
        "state",
        "others",
    }
    assert (first.json()["confidence"], first.json()["others"]) == (None, None)
    other = _read(served, "remy", case, "no_finding")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-conflict")


def test_two_reads_that_agree_close_the_case(served: House) -> None:
    _opened(served)
    assert _read_next(served, "remy", "no_finding").json()["state"] == "open"
    assert _read_next(served, "rosa", "no_finding").json()["state"] == "closed"
    assert _next(served, "sven").status_code == 204


def test_where_two_differ_a_senior_reads_blind_and_only_then_sees_the_others(served: House) -> None:
    _, case = _opened(served)
    assert _next(served, "remy").status_code == 200
    _read(served, "remy", case, "no_finding", confidence="low")
    _read_next(served, "rosa", "has_finding")
    given = _next(served, "sven").json()
    assert (given["case"], given["stage"]) == (case, "senior")
    decision = {"label": "has_finding", "findings": [], "reason": "clear on the left"}
    path = f"/api/v1/adjudication/{case}/resolution"
    early = served.ask("sven", "POST", path, json=decision)
    assert early.status_code == 403
    read = _read(served, "sven", case, "has_finding").json()
    said = [(other["label"], other["confidence"]) for other in read["others"]]
    assert said == [("no_finding", "low"), ("has_finding", None)]
    assert all("by" not in other for other in read["others"])
    done = served.ask("sven", "POST", path, json=decision)
    assert (done.status_code, done.json()["state"]) == (201, "closed")
    assert served.ask("sven", "POST", path, json=decision).status_code == 409


def test_a_reader_does_not_read_third(served: House) -> None:
    _opened(served, who="sven")
    _read_next(served, "remy", "no_finding")
    _read_next(served, "rosa", "has_finding")
    assert _next(served, "rita").status_code == 204


def test_who_holds_a_case_is_blinded_to_what_was_said_of_its_study(served: House) -> None:
    uid, _ = _opened(served)
    study = f"/api/v1/studies/{uid}"
    assert served.ask("remy", "GET", f"{study}/prediction").status_code == 200
    _next(served, "remy")
    for tail in ("/prediction", "/heatmap.png", "/report"):
        answer = served.ask("remy", "GET", study + tail)
        assert (answer.status_code, answer.json()["code"]) == (403, "blinded")
    put = served.ask("remy", "PUT", f"{study}/report", json={}, headers={"If-Match": "*"})
    assert put.json()["code"] == "blinded"
    shown = served.ask("remy", "GET", study).json()
    assert (shown["prediction"], shown["report"], shown["feedback"]) == (None, None, [])
    (row,) = served.ask("remy", "GET", "/api/v1/studies").json()["items"]
    assert (row["label"], row["probability"], row["priority"]) == (None, None, 3)
    assert served.ask("rosa", "GET", f"{study}/prediction").status_code == 200
    _read_next(served, "remy", "no_finding")
    assert served.ask("remy", "GET", f"{study}/prediction").status_code == 200


@pytest.mark.parametrize(
    "said",
    [
        {"verdict": "agree", "label": "has_finding"},
        {"verdict": "agree", "label": "no_finding"},
        {"verdict": "disagree", "label": "no_finding"},
    ],
)
def test_who_holds_a_case_cannot_probe_the_answer_by_feedback(served: House, said: dict[str, str]) -> None:
    uid, _ = _opened(served)
    _next(served, "remy")
    path, key = f"/api/v1/studies/{uid}/feedback", {"Idempotency-Key": "probe"}
    answer = served.ask("remy", "POST", path, json=said, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (403, "blinded")
    assert served.ask("rosa", "POST", path, json=said, headers=key).status_code != 403


def test_a_hold_ends_and_the_case_goes_to_the_next_reader(served: House) -> None:
    uid, case = _opened(served)
    _next(served, "remy")
    served.clock.ahead = timedelta(minutes=16)
    assert served.ask("remy", "GET", f"/api/v1/studies/{uid}/prediction").status_code == 200
    assert _next(served, "rosa").json()["case"] == case
    assert _read(served, "remy", case).status_code == 409


@pytest.mark.parametrize(
    "said",
    [
        {"label": "no_finding", "findings": [{"code": "nodule"}]},
        {"label": "has_finding", "findings": [{"code": "no_such_thing"}]},
        {"label": "perhaps"},
        {"label": "no_finding", "seconds": -1},
        {"label": "no_finding", "confidence": "90 %"},
        {"label": "no_finding", "study": "1.2.3"},
    ],
)
def test_a_read_that_contradicts_itself_is_422(served: House, said: dict[str, Any]) -> None:
    _, case = _opened(served)
    _next(served, "remy")
    assert _read(served, "remy", case, **said).status_code == 422


def test_an_unknown_case_is_404(served: House) -> None:
    assert _read(served, "remy", "nothing").status_code == 404
    decision = {"label": "has_finding", "findings": [], "reason": "x"}
    answer = served.ask("sven", "POST", "/api/v1/adjudication/nothing/resolution", json=decision)
    assert answer.status_code == 404
