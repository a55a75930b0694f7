"""A real server, eight clients, and the production model changed under them: no request fails."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn

from bootstrap.processes import free_port
from overread.domain.findings import Label
from overread.imaging.resizing import squared
from serving.app import create_app
from tests.serving.builders import SIZE, ClockedServices, a_dicom, a_picture, ask_for, put_in_production
from tests.serving.conftest import Site

CLIENTS = 8
SLOPES = {"1": 20.0, "2": 30.0}


@dataclass(frozen=True, kw_only=True)
class Served:
    address: str
    tokens: dict[str, str]

    def ask(self, who: str, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} | more.pop("headers", {})
        return httpx.request(method, self.address + path, headers=headers, timeout=60, **more)


@pytest.fixture
def server(services: ClockedServices, site: Site) -> Iterator[Served]:
    put_in_production(services.storage, services.task.name, "1", slope=SLOPES["1"])
    ask_for(services.storage, "2", slope=SLOPES["2"])
    port = free_port()
    config = uvicorn.Config(create_app(services), host="127.0.0.1", port=port, log_level="warning", ws="none")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    _until(lambda: running.started)
    yield Served(address=f"http://127.0.0.1:{port}", tokens=site.tokens)
    running.should_exit = True
    thread.join()


def _until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < ends
        threading.Event().wait(0.02)


class _Department:
    """Eight clients that send without a pause until they are told to stop."""

    def __init__(self, server: Served) -> None:
        self._server = server
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.answers: list[tuple[int, int, dict[str, Any]]] = []

    def __enter__(self) -> "_Department":
        self._pool = ThreadPoolExecutor(CLIENTS)
        self._running = [self._pool.submit(self._client, number) for number in range(CLIENTS)]
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        self._pool.shutdown()
        for client in self._running:
            client.result()

    def _client(self, number: int) -> None:
        headers = {"Content-Type": "application/dicom", "Prefer": "wait=30"}
        while not self._stop.is_set():
            seed = number * 100_000 + len(self.answers)
            answer = self._server.ask(
                "dora", "POST", "/api/v1/instances", content=a_dicom(seed=seed % 7), headers=headers
            )
            with self._lock:
                self.answers.append((seed % 7, answer.status_code, answer.json()))

    def count(self, version: str) -> int:
        with self._lock:
            return sum(a["prediction"]["model"]["version"] == version for _, s, a in self.answers if s == 201)


def _expected(seed: int, version: str) -> float:
    mean = float(squared(a_picture(bright=True, seed=seed), SIZE).mean()) / 255
    return float(1 / (1 + np.exp(-SLOPES[version] * (mean - 0.5))))


@pytest.mark.slow
def test_across_a_promotion_and_a_rollback_every_prediction_names_the_one_version_that_made_it(
    server: Served,
) -> None:
    with _Department(server) as department:
        _until(lambda: department.count("1") >= 70)
        for who in ("ruth", "rolf"):
            decided = server.ask(
                who,
                "POST",
                "/api/v1/candidates/2/decisions",
                json={"decision": "approve", "reason": "better"},
                headers={"Idempotency-Key": who},
            )
            assert decided.status_code == 201, decided.text
        _until(lambda: department.count("2") >= 70)
        before = department.count("1")
        back = server.ask("olga", "POST", "/api/v1/models/rollback")
        assert back.status_code == 200, back.text
        _until(lambda: department.count("1") >= before + 70)
    answers = department.answers
    assert len(answers) >= 200
    assert {status for _, status, _ in answers} == {201}
    for seed, _, answer in answers:
        prediction = answer["prediction"]
        version = prediction["model"]["version"]
        assert prediction["probability"] == pytest.approx(_expected(seed, version), abs=0.01)
        assert prediction["label"] == Label.HAS_FINDING
    assert back.json()["seconds"] < 60
