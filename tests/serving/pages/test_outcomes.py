"""One's own corrections on the account page and as a file: the chain, in words and in the site's zone."""

import csv
import io
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bootstrap.clock import utc_now
from feedback.datasets import DatasetRow, Gathered, Recipe, keep
from overread.domain.adjudication import Grade
from overread.domain.datasets import DatasetVersion, Split
from overread.domain.findings import Label
from overread.domain.identifiers import PatientKey, PersonKey, StudyUid
from tests.serving.builders import ClockedServices, a_dicom, a_version
from tests.serving.conftest import House, another
from tests.serving.pages.builders import sign_in

COMMENT = '=HYPERLINK("http://elsewhere.example")'


@pytest.fixture
def study(served: House) -> str:
    """A study that rita corrected and two others read."""
    uid = str(served.send(a_dicom(bright=False, seed=2)).json()["study_instance_uid"])
    said = {
        "verdict": "disagree",
        "label": "has_finding",
        "kind": "missed_finding",
        "comment": COMMENT,
    }
    filed = served.ask(
        "rita", "POST", f"/api/v1/studies/{uid}/feedback", json=said, headers={"Idempotency-Key": "k"}
    )
    assert filed.status_code == 201
    for who in ("remy", "rosa"):
        case = served.ask(who, "GET", "/api/v1/adjudication/next").json()["case"]
        read = served.ask(
            who,
            "POST",
            f"/api/v1/adjudication/{case}/reads",
            json={"label": "has_finding"},
            headers={"Idempotency-Key": who},
        )
        assert read.status_code == 201, read.text
    return uid


def learned(house: House, study: str) -> DatasetVersion:
    """Freeze a dataset that holds the correction, and let a model of it serve."""
    row = DatasetRow(
        study=StudyUid(study),
        patient=PatientKey("patient-1"),
        split=Split.TRAIN,
        label=Label.HAS_FINDING,
        grade=Grade.DOUBLE,
        correction=True,
        complete=True,
    )
    gathered = Gathered(task=house.task, recipe=Recipe(), rows=(row,), leaks=())
    with house.storage.work() as work:
        dataset = keep(work, house.storage.objects, gathered, by="olga", now=utc_now())
        made = a_version(house.storage.objects, "2")
        model = replace(made, lineage=replace(made.lineage, dataset_version=dataset.version))
        work.models.add(model)
        work.models.put_in_production(
            house.task, model.version, at=utc_now(), by=("ruth", "rolf"), reason="promoted", rollback=False
        )
        work.commit()
    return dataset


def test_the_account_shows_each_correction_down_to_the_model_that_serves(house: House, study: str) -> None:
    rita = sign_in(house, "rita")
    settled = rita.get("/account").text
    assert f'<a href="/studies/{study}">missed finding</a>' in settled
    for words in ("accepted", "in no dataset"):
        assert words in settled
    dataset = learned(house, study)
    page = rita.get("/account").text
    assert f"in {dataset.version[:8]}, training" in page
    assert "v2 · in production" in page
    assert study not in sign_in(house, "remy").get("/account").text


def test_the_file_holds_the_chain_in_the_sites_zone_and_no_formula(
    house: House, services: ClockedServices, study: str
) -> None:
    dataset = learned(house, study)
    with another(house, services, timezone="Asia/Shanghai") as there:
        answer = sign_in(there, "rita").get("/account/corrections.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="my-corrections.csv"'
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert row["Study"] == study
    assert row["My comment"] == "'" + COMMENT
    assert (row["My result"], row["The model's result"]) == ("Finding", "No finding")
    assert (row["Claim"], row["Settled label"], row["Data"]) == ("accepted", "Finding", dataset.version)
    assert (row["Used for"], row["Model"], row["Serves now"]) == ("training", "2", "yes")
    with house.storage.look() as work:
        (said,) = work.corrections.latest_by(PersonKey("rita"))
    written = datetime.strptime(row["When (Asia/Shanghai)"], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - given next
    assert written.replace(tzinfo=ZoneInfo("Asia/Shanghai")) == said.at.replace(microsecond=0)


def test_the_file_waits_for_a_password_of_ones_own(house: House) -> None:
    rita = sign_in(house, "rita", language="zh")
    header = rita.get("/account/corrections.csv").content.decode("utf-8-sig")
    assert header.startswith('"时间')
    with house.storage.work() as work:
        digest = str(work.people.password(PersonKey("rita")))
        work.people.give_password(PersonKey("rita"), digest, until=utc_now() + timedelta(days=1))
        work.commit()
    assert rita.get("/account/corrections.csv").headers["location"] == "/account#password"
