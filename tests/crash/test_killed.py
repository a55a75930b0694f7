"""Killed at any moment, `init` is finished by the next one and `serve` has kept what it accepted."""

import shutil
import time

import httpx
import pytest

from bootstrap.processes import free_port
from tests.commands import Overread, gone_within
from tests.serving.builders import a_dicom

pytestmark = pytest.mark.slow


def test_an_init_killed_at_any_moment_is_finished_by_the_next(overread: Overread) -> None:
    began = time.monotonic()
    assert overread("init").returncode == 0
    whole = time.monotonic() - began
    for share in (0.5, 0.7, 0.8, 0.9, 0.95):
        shutil.rmtree(overread.data)
        with overread.running("init") as init:
            until = time.monotonic() + share * whole
            while time.monotonic() < until and init.process.poll() is None:
                time.sleep(0.005)
            init.kill_all()
        done = overread("init", "--json")
        assert done.returncode == 0, done.stderr
        assert overread("audit", "verify").returncode == 0


def test_a_study_that_was_accepted_is_there_after_kill_9(installed: Overread) -> None:
    token = installed("token", "new", "sue", "--role", "operator").stdout.strip()
    port = free_port()
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, timeout=60
    )
    with client:
        with installed.running("serve", "--port", str(port)) as serve:
            serve.wait_until(lambda: _alive(client))
            answer = client.post(
                "/api/v1/instances", content=a_dicom(), headers={"Content-Type": "application/dicom"}
            )
            assert answer.status_code == 202, answer.text
            serve.process.kill()
            gone_within(serve, 20)  # its decoder too
        with installed.running("serve", "--port", str(port)) as serve:
            serve.wait_until(lambda: _alive(client))
            study = f"/api/v1/studies/{answer.json()['study_instance_uid']}"
            serve.wait_until(lambda: client.get(study).json()["state"] == "screened", seconds=30)


def _alive(client: httpx.Client) -> bool:
    try:
        return client.get("/health/live").status_code == 200
    except httpx.HTTPError:
        return False
