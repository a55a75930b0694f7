import time
from typing import Any

import pytest
from pydicom.uid import generate_uid

from overread.domain.audit import AuditRow
from overread.domain.identifiers import StudyUid
from overread.store.unit_of_work import UnitOfWork
from serving.api.instances import preferred_wait
from tests.serving.builders import ClockedServices, a_dicom
from tests.serving.conftest import House, another

JPEG_LL = "1.2.840.10008.1.2.4.57"


def _rows(work: UnitOfWork, subject: str) -> list[AuditRow]:
    return [row for row in work.audit.rows() if row.event.subject == subject]


def test_a_bright_study_is_predicted_within_the_wait(served: House) -> None:
    answer = served.send(a_dicom(bright=True))
    assert answer.status_code == 201, answer.text
    sent = answer.json()
    assert sent["state"] == "predicted"
    assert sent["reasons"] == []
    assert answer.headers["location"] == sent["links"]["study"]
    assert answer.headers["preference-applied"] == "wait=20"
    prediction = sent["prediction"]
    assert prediction["label"] == "has_finding"
    assert prediction["probability"] >= prediction["threshold"]
    assert prediction["heatmap"] == f"/api/v1/studies/{sent['study_instance_uid']}/heatmap.png"
    assert set(prediction["model"]) == {"name", "version", "digest"}
    assert prediction["made_at"].endswith("Z")


def test_without_a_wish_to_wait_the_answer_is_202_and_the_bytes_are_stored(house: House) -> None:
    content = a_dicom()
    answer = house.send(content, wait=None)
    assert answer.status_code == 202
    assert answer.json()["prediction"] is None
    with house.storage.look() as work:
        (instance,) = work.studies.instances_of(StudyUid(answer.json()["study_instance_uid"]))
        assert len(_rows(work, instance.sop_uid)) == 1
    assert house.storage.objects.get(instance.digest) == content


def test_the_same_bytes_again_get_the_same_answer(served: House) -> None:
    content = a_dicom()
    first = served.send(content)
    again = served.send(content)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


def test_the_same_uid_with_other_bytes_is_a_conflict_and_nothing_is_kept(served: House) -> None:
    uid = generate_uid()
    served.send(a_dicom(SOPInstanceUID=uid))
    answer = served.send(a_dicom(SOPInstanceUID=uid, seed=5))
    assert (answer.status_code, answer.json()["code"]) == (409, "other-bytes")


def test_a_child_is_excluded_with_its_reason(served: House) -> None:
    answer = served.send(a_dicom(PatientBirthDate="20200101"))
    assert answer.status_code == 201
    sent = answer.json()
    assert sent["state"] == "excluded"
    assert sent["reasons"][0]["code"] == "R05_AGE"
    path = sent["links"]["prediction"]
    refused = served.ask("rita", "GET", path)
    assert refused.status_code == 409
    assert refused.json()["code"] == "excluded"
    assert refused.json()["reasons"][0]["code"] == "R05_AGE"


def test_without_a_production_model_a_study_waits_screened(house: House) -> None:
    answer = house.send(a_dicom(), wait=2)
    assert answer.status_code == 202
    assert answer.json()["state"] == "screened"


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "malformed"),
        (b"hello", 400, "malformed"),
        (b"\0" * 128 + b"DICM" + b"\xff" * 64, 400, "malformed"),
        (b"{}" * 500, 400, "malformed"),
    ],
)
def test_what_is_not_dicom_is_refused(house: House, content: bytes, status: int, code: str) -> None:
    answer = house.send(content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("tags", "status"),
    [
        ({"Rows": 4000}, 422),
        ({"Rows": 0}, 422),
        ({"PhotometricInterpretation": "RGB"}, 422),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}, 415),
        ({"StudyInstanceUID": None}, 422),
        ({"StudyInstanceUID": "1.2.not-a-uid"}, 422),
        ({"PatientID": "x" * 200}, 422),
    ],
)
@pytest.mark.filterwarnings(
    "ignore::UserWarning"
)  # pydicom warns of the odd values the test asks it to write
def test_what_contradicts_itself_or_is_not_taken_is_refused_and_not_kept(
    house: House, tags: dict[str, Any], status: int
) -> None:
    answer = house.send(a_dicom(**tags))
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    with house.storage.look() as work:
        assert work.studies.all() == []


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", ""])
def test_another_media_type_is_415_before_the_body_is_read(house: House, media_type: str) -> None:
    answer = house.ask(
        "dora", "POST", "/api/v1/instances", content=b"x", headers={"Content-Type": media_type}
    )
    assert answer.status_code == 415


