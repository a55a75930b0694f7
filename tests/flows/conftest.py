"""One Prefect server for all tests of this folder, and a tiny department that each test has a copy of."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from bootstrap.processes import (
    Processes,
    free_port,
    prefect_environment,
    prefect_server,
    settings_environment,
)
from flows.slots import ensure_limits
from overread.settings.environment import Settings
from pipeline.services import PipelineServices
from tests.pipeline.conftest import collection, department, imported

__all__ = ["collection", "department", "imported"]


@pytest.fixture(scope="session")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start a server as `overread up` does, and return what a process needs to work with it."""
    settings, port = Settings(data_dir=tmp_path_factory.mktemp("prefect")), free_port()
    with Processes(settings.folder / "logs") as processes:
        server = prefect_server(settings, port=port)
        quick = {"PREFECT_SERVER_CONCURRENCY_MAXIMUM_CONCURRENCY_SLOT_WAIT_SECONDS": "1"}
        processes.start(replace(server, environment={**server.environment, **quick}, seconds=240.0))
        yield prefect_environment(settings, port=port)


class Api:
    """Reads flow runs back over Prefect's own API."""

    def __init__(self, base: str) -> None:
        self._client = httpx.Client(base_url=base, timeout=30, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def runs(self, flow: str) -> list[dict[str, Any]]:
        """Return the runs of a flow, the earliest first."""
        body = {"flows": {"name": {"any_": [flow]}}, "sort": "START_TIME_ASC"}
        found: list[dict[str, Any]] = (
            self._client.post("/flow_runs/filter", json=body).raise_for_status().json()
        )
        return found

    def state(self, run_id: str) -> str:
        return str(self._client.get(f"/flow_runs/{run_id}").raise_for_status().json()["state_type"])


@pytest.fixture
def api(
    prefect: dict[str, str], department: PipelineServices, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Api]:
    """Let flows of this process run on the server and in the department."""
    for name, value in {**prefect, **settings_environment(department.settings)}.items():
        monkeypatch.setenv(name, value)
    with temporary_settings({PREFECT_API_URL: prefect["PREFECT_API_URL"]}):
        ensure_limits()
        client = Api(prefect["PREFECT_API_URL"])
        yield client
        client.close()


def wait_until(holds: Callable[[], bool], *, seconds: float = 120.0) -> None:
    """Look again and again until a condition holds; fail when it does not in time."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.2)  # between two looks, not instead of one


def a_training(folder: Path, *, passes: int) -> str:
    """Return a recipe file of so many passes."""
    tiny = Path(__file__).parents[1] / "pipeline" / "tiny.toml"
    path = folder / "training.toml"
    path.write_text(tiny.read_text().replace("passes = 2", f"passes = {passes}"))
    return str(path)
