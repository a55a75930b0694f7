"""A server killed while a candidate runs in shadow: the next one goes on, and no study is lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from bootstrap.processes import free_port
from bootstrap.storage import TASK, open_storage
from overread.settings.environment import Settings
from tests.commands import Overread, Running, gone_within
from tests.serving.builders import a_dicom, a_version, keep_signing_key, put_in_production

STUDIES = 4


def _with_a_candidate(installed: Overread) -> None:
    """Give the site the tests' key, version 1 in production and version 2 as a candidate."""
    settings = Settings(data_dir=installed.data)
    keep_signing_key(settings.signing_key_path)
    storage = open_storage(settings)
    with storage.look() as work:
        task = str(work.people.fact(TASK))
    put_in_production(storage, task, "1")
    with storage.work() as work:
        work.models.add(a_version(storage.objects, "2", slope=-20.0))
        work.commit()
    storage.engine.dispose()


@contextmanager
def _serving(installed: Overread, token: str) -> Iterator[tuple[Running, httpx.Client]]:
    """Run a server until it has its model, and a client of it."""
    port = free_port()
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, timeout=60
    )
    with client, installed.running("serve", "--port", str(port)) as serve:
        serve.wait_until(lambda: _model(client) == "1")
        yield serve, client


def _model(client: httpx.Client) -> str | None:
    try:
        ready = client.get("/health/ready").json()
    except httpx.HTTPError:
        return None
    model: str | None = ready["checks"]["inference"]["model"]
    return model


def _shadow(client: httpx.Client, shadow: str) -> dict[str, Any]:
    shown: dict[str, Any] = client.get(f"/api/v1/shadows/{shadow}").json()
    return shown


@pytest.mark.slow
def test_a_shadow_goes_on_after_kill_9(installed: Overread) -> None:
    _with_a_candidate(installed)
    token = installed("token", "new", "sue", "--role", "operator").stdout.strip()
    registration = {"candidate": "2", "why": "does it hold", "studies": STUDIES}
    headers = {"Content-Type": "application/dicom", "Prefer": "wait=30"}
    with _serving(installed, token) as (serve, client):
        started = client.post("/api/v1/shadows", json=registration).json()
        for seed in range(STUDIES):
            sent = client.post("/api/v1/instances", content=a_dicom(seed=seed), headers=headers)
            assert sent.status_code == 201, sent.text
        serve.process.kill()
        gone_within(serve, 20)
    with _serving(installed, token) as (serve, client):
        serve.wait_until(lambda: _shadow(client, started["id"])["state"] == "complete", seconds=30)
        progress = _shadow(client, started["id"])["progress"]
    assert progress == {"enrolled": STUDIES, "answered": STUDIES, "failed": 0, "waiting": 0}
