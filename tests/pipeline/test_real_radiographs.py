"""The same import, training, serving and feedback on real radiographs; poor numbers are numbers too."""

import csv
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from pydicom.data import get_testdata_file

from bootstrap.credentials import issue_token
from bootstrap.web import web_services
from feedback.datasets import Recipe
from model_registry.evaluation import score
from model_registry.packaging import open_package
from model_registry.parity import packaged
from overread.domain.datasets import Split
from overread.domain.identifiers import PersonKey, VersionKey
from overread.domain.people import Role
from overread.imaging.decoding import Decoder
from overread.imaging.rendering import picture
from overread.learning.calibration import identity
from overread.learning.data import LabelledStudy, Studies, labelled_set
from overread.learning.recipes import read_recipe, recipe_of
from overread.learning.training import train
from pipeline.candidates import Plan, find_recipe, jobs_of, register_candidate
from pipeline.comparing import compare, frozen_test_set, record_of
from pipeline.evaluating import tuning_evaluation
from pipeline.importing import Line, import_collection
from pipeline.retraining import build_dataset
from pipeline.services import PipelineServices
from pipeline.training import run_job
from serving.app import create_app
from tests.pipeline.departments import TINY, an_installation, in_split
from tests.pipeline.real import real_data, rows_of

pytestmark = pytest.mark.slow
LABELS = ("no_finding", "has_finding")


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipelineServices]:
    """An installation that has the NIH images at 512 pixels, imported from a table of the folder form."""
    folder = tmp_path_factory.mktemp("real")
    rows = rows_of("nih512")
    services = an_installation(folder / "data")
    counts = import_collection(services, _table(real_data() / "cxr", folder, rows), "folder")
    assert counts["rejected"] == 0
    assert counts["included"] > 0.8 * len(rows)
    yield services
    services.storage.engine.dispose()


