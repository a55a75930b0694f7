import io
import json
from datetime import timedelta

import numpy as np
import pytest
from PIL import Image

from overread.domain.identifiers import StudyUid
from overread.domain.studies import Reason
from overread.studies.screening import quarantine
from tests.serving.builders import SIDE, a_dicom, a_picture
from tests.serving.conftest import House


def _sent(house: House, **how: object) -> str:
    return str(house.send(a_dicom(**how)).json()["study_instance_uid"])  # type: ignore[arg-type]


def _quarantined(house: House) -> str:
    uid = StudyUid(str(house.send(a_dicom(), wait=1).json()["study_instance_uid"]))
    with house.storage.work() as work:
        quarantine(work, uid, [Reason(code="BURNED_IN", text="text in the picture")], now=house.clock.now())
        work.commit()
    return uid


def test_a_study_has_the_shape_of_the_interface(served: House) -> None:
    study = served.ask("rita", "GET", f"/api/v1/studies/{_sent(served)}").json()
    assert set(study) == {
        "study_instance_uid",
        "site",
        "state",
        "reasons",
        "patient",
        "study_date",
        "prediction",
        "report",
        "feedback",
    }
    assert study["patient"] == {"name": "Doe^Jane", "id": "P0", "birth_date": "1970-01-01", "sex": "F"}
    assert study["report"] == {"version": 1, "status": "draft"}
    assert study["study_date"] == "2024-01-02"


@pytest.mark.parametrize("uid", ["1.2.3.4", "unknown", "..%2f..", "1.2.%00"])
def test_an_unknown_study_is_404_whatever_its_name(house: House, uid: str) -> None:
    for tail in ("", "/prediction", "/image.png", "/heatmap.png", "/report"):
        assert house.ask("rita", "GET", f"/api/v1/studies/{uid}{tail}").status_code == 404


def test_the_worklist_shows_the_latest_first_and_pages_without_gaps_while_studies_arrive(
    served: House,
) -> None:
    uids = [_sent(served, seed=number, bright=number % 2 == 0) for number in range(5)]
    seen, cursor = [], None
    for _ in range(3):
        asked = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = served.ask("rita", "GET", "/api/v1/studies", params=asked).json()
        seen += [row["study_instance_uid"] for row in page["items"]]
        cursor = page["next_cursor"]
        _sent(served, seed=100 + len(seen))
    assert seen == uids[::-1]
    assert cursor is None


def test_the_worklist_is_narrowed_by_state_label_text_and_time(served: House) -> None:
    bright, dark = _sent(served, bright=True, seed=1), _sent(served, bright=False, seed=2)
    child = _sent(served, PatientBirthDate="20200101", seed=3)

    def found(**asked: str) -> list[str]:
        items = served.ask("rita", "GET", "/api/v1/studies", params=asked).json()["items"]
        return [row["study_instance_uid"] for row in items]

    assert found(state="excluded") == [child]
    assert found(label="has_finding") == [bright]
    assert found(q="P2") == [dark]
    assert found(q=bright) == [bright]
    assert len(found(q="Doe")) == 3
    assert found(since=(served.clock.now() + timedelta(hours=1)).isoformat()) == []
    (row,) = served.ask("rita", "GET", "/api/v1/studies", params={"q": "P1"}).json()["items"]
    assert set(row) == {
        "study_instance_uid",
        "state",
        "label",
        "probability",
        "priority",
        "patient_name",
        "study_date",
        "received_at",
    }
    assert row["priority"] in {1, 2}


@pytest.mark.parametrize(
    "asked",
    [
        {"state": "lost"},
        {"label": "abnormal"},
        {"limit": "0"},
        {"limit": "201"},
        {"cursor": "abc"},
        {"since": "2024-01-01T00:00:00"},
        {"since": "yesterday"},
    ],
)
def test_a_filter_limit_or_cursor_that_means_nothing_is_422(house: House, asked: dict[str, str]) -> None:
    answer = house.ask("rita", "GET", "/api/v1/studies", params=asked)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_cursor_of_another_list_is_422(house: House) -> None:
    foreign = house.app.state.web.cursors.sign("audit", [1])
    answer = house.ask("rita", "GET", "/api/v1/studies", params={"cursor": foreign})
    assert answer.status_code == 422


def test_the_picture_is_the_stored_one_at_its_stored_size(served: House) -> None:
    uid = _sent(served)
    answer = served.ask("rita", "GET", f"/api/v1/studies/{uid}/image.png")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"].startswith("private")
    picture = np.asarray(Image.open(io.BytesIO(answer.content)))
    assert picture.shape == (SIDE, SIDE)
    assert np.abs(picture.astype(int) - a_picture(bright=True)).max() <= 1


