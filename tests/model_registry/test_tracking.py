"""Runs in a real MLflow: found again, failed, swept, moved; and nothing of a person in them."""

import getpass
import json
import shutil
import socket
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from mlflow import MlflowClient

from model_registry.mlflow_environment import ENVIRONMENT, prepare_environment
from model_registry.tracking import (
    LONGEST_DATASET_DIGEST,
    Record,
    Tracking,
    code_version,
    environment,
    repair_paths,
)
from overread.domain.datasets import DatasetVersion
from overread.domain.errors import UnavailableError
from overread.domain.identifiers import Digest


def status(tracking: Tracking, run: str) -> str:
    return str(tracking.client.get_run(run).info.status)


def killed_after(record: Record) -> None:
    record.params({"seed": 1})
    raise KeyboardInterrupt


def test_a_run_keeps_what_it_is_told(tracking: Tracking, now: datetime) -> None:
    with tracking.run("kept", "train", key="kept-1", now=now) as record:
        record.params({"seed": 1, "images.rate": 0.0035})
        record.metrics({"loss": 0.7}, step=1, at=now)
        record.metrics({"loss": 0.5, "undefined": float("nan"), "missing": None}, step=2, at=now)
        record.table("curve.json", [1, 2])
    run = tracking.client.get_run(record.id)
    assert (run.info.status, run.info.run_name) == ("FINISHED", "train")
    assert run.data.params == {"seed": "1", "images.rate": "0.0035"}
    assert run.data.metrics == {"loss": 0.5}
    assert [point.value for point in tracking.client.get_metric_history(record.id, "loss")] == [0.7, 0.5]
    assert [file.path for file in tracking.client.list_artifacts(record.id)] == ["curve.json"]


def test_names_of_slices_become_names_that_mlflow_takes(tracking: Tracking, now: datetime) -> None:
    with tracking.run("kept", "names", key="names", now=now) as record:
        record.metrics({"slice:age>=60:sensitivity": 0.5}, at=now)
    assert tracking.client.get_run(record.id).data.metrics == {"slice:age__60:sensitivity": 0.5}


def test_an_error_marks_its_run_failed(tracking: Tracking, now: datetime) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        tracking.run("failed", "train", key="failed-1", now=now) as record,
    ):
        record.params({"share": 1 / 0})
    assert status(tracking, record.id) == "FAILED"


def test_a_training_taken_up_again_goes_on_in_its_own_run(tracking: Tracking, now: datetime) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        tracking.run("resumed", "train", key="resumed-1", now=now) as first,
    ):
        killed_after(first)
    with tracking.run("resumed", "train", key="resumed-1", now=now) as again:
        again.params({"seed": 1, "late": True})
        assert status(tracking, again.id) == "RUNNING"
    assert again.id == first.id
    assert status(tracking, again.id) == "FINISHED"
    assert tracking.client.get_run(again.id).data.params == {"seed": "1", "late": "True"}


def test_only_silent_runs_are_swept(tracking: Tracking, now: datetime) -> None:
    experiment = tracking.experiment("swept")
    killed = tracking.client.create_run(experiment, int(now.timestamp() * 1000)).info.run_id
    with tracking.run("swept", "train", key="alive", now=now) as alive:
        alive.metrics({"loss": 1.0}, step=1, at=now + timedelta(minutes=50))
        swept = tracking.sweep(now=now + timedelta(hours=1), silent_for=timedelta(minutes=30))
        assert killed in swept
        assert alive.id not in swept
        assert status(tracking, alive.id) == "RUNNING"
    assert status(tracking, killed) == "KILLED"
    assert killed not in tracking.sweep(now=now + timedelta(hours=1), silent_for=timedelta(minutes=30))


def test_a_dataset_leaves_its_fingerprint(tracking: Tracking, now: datetime) -> None:
    digest = Digest("0123456789abcdef" * 4)
    dataset = DatasetVersion(
        version="d1", digest=digest, task="demo", created_at=now, counts={"train.has_finding": 7}
    )
    with tracking.run("datasets", "train", key="datasets", now=now) as record:
        record.dataset(dataset)
    run = tracking.client.get_run(record.id)
    assert run.data.tags["overread.dataset.training.digest"] == digest
    assert run.inputs is not None
    (given,) = run.inputs.dataset_inputs
    assert given.dataset.digest == digest[:LONGEST_DATASET_DIGEST]
    assert json.loads(given.dataset.source)["digest"] == digest


def test_the_artifacts_lie_beside_the_database(
    tracking: Tracking, now: datetime, mlflow_folder: Path
) -> None:
    with tracking.run("placed", "train", key="placed", now=now) as record:
        record.document("note.txt", "here")
    place = mlflow_folder / "mlartifacts" / "placed" / record.id / "artifacts" / "note.txt"
    assert place.read_text() == "here"


def test_no_word_of_host_or_user_is_recorded(tracking: Tracking, now: datetime) -> None:
    with tracking.run("quiet", "train", key="quiet", now=now) as record:
        record.tags(environment())
    said = json.dumps(tracking.client.get_run(record.id).data.to_dictionary()["tags"])
    assert socket.gethostname() not in said
    assert f'"{getpass.getuser()}"' not in said
    assert environment()["mlflow"].startswith("3.")


def test_a_moved_folder_is_used_again_after_repair(
    tracking: Tracking, now: datetime, mlflow_folder: Path, tmp_path: Path
) -> None:
    with tracking.run("moved", "train", key="moved", now=now) as record:
        record.document("note.txt", "still here")
    there = tmp_path / "elsewhere"
    shutil.copytree(mlflow_folder, there)
    shutil.rmtree(mlflow_folder / "mlartifacts" / "moved")
    changed = repair_paths(there / "mlflow.db", there / "mlartifacts")
    assert changed > 0
    assert repair_paths(there / "mlflow.db", there / "mlartifacts") == 0
    moved = MlflowClient(tracking_uri=f"sqlite:///{there / 'mlflow.db'}")
    assert Path(moved.download_artifacts(record.id, "note.txt")).read_text() == "still here"


def test_without_a_database_there_is_nothing_to_repair(tmp_path: Path) -> None:
    assert repair_paths(tmp_path / "mlflow.db", tmp_path / "mlartifacts") == 0


def test_a_server_that_is_away_is_named_without_its_password(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    away = Tracking("http://someone:secret@127.0.0.1:9")
    with pytest.raises(UnavailableError) as refused:
        away.experiment("demo")
    assert "127.0.0.1:9" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_the_code_version_follows_the_code(tmp_path: Path) -> None:
    (tmp_path / "losses.py").write_text("x = 1\n")
    before = code_version(tmp_path)
    assert code_version(tmp_path) == before
    (tmp_path / "losses.py").write_text("x = 2\n")
    assert code_version(tmp_path) != before


def test_telemetry_and_unpickling_are_off_before_mlflow_is_imported() -> None:
    environ = {"PATH": "/bin"}
    prepare_environment(environ)
    assert environ == {"PATH": "/bin", **ENVIRONMENT}
    program = "import sys, model_registry.mlflow_environment; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0  # noqa: S603 - our own words