def _table(folder: Path, place: Path, rows: list[dict[str, str]]) -> Path:
    """Write chosen lines as a table, with copies of the images beside it."""
    root = place / "chosen"
    for row in rows:
        copy = root / row["file"]
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((folder / row["file"]).read_bytes())
    with (root / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return root


def test_no_real_patient_is_in_two_splits(hospital: PipelineServices) -> None:
    patients = {split: {study.patient for study in in_split(hospital, split)} for split in Split}
    assert sum(map(len, patients.values())) == len(set().union(*patients.values()))
    assert all(patients.values())
    with hospital.storage.look() as work:
        assert len(work.studies.all()) == len(rows_of("nih512"))


def test_a_few_seconds_of_training_give_numbers_with_limits_and_no_verdict(
    hospital: PipelineServices,
) -> None:
    version = build_dataset(hospital, Recipe(), by="tests")
    (job,) = jobs_of(hospital, [Plan(dataset=version, recipe=str(TINY))])
    candidate = register_candidate(hospital, run_job(hospital.settings, job))
    shown = tuning_evaluation(hospital, candidate)
    auc, beside = shown["auc"], shown["grey_levels_alone"]
    assert isinstance(auc, dict)
    assert isinstance(beside, dict)
    assert 0 <= auc["lower"] < auc["estimate"] < auc["upper"] <= 1  # type: ignore[operator]  # numbers of a JSON record
    assert shown["n_patients"] < shown["n"]  # type: ignore[operator]
    assert isinstance(beside["auc"], dict)
    tested = frozen_test_set(hospital)
    compared = compare(hospital, candidate, by="tests", why="real data")
    assert min(tested.n_positive, tested.n_negative) < 100
    assert compared.verdict == "INCONCLUSIVE"
    assert record_of(hospital, compared.record)["baseline"] is not None


def test_nih_naming_takes_real_files_with_their_follow_ups_as_one_patient(
    empty: PipelineServices, files: Path
) -> None:
    rows = sorted(rows_of("nih64"), key=lambda row: row["patient_id"])[:24]
    header = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position\n"
    lines = []
    for row in rows:
        name = Path(row["file"]).name
        (files / name).write_bytes((real_data() / "cxr" / row["file"]).read_bytes())
        findings = row["findings"].replace(";", "|") or "No Finding"
        lines.append(f"{name},{findings},0,{row['patient_id']},{row['age']},{row['sex']},{row['view']}\n")
    (files / "Data_Entry_2017.csv").write_text(header + "".join(lines))
    counts = import_collection(empty, files, "auto")
    assert counts["rejected"] == 0
    with empty.storage.look() as work:
        assert len({study.patient for study in work.studies.all()}) == len(
            {row["patient_id"] for row in rows}
        )


def test_one_radiograph_at_two_sizes_is_two_studies_of_one_patient(
    empty: PipelineServices, tmp_path: Path
) -> None:
    large = rows_of("nih1024")[:4]
    names = {Path(row["file"]).name for row in large}
    both = large + [row for row in rows_of("nih512") if Path(row["file"]).name in names]
    counts = import_collection(empty, _table(real_data() / "cxr", tmp_path, both), "folder")
    assert counts == {"included": 2 * len(large)}
    with empty.storage.look() as work:
        patients = [study.patient for study in work.studies.all()]
    assert len(set(patients)) == len({row["patient_id"] for row in large})


def test_children_whose_age_nobody_states_do_not_train(empty: PipelineServices, tmp_path: Path) -> None:
    root = _table(real_data() / "cxr", tmp_path, rows_of("kermany224")[:4])
    assert import_collection(empty, root, "folder") == {"excluded": 4}
    with empty.storage.look() as work:
        assert work.studies.all(cohort=True) == []


def test_children_are_excluded_by_their_age(empty: PipelineServices, tmp_path: Path) -> None:
    rows = [row for row in rows_of("kermany224") if row["age"]][:6] or [
        row | {"age": "3"} for row in rows_of("kermany224")[:6]
    ]
    root = _table(real_data() / "cxr", tmp_path, rows)
    lines: list[Line] = []
    import_collection(empty, root, "folder", on_line=lines.append)
    assert {line.outcome for line in lines} == {"excluded"}
    assert all("R05" in line.reason for line in lines)


def test_every_real_dicom_file_has_an_outcome(empty: PipelineServices) -> None:
    folder = real_data() / "dicom"
    lines: list[Line] = []
    counts = import_collection(empty, folder, "dicom", on_line=lines.append)
    there = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    assert sum(counts.values()) == len(there)
    assert all(line.reason for line in lines if line.outcome in {"excluded", "quarantined", "rejected"})
    outcome = {Path(line.path).name: line.outcome for line in lines}
    assert {outcome["RG1_J2KI.dcm"], outcome["gdcm-CR-MONO1-10-chest.dcm"]} == {"included"}
    (twin,) = (line for line in lines if line.path.endswith("siim_rsna_cr_jpeg_baseline.dcm"))
    assert "other bytes" in twin.reason  # Fake_MONOHR1.dcm came first under the same UID
    assert counts["included"] < len(there) / 2  # most of the folder is no chest radiograph


@pytest.mark.parametrize("name", ["RG1_UNCR", "RG1_J2KR", "CR-MONO1-10-chest"])
def test_a_real_chest_radiograph_is_answered_and_disagreed_with(
    hospital: PipelineServices, name: str
) -> None:
    (path,) = sorted((real_data() / "dicom" / "chest_frontal").glob(f"*{name}*"))[:1]
    served_and_answered(hospital, path.read_bytes())


def test_the_chest_radiograph_of_pydicom_is_answered(hospital: PipelineServices) -> None:
    path = get_testdata_file("RG1_UNCI.dcm", download=False)
    if path is None:
        pytest.skip("pydicom-data is not installed, or holds no RG1_UNCI.dcm")
    served_and_answered(hospital, Path(str(path)).read_bytes())


def served_and_answered(services: PipelineServices, content: bytes) -> None:
    """Send a file to the app with a model in production, and file a correction of its answer."""
    _promote(services)
    now = datetime.now(UTC)
    tokens = {
        role: issue_token(services.storage, PersonKey(f"{role}-1"), role, now=now)
        for role in (Role.DEVICE, Role.READER)
    }
    with Decoder() as decoder:
        app = create_app(web_services(services.settings, decoder))
        with TestClient(app) as client:
            sent = client.post(
                "/api/v1/instances",
                content=content,
                headers={
                    "Authorization": f"Bearer {tokens[Role.DEVICE]}",
                    "Content-Type": "application/dicom",
                    "Prefer": "wait=60",
                },
            )
            assert sent.status_code in {200, 201, 202}, sent.text
            answer: dict[str, Any] = sent.json()
            assert answer["state"] == "predicted", answer
            other = {"no_finding": "has_finding", "has_finding": "no_finding"}[answer["prediction"]["label"]]
            kind = "missed_finding" if other == "has_finding" else "false_alarm"
            filed = client.post(
                f"/api/v1/studies/{answer['study_instance_uid']}/feedback",
                json={"verdict": "disagree", "label": other, "kind": kind},
                headers={
                    "Authorization": f"Bearer {tokens[Role.READER]}",
                    "Idempotency-Key": f"real-{answer['study_instance_uid']}"[:60],
                },
            )
            assert filed.status_code == 201, filed.text
            assert filed.json()["case"]


def _promote(services: PipelineServices) -> None:
    """Let the tiny model serve, as if two people had approved it."""
    with services.storage.work() as work:
        models = work.models.all()
    if not models:
        version = build_dataset(services, Recipe(), by="tests")
        (job,) = jobs_of(services, [Plan(dataset=version, recipe=str(TINY))])
        register_candidate(services, run_job(services.settings, job))
    with services.storage.work() as work:
        if work.models.production(services.task.name) is None:
            work.models.put_in_production(
                services.task.name,
                VersionKey("1"),
                at=services.now(),
                by=("ruth", "rolf"),
                reason="for a test",
                rollback=False,
            )
            work.commit()


def test_one_step_of_the_production_training_exports_with_parity_and_answers_a_real_chest() -> None:
    recipe = read_recipe(find_recipe("production"))
    assert (recipe.architecture, recipe.contract.size) == ("resnet152", 512)
    assert recipe.contract.mean == (0.485, 0.456, 0.406)
    augment = recipe.images.augment
    assert min(augment.degrees, augment.scale, augment.shift) > 0
    chosen = [next(row for row in rows_of("nih512") if row["label"] == label) for label in LABELS]
    pictures = np.stack([picture((real_data() / "cxr" / row["file"]).read_bytes(), 512) for row in chosen])
    dataset = labelled_set(("any",), [LabelledStudy(any_finding=0.0), LabelledStudy(any_finding=1.0)])
    one_step = {"images": {"passes": 1, "batch": 2, "rate": 1e-4}, "precision": "float32"}
    table = {"variants": {"step": one_step}, **_as_table()}
    model = train(recipe_of(table, "step"), Studies(pictures, dataset))
    assert len(model.history) == 1
    content, parity = packaged(model, identity(1), name="production", threshold=0.5, pictures=pictures[:1])
    assert parity.probability < 1e-4
    chest = picture((next((real_data() / "dicom" / "chest_frontal").glob("RG1_UNCR*"))).read_bytes(), 512)
    said = score(open_package(content), chest[None])
    assert 0 <= said.probability[0, 0] <= 1


def _as_table() -> dict[str, Any]:
    table = tomllib.loads(find_recipe("production").read_text())
    return {key: value for key, value in table.items() if key != "variants"}