def test_a_picture_is_no_longer_than_asked_for_and_never_enlarged(served: House) -> None:
    path = f"/api/v1/studies/{_sent(served)}/image.png"
    for longest, expected in ((SIDE // 4, SIDE // 4), (2 * SIDE, SIDE)):
        answer = served.ask("rita", "GET", path, params={"longest": longest})
        picture = np.asarray(Image.open(io.BytesIO(answer.content)))
        assert picture.shape == (expected, expected)
        means = a_picture(bright=True).reshape(expected, SIDE // expected, expected, SIDE // expected)
        assert np.abs(picture - means.mean(axis=(1, 3))).max() <= 2
    assert served.ask("rita", "GET", path, params={"longest": 0}).status_code == 422


def test_each_film_of_a_study_has_its_picture_and_there_is_no_other(served: House) -> None:
    for bright in (True, False):
        served.send(a_dicom(bright=bright, seed=3, StudyInstanceUID="1.2.3.4.5"))
    place = "/api/v1/studies/1.2.3.4.5"
    for film, bright in enumerate((True, False)):
        shown = served.ask("rita", "GET", f"{place}/image.png", params={"film": film})
        picture = np.asarray(Image.open(io.BytesIO(shown.content))).astype(int)
        assert np.abs(picture - a_picture(bright=bright, seed=3)).max() <= 1
        grey = served.ask("rita", "GET", f"{place}/pixels", params={"film": film})
        said = json.loads(grey.headers["overread-picture"])
        values = said["offset"] + said["slope"] * np.frombuffer(grey.content, "<u2").astype(float)
        assert np.abs(values.reshape(SIDE, SIDE) - picture).max() <= 1
    for tail in ("image.png", "pixels"):
        assert served.ask("rita", "GET", f"{place}/{tail}", params={"film": 2}).status_code == 404


def test_the_page_shows_another_film_without_what_the_model_says_of_the_first(served: House) -> None:
    served.send(a_dicom(bright=True, seed=3, StudyInstanceUID="1.2.3.4.5"))
    page = "/studies/1.2.3.4.5"
    assert "film=" not in served.ask("rita", "GET", page).text
    served.send(a_dicom(bright=False, seed=4, PatientID="P3", StudyInstanceUID="1.2.3.4.5"))
    first, second = (served.ask("rita", "GET", f"{page}?film={film}").text for film in (0, 1))
    for shown in (first, second):
        assert 'href="/studies/1.2.3.4.5?film=1"' in shown
    for said in ("heatmap.png", 'data-tool="box"'):
        assert said in first
        assert said not in second
    assert "/pixels?film=1" in second


def test_a_window_changes_the_picture_and_an_impossible_one_is_422(served: House) -> None:
    path = f"/api/v1/studies/{_sent(served)}/image.png"
    plain = served.ask("rita", "GET", path).content
    assert served.ask("rita", "GET", path, params={"center": "60", "width": "40"}).content != plain
    for asked in ({"center": "nan", "width": "1"}, {"center": "1", "width": "0"}, {"center": "inf"}):
        assert served.ask("rita", "GET", path, params=asked).status_code == 422


def test_all_grey_levels_come_with_what_they_mean(served: House) -> None:
    answer = served.ask("rita", "GET", f"/api/v1/studies/{_sent(served)}/pixels")
    said = json.loads(answer.headers["overread-picture"])
    values = np.frombuffer(answer.content, "<u2").reshape(said["rows"], said["columns"])
    shown = said["offset"] + said["slope"] * values.astype(float)
    low = said["center"] - said["width"] / 2
    grey = np.clip((shown - low) / said["width"], 0, 1) * 255
    assert np.abs(grey - a_picture(bright=True)).max() <= 1
    assert answer.headers["cache-control"].startswith("private")


def test_the_heatmap_is_colour_with_opacity_and_no_finding_has_none(served: House) -> None:
    answer = served.ask("rita", "GET", f"/api/v1/studies/{_sent(served)}/heatmap.png")
    picture = Image.open(io.BytesIO(answer.content))
    assert (picture.mode, picture.size) == ("RGBA", (SIDE, SIDE))
    dark = _sent(served, bright=False)
    assert served.ask("rita", "GET", f"/api/v1/studies/{dark}/heatmap.png").status_code == 404


def test_before_the_answer_there_is_none(house: House) -> None:
    uid = house.send(a_dicom(), wait=None).json()["study_instance_uid"]
    assert house.ask("rita", "GET", f"/api/v1/studies/{uid}/prediction").status_code == 404


def test_readers_see_why_a_study_is_quarantined_but_never_its_pixels(served: House) -> None:
    uid = _quarantined(served)
    study = served.ask("rita", "GET", f"/api/v1/studies/{uid}").json()
    assert (study["state"], study["reasons"][0]["code"]) == ("quarantined", "BURNED_IN")
    assert served.ask("rita", "GET", f"/api/v1/studies/{uid}/image.png").status_code == 403
    assert served.ask("rita", "GET", f"/api/v1/studies/{uid}/pixels").status_code == 403
    assert served.ask("olga", "GET", f"/api/v1/studies/{uid}/image.png").status_code == 200


def test_a_released_study_is_predicted(house: House) -> None:
    uid = _quarantined(house)
    answer = house.ask("olga", "POST", f"/api/v1/studies/{uid}/release", json={"reason": "a side marker"})
    assert (answer.status_code, answer.json()["state"]) == (200, "screened")
    again = house.ask("olga", "POST", f"/api/v1/studies/{uid}/release", json={"reason": "again"})
    assert again.status_code == 409


def test_what_happens_to_a_study_again_is_a_row_of_its_own_subject(served: House) -> None:
    uid = _quarantined(served)
    for _ in range(2):
        served.ask("olga", "POST", f"/api/v1/studies/{uid}/release", json={"reason": "a side marker"})
        with served.storage.work() as work:
            quarantine(work, StudyUid(uid), [Reason(code="BURNED_IN", text="again")], now=served.clock.now())
            work.commit()
    with served.storage.look() as work:
        subjects = [row.event.subject for row in work.audit.rows() if row.event.study == uid]
    assert len(subjects) == len(set(subjects)) >= 5


def test_the_pixels_of_a_deleted_study_are_gone_at_once(served: House) -> None:
    uid = _quarantined(served)
    served.ask("olga", "DELETE", f"/api/v1/studies/{uid}", json={"reason": "a name in the picture"})
    for who in ("rita", "olga", "anna"):
        for picture in ("image.png", "pixels"):
            answer = served.ask(who, "GET", f"/api/v1/studies/{uid}/{picture}")
            assert (answer.status_code, answer.json()["detail"]) == (404, "this study has no picture")


def test_a_deleted_study_is_excluded_and_its_record_stays(served: House) -> None:
    uid = _quarantined(served)
    path = f"/api/v1/studies/{uid}"
    assert served.ask("olga", "DELETE", path, json={}).status_code == 422
    assert served.ask("olga", "DELETE", path, json={"reason": "not a radiograph"}).status_code == 204
    assert served.ask("rita", "GET", path).json()["state"] == "excluded"
    assert served.ask("olga", "DELETE", path, json={"reason": "again"}).status_code == 409


def test_only_a_quarantined_study_is_released_or_deleted(served: House) -> None:
    uid = _sent(served)
    assert (
        served.ask("olga", "POST", f"/api/v1/studies/{uid}/release", json={"reason": "x"}).status_code == 409
    )
    assert served.ask("olga", "DELETE", f"/api/v1/studies/{uid}", json={"reason": "x"}).status_code == 409


def test_a_study_is_taken_on_and_given_back_by_who_may_report(served: House) -> None:
    mine, other = _sent(served, seed=1), _sent(served, seed=2)
    address = f"/api/v1/studies/{mine}/assignment"
    nobodys = {"study_instance_uid": mine, "person": None, "at": None}
    assert served.ask("rita", "GET", address).json() == nobodys
    assert served.ask("anna", "PUT", address, json={}).status_code == 403  # writes no report
    taken = served.ask("rita", "PUT", address, json={}).json()
    assert taken["person"] == "rita"
    assert served.ask("rita", "PUT", address, json={}).json() == taken
    assert served.ask("remy", "PUT", address, json={}).json()["type"] == "urn:overread:problem:conflict"
    assert served.ask("remy", "DELETE", address).status_code == 409

    def own(who: str) -> list[str]:
        rows = served.ask(who, "GET", "/api/v1/studies", params={"assigned": "me"}).json()["items"]
        return [row["study_instance_uid"] for row in rows]

    assert (own("rita"), own("remy")) == ([mine], [])
    assert served.ask("remy", "PUT", address, json={"instead_of": "rita"}).json()["person"] == "remy"
    assert served.ask("remy", "DELETE", address).status_code == 204
    assert served.ask("remy", "DELETE", address).status_code == 204
    assert served.ask("rita", "GET", address).json() == nobodys
    assert served.ask("rita", "PUT", "/api/v1/studies/1.2.3/assignment", json={}).status_code == 404
    assert served.ask("rita", "GET", f"/api/v1/studies/{other}/assignment").json()["person"] is None