def test_an_upload_over_its_limit_is_413(house: House, services: ClockedServices) -> None:
    begins_well = b"\0" * 128 + b"DICM" + b"\0" * 65_404
    with another(house, services, max_upload_mib=1) as small:
        for content in (begins_well * 40, (begins_well for _ in range(40))):
            answer = small.ask(
                "dora",
                "POST",
                "/api/v1/instances",
                content=content,
                headers={"Content-Type": "application/dicom"},
            )
            assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_a_full_queue_answers_503_but_known_bytes_still_get_their_answer(
    house: House, services: ClockedServices
) -> None:
    known = a_dicom(seed=1)
    assert house.send(known, wait=None).status_code == 202
    with another(house, services, max_waiting=1) as full:
        answer = full.send(a_dicom(seed=2), wait=None)
        assert (answer.status_code, answer.json()["code"]) == (503, "queue-full")
        assert int(answer.headers["retry-after"]) > 0
        assert full.send(known, wait=None).status_code == 200


def test_a_picture_that_cannot_be_decoded_is_quarantined_and_the_next_one_is_predicted(served: House) -> None:
    broken = a_dicom(seed=3).replace(
        b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0"
    )  # RLE, says the header
    answer = served.send(broken)
    assert answer.status_code == 201, answer.text
    sent = answer.json()
    assert sent["state"] == "quarantined"
    assert sent["reasons"][0]["code"] == "UNREADABLE"
    assert served.send(a_dicom(seed=4)).json()["state"] == "predicted"


def test_a_second_image_after_the_answer_changes_only_what_may_train(served: House) -> None:
    study = generate_uid()
    first = served.send(a_dicom(StudyInstanceUID=study)).json()
    second = served.send(a_dicom(StudyInstanceUID=study, seed=9))
    assert second.status_code == 201
    assert second.json()["prediction"] == first["prediction"]
    with served.storage.look() as work:
        assert "R06_IMAGE_COUNT" in work.studies.get(StudyUid(study)).outcomes


def test_a_wait_does_not_keep_other_requests_from_their_answers(house: House) -> None:
    began = time.monotonic()
    assert house.send(a_dicom(), wait=1).status_code == 202
    assert time.monotonic() - began >= 1
    assert house.client.get("/health/live").status_code == 200


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("", 0),
        ("wait=5", 5),
        ("respond-async, wait=10", 10),
        ("wait=9999", 30),
        ('wait="7"', 7),
        ("wait=-1", 0),
        ("wait=abc", 0),
        ("await=5", 0),
    ],
)
def test_the_wish_to_wait_is_read_as_rfc_7240_writes_it(prefer: str, seconds: int) -> None:
    assert preferred_wait(prefer) == seconds


def test_a_program_sees_what_it_sent_and_nothing_else(served: House) -> None:
    links = served.send(a_dicom(), who="dora").json()["links"]
    own = served.ask("dora", "GET", links["study"])
    assert own.status_code == 200
    assert own.json()["report"] is None
    assert served.ask("dora", "GET", links["prediction"]).status_code == 200
    assert served.ask("dirk", "GET", links["study"]).status_code == 404
    assert served.ask("dirk", "GET", links["prediction"]).status_code == 404
