"""Killed at any moment, `init` is finished by the next one and `serve` has kept what it accepted."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count

import httpx
import pytest

from bootstrap.processes import free_port
from tests.commands import Overread, gone_within
from tests.serving.builders import a_dicom

pytestmark = pytest.mark.slow

DICOM = {"Content-Type": "application/dicom"}
SENDERS, ENOUGH = 4, 12


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


def test_studies_that_were_accepted_are_there_after_kill_9_amid_others(installed: Overread) -> None:
    token = installed("token", "new", "sue", "--role", "operator").stdout.strip()
    port, accepted = free_port(), list[str]()
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, timeout=60
    )

    def send(sender: int) -> None:
        """Send one study after the other until nobody answers; several at once share a transaction."""
        for number in count():
            content = a_dicom(seed=SENDERS * number + sender)
            try:
                answer = client.post("/api/v1/instances", content=content, headers=DICOM)
            except httpx.HTTPError:
                return
            assert answer.status_code == 202, answer.text
            accepted.append(answer.json()["study_instance_uid"])

    with client, ThreadPoolExecutor(SENDERS) as pool:
        with installed.running("serve", "--port", str(port)) as serve:
            serve.wait_until(lambda: _alive(client))
            sending = [pool.submit(send, sender) for sender in range(SENDERS)]
            serve.wait_until(lambda: len(accepted) >= ENOUGH)
            serve.process.kill()
            gone_within(serve, 20)  # its decoder too
            for sent in sending:
                sent.result()
        with installed.running("serve", "--port", str(port)) as serve:
            serve.wait_until(lambda: _alive(client))
            for study in accepted:
                serve.wait_until(partial(_screened, client, study))
    assert installed("audit", "verify").returncode == 0


def _alive(client: httpx.Client) -> bool:
    try:
        return client.get("/health/live").status_code == 200
    except httpx.HTTPError:
        return False


def _screened(client: httpx.Client, study: str) -> bool:
    answer = client.get(f"/api/v1/studies/{study}")
    assert answer.status_code == 200, answer.text
    return bool(answer.json()["state"] == "screened")
