"""`up` in an empty folder: everything runs, one signal ends it all, and after kill -9 it starts unaided."""

import re
import signal

import httpx
import pytest

from bootstrap.processes import free_port
from tests.commands import Overread, Running, gone_within

pytestmark = [pytest.mark.slow, pytest.mark.services, pytest.mark.xdist_group("prefect-up")]
DEPLOYMENTS = {"attend", "attest", "collect", "doubt", "drift"}  # `attend` asks for retrainings


def test_up_runs_a_department_and_starts_again_after_kill_9_of_everything(overread: Overread) -> None:
    port = str(free_port())
    with overread.running("up", "--port", port) as up:
        assert _scheduled(up) == DEPLOYMENTS
        assert "one-time password" in up.said
        checks = httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=10).json()["checks"]
        assert checks["prefect"] == {"ok": True}
        assert checks["inference"]["model"] is None
        second = overread("up", "--port", str(free_port()))
        assert second.returncode == 1
        assert "already runs" in second.stderr
        up.kill_all()
    with overread.running("up", "--port", port) as up:
        assert _scheduled(up) == DEPLOYMENTS
        assert "one-time password" not in up.said
        assert len(up.tree()) > len(DEPLOYMENTS)
        assert up.asked_to_end(signal.SIGINT) == 0
        gone_within(up, 5)
        assert up.said.rstrip().endswith("ended")


def test_up_says_which_prefect_does_not_answer(overread: Overread) -> None:
    with overread.running("up", "--port", str(free_port()), PREFECT_API_URL="http://127.0.0.1:1/api") as up:
        assert up.process.wait(60) == 1
        gone_within(up, 5)
        assert "Prefect at http://127.0.0.1:1/api does not answer" in up.said


def _scheduled(up: Running) -> set[str]:
    """Wait for Prefect and return the deployments with a schedule that is on."""
    up.wait_until(lambda: "Ctrl-C ends everything" in up.said, seconds=180)
    found = re.search(r"Prefect +(http://\S+)  ", up.said)
    assert found is not None
    known: set[str] = set()

    def all_there() -> bool:
        answer = httpx.post(f"{found[1]}/api/deployments/filter", json={}, timeout=30).json()
        known.update(one["name"] for one in answer if any(s["active"] for s in one["schedules"]))
        return known >= DEPLOYMENTS

    up.wait_until(all_there)
    return known
