"""Searching the archive: read back with pydicom, which knows nothing of us."""

from datetime import UTC, datetime
from typing import Any

import pytest
from httpx2 import Response
from pydicom import Dataset
from pydicom.uid import generate_uid

from overread.domain.identifiers import PersonKey, StudyUid
from overread.domain.studies import Reason
from overread.studies.deletion import delete
from overread.studies.screening import quarantine
from tests.serving.builders import a_dicom
from tests.serving.conftest import House

STUDIES = "/dicomweb/studies"


def datasets(answer: Response) -> list[Dataset]:
    """Return what a search answered, read by pydicom."""
    if answer.status_code == 204:
        return []
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/dicom+json"
    return [Dataset.from_json(each) for each in answer.json()]


def found(house: House, **keys: Any) -> list[Dataset]:
    """Return the studies that a reader finds."""
    return datasets(house.ask("rita", "GET", STUDIES, params=keys))


def names(results: list[Dataset]) -> set[str]:
    return {str(ds.PatientName) for ds in results}


@pytest.fixture
def archive(served: House) -> House:
    """Three studies, sent in order; the last has a second film in a series of its own."""
    for day, (name, number) in enumerate((("Doe^Jane", "P1"), ("Doe^John", "P2"), ("Roe^Jane", "Q1"))):
        served.send(
            a_dicom(
                seed=day,
                PatientName=name,
                PatientID=number,
                StudyDate=f"2024010{day + 1}",
                Modality=("CR", "DX", "CR")[day],
                AccessionNumber=f"A{day}",
            )
        )
    last = found(served, PatientName="Roe*")[0]
    served.send(a_dicom(seed=7, PatientID="Q1", StudyInstanceUID=last.StudyInstanceUID, Modality="DX"))
    return served


def test_studies_are_found_by_what_viewers_ask_for(archive: House) -> None:
    assert [str(ds.PatientName) for ds in found(archive)] == ["Roe^Jane", "Doe^John", "Doe^Jane"]
    assert names(found(archive, PatientName="doe*")) == {"Doe^Jane", "Doe^John"}
    assert names(found(archive, **{"00100010": "*j?ne"})) == {"Doe^Jane", "Roe^Jane"}
    assert names(found(archive, PatientName="Doe")) == set()
    assert names(found(archive, PatientName="Doe_*")) == set()  # no wild card of DICOM's
    assert names(found(archive, PatientID="P2")) == {"Doe^John"}
    assert names(found(archive, PatientID="*1")) == {"Doe^Jane", "Roe^Jane"}
    assert names(found(archive, StudyDate="20240102")) == {"Doe^John"}
    assert names(found(archive, StudyDate="20240102-")) == {"Doe^John", "Roe^Jane"}
    assert names(found(archive, StudyDate="20231231-20240101")) == {"Doe^Jane"}
    assert names(found(archive, ModalitiesInStudy="DX")) == {"Doe^John", "Roe^Jane"}
    assert names(found(archive, ModalitiesInStudy="MG\\CR", PatientID="*1")) == {"Doe^Jane", "Roe^Jane"}
    assert names(found(archive, AccessionNumber="A0")) == {"Doe^Jane"}
    uids = [ds.StudyInstanceUID for ds in found(archive, PatientID="*1")]
    assert len(found(archive, StudyInstanceUID=",".join(uids))) == 2
    assert found(archive, StudyInstanceUID=generate_uid()) == []


def test_a_study_says_what_it_holds_and_where(archive: House) -> None:
    (study,) = found(archive, PatientName="Roe^Jane", includefield="ViewPosition,00080070")
    assert sorted(study.ModalitiesInStudy) == ["CR", "DX"]
    assert (study.NumberOfStudyRelatedSeries, study.NumberOfStudyRelatedInstances) == (2, 2)
    assert (study.ViewPosition, study.Manufacturer) == ("PA", "Acme")
    assert "Manufacturer" not in found(archive)[0]
    assert study.RetrieveURL.endswith(f"/dicomweb/studies/{study.StudyInstanceUID}")

    there = f"{STUDIES}/{study.StudyInstanceUID}"
    series = datasets(archive.ask("rita", "GET", f"{there}/series"))
    assert [(each.Modality, each.NumberOfSeriesRelatedInstances) for each in series] == [("CR", 1), ("DX", 1)]
    (computed,) = datasets(archive.ask("rita", "GET", f"{there}/series", params={"Modality": "CR"}))
    within = f"{there}/series/{computed.SeriesInstanceUID}/instances"
    (instance,) = datasets(archive.ask("rita", "GET", within))
    assert (instance.Rows, instance.SOPClassUID) == (96, "1.2.840.10008.5.1.4.1.1.1")
    everything = datasets(archive.ask("rita", "GET", f"{there}/instances"))
    assert {each.SOPInstanceUID for each in everything} > {instance.SOPInstanceUID}
    assert archive.ask("rita", "GET", f"{there}/series/1.2.3/instances").status_code == 404


@pytest.mark.parametrize("keys", [{}, {"Modality": "*"}])
def test_results_come_in_pages_and_say_that_there_are_more(archive: House, keys: dict[str, str]) -> None:
    seen = []
    for offset in range(4):
        answer = archive.ask("rita", "GET", STUDIES, params={**keys, "limit": 1, "offset": offset})
        seen += [str(ds.PatientName) for ds in datasets(answer)]
        assert ("additional results" in answer.headers.get("warning", "")) is (offset < 2)
    assert seen == ["Roe^Jane", "Doe^John", "Doe^Jane"]


def test_what_cannot_be_understood_or_accepted_is_refused(house: House) -> None:
    for keys in ({"StudyDate": "yesterday"}, {"StudyInstanceUID": "1.2.x"}):
        assert house.ask("rita", "GET", STUDIES, params=keys).status_code == 400
    assert house.ask("rita", "GET", STUDIES, params={"limit": 0}).status_code == 422
    assert house.ask("rita", "GET", STUDIES, params={"NoSuchThing": "1"}).status_code == 204
    answer = house.ask("rita", "GET", STUDIES, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not-acceptable")


def test_a_study_that_is_set_aside_or_deleted_is_not_there(archive: House) -> None:
    excluded = archive.send(a_dicom(seed=9, ViewPosition="LL", PatientName="Poe^Edgar")).json()
    kept, gone = (StudyUid(ds.StudyInstanceUID) for ds in found(archive, PatientName="Doe^J*"))
    now = datetime.now(UTC)
    with archive.storage.work() as work:
        for uid in (kept, gone):
            quarantine(work, uid, (Reason(code="Q01_BURNED_IN_TEXT", text="text"),), now=now)
        delete(work, gone, by=PersonKey("olga"), reason="a test", now=now)
        work.commit()
    assert names(found(archive)) == {"Roe^Jane"}
    for uid in (kept, gone, excluded["study_instance_uid"]):
        for rest in ("", "/metadata", "/series", "/instances"):
            assert archive.ask("olga", "GET", f"{STUDIES}/{uid}{rest}").status_code == 404


def test_a_study_whose_bytes_are_lost_is_left_out_of_the_list_and_said_in_the_log(
    archive: House, caplog: pytest.LogCaptureFixture
) -> None:
    (lost,) = found(archive, PatientID="P2")
    with archive.storage.look() as work:
        (instance,) = work.studies.instances_of(StudyUid(lost.StudyInstanceUID))
    archive.storage.objects.remove(instance.digest)
    assert names(found(archive)) == {"Doe^Jane", "Roe^Jane"}
    assert lost.StudyInstanceUID in caplog.text
    assert "John" not in caplog.text
