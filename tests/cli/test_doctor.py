"""The doctor, as a newcomer calls it."""

import json

import pytest

from tests.commands import Overread

CHECKS = {
    "settings",
    "database",
    "objects",
    "keys",
    "model",
    "mlflow",
    "prefect",
    "device",
    "decoders",
    "disk",
}


@pytest.mark.slow
def test_the_doctor_names_what_is_missing_what_does_not_answer_and_what_to_do(installed: Overread) -> None:
    away = {
        "PREFECT_API_URL": "http://127.0.0.1:1/api",
        "OVERREAD_MLFLOW_URI": "http://me:hidden@127.0.0.1:2",
        "OVERREAD_DATABSE_URL": "sqlite://",
    }
    done = installed("doctor", "--json", **away)
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert set(found) == CHECKS
    wrong = {name for name in CHECKS - {"disk"} if not found[name]["ok"]}
    assert wrong == {"settings", "mlflow", "prefect"}
    assert "OVERREAD_DATABSE_URL" in found["settings"]["said"]
    assert "correct OVERREAD_MLFLOW_URI" in found["mlflow"]["said"]
    assert "correct PREFECT_API_URL" in found["prefect"]["said"]
    assert "hidden" not in done.stdout + done.stderr


@pytest.mark.slow
def test_in_an_empty_folder_the_doctor_names_init(overread: Overread) -> None:
    done = overread("doctor")
    assert done.returncode == 1
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAIL") and " disk " not in line]
    assert {line.split()[1] for line in failed} == {"database", "objects", "keys", "model"}
    assert all("overread init" in line for line in failed)
    assert not overread.data.exists()
