"""`serve` alone: ready in a fresh folder, ended by one signal, refusing what it cannot serve."""

import shutil
import signal
import socket
import sqlite3

import httpx
import pytest

from bootstrap.processes import free_port
from tests.commands import Overread, Running, gone_within


def ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=10).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_fresh_folder_is_served_without_a_model_and_ends_on_one_signal(
    installed: Overread, number: signal.Signals
) -> None:
    shutil.move(installed.data, installed.folder / "copied")  # a data folder is served wherever it lies
    port = free_port()
    with installed.running("serve", "--port", str(port), OVERREAD_DATA_DIR="copied") as serve:
        serve.wait_until(lambda: ready(port))
        answer = httpx.get(f"http://127.0.0.1:{port}/health/ready").json()
        assert answer["status"] == "ready"
        assert answer["checks"]["inference"] == {"ok": True, "model": None}
        assert f"http://127.0.0.1:{port}" in serve.said
        assert _processor_seconds(serve) < 6  # 2 where nothing else runs
        assert serve.asked_to_end(number) == 0
        gone_within(serve, 10)
        assert len(serve.said.splitlines()) == 1


def _processor_seconds(running: Running) -> float:
    used = [process.cpu_times() for process in running.tree() if process.pid == running.process.pid]
    return sum(times.user + times.system for times in used)


def test_an_old_schema_is_refused_and_the_command_named(installed: Overread) -> None:
    database = sqlite3.connect(installed.data / "overread.db")
    with database:
        database.execute("UPDATE alembic_version SET version_num = '0000'")
    database.close()
    done = installed("serve", "--port", str(free_port()))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "schema is 0000" in line
    assert "run `overread init`" in line


def test_a_port_that_is_taken_is_one_line(installed: Overread) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = installed("serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "--port" in line


def test_a_missing_folder_names_init(overread: Overread) -> None:
    done = overread("serve", "--port", str(free_port()))
    assert done.returncode == 1
    assert "overread init" in done.stderr
    assert done.stdout == ""
