"""The loop over HTTP alone: a study in, an answer, a correction, blinded reads, a label, a model promoted."""

from overread.domain.identifiers import StudyUid
from tests.serving.builders import a_dicom, ask_for
from tests.serving.conftest import House


def test_a_misread_study_becomes_a_label_and_a_better_model_goes_into_production(served: House) -> None:
    sent = served.send(a_dicom(bright=False)).json()
    uid = sent["study_instance_uid"]
    assert sent["prediction"]["label"] == "no_finding"

    said = {"verdict": "disagree", "label": "has_finding", "kind": "missed_finding"}
    said["findings"] = [{"code": "fibrous_strand", "box": [1, 2, 30, 40]}]  # type: ignore[assignment]
    filed = served.ask(
        "rita", "POST", f"/api/v1/studies/{uid}/feedback", json=said, headers={"Idempotency-Key": "k1"}
    )
    assert filed.status_code == 201, filed.text
    case = filed.json()["case"]

    others: list[str] = []
    for who, label in (("remy", "has_finding"), ("rosa", "no_finding"), ("sven", "has_finding")):
        given = served.ask(who, "GET", "/api/v1/adjudication/next").json()
        assert given["case"] == case
        picture = served.ask(who, "GET", given["images"][0]["url"])
        assert picture.headers["content-type"] == "image/png"
        read = served.ask(
            who,
            "POST",
            f"/api/v1/adjudication/{case}/reads",
            json={"label": label, "seconds": 12.5},
            headers={"Idempotency-Key": f"read-{who}"},
        )
        assert read.status_code == 201, read.text
        assert read.json()["state"] == "open"
        others = [other["label"] for other in read.json()["others"] or ()]
    assert others == ["has_finding", "no_finding"]

    decided = served.ask(
        "sven",
        "POST",
        f"/api/v1/adjudication/{case}/resolution",
        json={"label": "has_finding", "findings": [{"code": "fibrous_strand"}], "reason": "seen on both"},
    )
    assert decided.status_code == 201, decided.text
    with served.storage.look() as work:
        (settled,) = work.labels.of_study(StudyUid(uid))
    assert (settled.label, settled.grade, settled.case) == ("has_finding", "adjudicated", case)

    ask_for(served.storage, "2", slope=30.0)
    for who, state in (("ruth", "open"), ("rolf", "promoted")):
        decision = served.ask(
            who,
            "POST",
            "/api/v1/candidates/2/decisions",
            json={"decision": "approve", "reason": "better on strands"},
            headers={"Idempotency-Key": f"decide-{who}"},
        )
        assert decision.status_code == 201, decision.text
        assert decision.json()["state"] == state
    served.app.state.web.slot.follow()
    later = served.send(a_dicom(bright=True)).json()
    assert later["prediction"]["model"]["version"] == "2"

    record = served.ask("anna", "GET", "/api/v1/audit/verify").json()
    assert record["ok"]
    assert record["first_bad"] is None
