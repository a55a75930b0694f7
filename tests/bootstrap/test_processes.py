"""Children are waited for until they answer, and end together."""

import os
import signal
import sys
from pathlib import Path

import pytest

from bootstrap.processes import Processes, Program, free_port, settings_environment, web
from overread.domain.errors import UnavailableError
from overread.settings.environment import Settings

SERVER = """
import sys, http.server
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
print("listening", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""


def a_server(port: int) -> Program:
    return Program(
        name="server",
        command=[sys.executable, "-c", SERVER, str(port)],
        ready=f"http://127.0.0.1:{port}/",
        seconds=30,
    )


def a_script(text: str, **environment: str) -> Program:
    return Program(name="script", command=[sys.executable, "-c", text], environment=environment)


def test_a_program_is_ready_once_it_answers_and_ends_with_the_others(tmp_path: Path) -> None:
    with Processes(tmp_path / "logs") as processes:
        processes.start(a_server(free_port()))
        child = processes._children["server"]
        assert child.poll() is None
        assert processes.ended() is None
        assert (tmp_path / "logs" / "server.log").read_text() == "listening\n"
    assert child.returncode == 128 + signal.SIGTERM


def test_a_proxy_of_the_environment_is_not_asked_for_our_own_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with Processes(tmp_path) as processes:
        processes.start(a_server(free_port()))


def test_a_program_that_ends_before_it_answers_is_said_with_its_log(tmp_path: Path) -> None:
    broken = Program(
        name="broken",
        command=[sys.executable, "-c", "raise SystemExit(3)"],
        ready=f"http://127.0.0.1:{free_port()}/",
    )
    with (
        Processes(tmp_path) as processes,
        pytest.raises(UnavailableError, match=r"code 3; see .*broken\.log"),
    ):
        processes.start(broken)


def test_a_program_that_never_answers_is_given_up_and_ended(tmp_path: Path) -> None:
    silent = Program(
        name="silent",
        command=[sys.executable, "-c", "import time; time.sleep(60)"],
        ready=f"http://127.0.0.1:{free_port()}/",
        seconds=0.3,
    )
    with Processes(tmp_path) as processes:
        with pytest.raises(UnavailableError, match="did not answer"):
            processes.start(silent)
        assert processes.ended() is None
    assert processes.ended() is None


def test_an_ended_child_is_named_with_its_code(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start(a_script("raise SystemExit(5)"))
        processes._children["script"].wait(30)
        assert processes.ended() == ("script", 5)


def test_a_child_that_will_not_end_is_made_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bootstrap.processes._GRACE", 0.2)
    with Processes(tmp_path) as processes:
        processes.begin(a_script(STUBBORN))
        child = processes._children["script"]
        while "up" not in (tmp_path / "script.log").read_text():
            os.sched_yield()
    assert child.returncode == 128 + signal.SIGKILL


def test_a_child_gets_its_parents_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(data_dir=tmp_path / "d", site="north", language="en", max_waiting=7, task="demo")
    for name, value in settings_environment(settings).items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings
    program = web(settings, host="127.0.0.1", port=8123)
    assert program.ready == "http://127.0.0.1:8123/health/ready"
    assert program.command[1:5] == ["-P", "-m", "cli.main", "serve"]
