"""A study is scored again by the model that serves now: both answers stay, the one asked for counts."""

import threading
from typing import Any

from overread.domain.identifiers import StudyUid
from overread.domain.studies import StudyState
from overread.studies.rescoring import RESCORE
from tests.serving.builders import a_dicom, put_in_production
from tests.serving.conftest import House
from tests.serving.pages.builders import sign_in

AGREE = {"verdict": "agree", "label": "has_finding"}


def sent(house: House) -> str:
    return str(house.send(a_dicom(bright=True, seed=1)).json()["study_instance_uid"])


def serve_another(house: House) -> None:
    """Put a model into production that says the opposite of the first."""
    put_in_production(house.storage, house.task, "2", slope=-20.0)
    house.app.state.web.slot.follow()


def answers(house: House, uid: str, *, wanted: int) -> list[dict[str, Any]]:
    """Return the answers on a study once there are so many."""
    for _ in range(500):
        items: list[dict[str, Any]] = house.ask("rita", "GET", f"/api/v1/studies/{uid}/predictions").json()[
            "items"
        ]
        if len(items) >= wanted:
            return items
        threading.Event().wait(0.02)
    raise AssertionError("the study was not scored again")


def test_both_answers_stay_the_one_asked_for_counts_and_feedback_keeps_its_own(served: House) -> None:
    uid = sent(served)
    path = f"/api/v1/studies/{uid}"
    served.ask("rita", "POST", f"{path}/feedback", json=AGREE, headers={"Idempotency-Key": "k"})
    serve_another(served)
    asked = served.ask("rita", "POST", f"{path}/predictions")
    assert (asked.status_code, asked.json()) == (202, {"study_instance_uid": uid, "model_version": "2"})
    first, second = answers(served, uid, wanted=2)
    assert [
        (one["model"]["version"], one["label"], one["counts"], one["asked_by"]) for one in (first, second)
    ] == [
        ("1", "has_finding", False, None),
        ("2", "no_finding", True, "rita"),
    ]
    assert served.ask("rita", "GET", first["heatmap"]).status_code == 200
    assert (
        served.ask("rita", "GET", f"{path}/heatmap.png").status_code == 404
    )  # the answer that counts has none
    assert served.ask("rita", "GET", f"{path}/prediction").json()["model"]["version"] == "2"
    study = served.ask("rita", "GET", path).json()
    assert [(said["verdict"], said["model"]["version"]) for said in study["feedback"]] == [("agree", "1")]
    (row,) = served.ask("rita", "GET", "/api/v1/studies").json()["items"]
    assert (row["label"], row["probability"], row["priority"]) == ("no_finding", second["probability"], 3)
    report = served.ask("rita", "GET", f"{path}/report").json()
    assert (report["version"], report["label"]) == (2, "no_finding")  # nobody had touched the draft
    with served.storage.look() as work:
        asked_rows = [r for r in work.audit.rows(after=0, limit=99) if r.event.action == "answer-asked"]
        first_kept = work.studies.prediction(StudyUid(uid))
    assert [(row.event.by, row.event.study) for row in asked_rows] == [("rita", uid)]
    assert first_kept is not None
    assert first_kept.model_version == "1"  # what is measured goes by what readers saw first


def test_the_page_shows_both_answers_and_asks_for_one_where_the_model_is_new(served: House) -> None:
    uid = sent(served)
    rita = sign_in(served, "rita")
    action = f"/studies/{uid}/predictions"
    assert "Score again" not in rita.get(f"/studies/{uid}").text
    rita.fill(f"/studies/{uid}", f"/studies/{uid}/feedback", {"press": "agree"})
    serve_another(served)
    assert "Score again with model v2" in rita.get(f"/studies/{uid}").text
    assert rita.fill(f"/studies/{uid}", action, {}).status_code == 303
    answers(served, uid, wanted=2)
    page = rita.get(f"/studies/{uid}").text
    assert "Score again" not in page
    assert "further answer" not in page
    assert "further answer has come" in rita.get(f"/studies/{uid}?seen=1").text  # as a page that waits asks
    assert "Model v2" in page
    assert "v1 · " in page
    assert "Agree (of model v1)" in page
    assert 'aria-pressed="true"><svg' not in page.split('class="fb"')[1].split("</form>")[0]


def test_what_cannot_be_scored_again_is_refused_with_its_reason(served: House) -> None:
    uid, lateral = sent(served), served.send(a_dicom(bright=True, seed=2, ViewPosition="LL")).json()
    assert (
        served.ask("rita", "POST", f"/api/v1/studies/{uid}/predictions").json()["code"] == "already-answered"
    )
    serve_another(served)
    there = f"/api/v1/studies/{lateral['study_instance_uid']}/predictions"
    assert served.ask("olga", "POST", there).json()["code"] == "conflict"
    assert served.ask("olga", "POST", "/api/v1/studies/1.2.3/predictions").status_code == 404


def test_a_signed_study_stays_signed_and_what_a_person_wrote_stays_written(served: House) -> None:
    uid = sent(served)
    path = f"/api/v1/studies/{uid}"
    signed = {"status": "signed", "language": "en", "label": "has_finding", "text": {"impression": "Mine."}}
    assert (
        served.ask("remy", "PUT", f"{path}/report", json=signed, headers={"If-Match": "*"}).status_code == 200
    )
    serve_another(served)
    assert served.ask("olga", "POST", f"{path}/predictions").status_code == 202
    answers(served, uid, wanted=2)
    study = served.ask("rita", "GET", path).json()
    assert study["state"] == StudyState.REPORTED
    assert served.ask("rita", "GET", f"{path}/report").json()["text"]["impression"] == "Mine."


def test_a_study_that_cannot_be_scored_again_keeps_its_answer_and_its_state(served: House) -> None:
    uid = sent(served)
    with served.storage.look() as work:
        (instance,) = work.studies.instances_of(StudyUid(uid))
    served.storage.objects.remove(instance.digest)
    serve_another(served)
    served.ask("rita", "POST", f"/api/v1/studies/{uid}/predictions")
    for _ in range(500):
        with served.storage.look() as work:
            if not work.outbox.is_waiting(RESCORE, uid):
                break
        threading.Event().wait(0.02)
    study = served.ask("rita", "GET", f"/api/v1/studies/{uid}").json()
    assert (study["state"], study["prediction"]["model"]["version"]) == ("predicted", "1")
    assert "could not be scored again" in sign_in(served, "rita").get(f"/studies/{uid}?seen=1").text
