"""Child processes of one department: started, waited for until they answer, ended together."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from model_registry.mlflow_environment import ENVIRONMENT
from overread.domain.errors import UnavailableError
from overread.settings.environment import Settings

_PAUSE = 0.1
_GRACE = 15.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """What to start, and the address that answers 200 once it is ready (none: it is ready at once)."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: str | None = None
    seconds: float = 120.0


class Processes:
    """A context manager around children; each writes its own log, all end when it is left."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def start(self, program: Program) -> None:
        """Start a program and wait until it is ready."""
        self.begin(program)
        self.wait_for(program)

    def begin(self, program: Program) -> None:
        """Start a program without waiting for it."""
        with self._log(program).open("ab") as out:
            child = subprocess.Popen(  # noqa: S603 - commands are our own
                list(program.command),
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **program.environment},
                start_new_session=True,
            )
        self._children[program.name] = child

    def wait_for(self, program: Program) -> None:
        """Wait until a program that was begun answers.

        Raises
        ------
        UnavailableError
            It ended, or did not answer in time; the message names its log.
        """
        child, until = self._children[program.name], time.monotonic() + program.seconds
        while program.ready is not None and time.monotonic() < until:
            if child.poll() is not None:
                raise UnavailableError(
                    f"{program.name} ended with code {child.returncode}; see {self._log(program)}"
                )
            if _answers(program.ready):
                return
            time.sleep(_PAUSE)
        if program.ready is not None:
            raise UnavailableError(
                f"{program.name} did not answer within {program.seconds:.0f} s; see {self._log(program)}"
            )

    def _log(self, program: Program) -> Path:
        return self._logs / f"{program.name}.log"

    def ended(self) -> tuple[str, int] | None:
        """Return name and exit code of a child that has ended, if one has."""
        for name, child in self._children.items():
            if (code := child.poll()) is not None:
                return name, code
        return None

    def end(self) -> None:
        """End all children, the latest first: asked, then made to."""
        for child in reversed(self._children.values()):
            _signal(child, signal.SIGTERM)
        until = time.monotonic() + _GRACE
        for child in reversed(self._children.values()):
            try:
                child.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(child, signal.SIGKILL)
                child.wait()
        self._children.clear()


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5.0, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    if child.poll() is None:
        try:
            os.killpg(child.pid, number)
        except ProcessLookupError:
            return


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings_environment(settings: Settings) -> dict[str, str]:
    """Return the environment that gives a child these settings."""
    values = settings.model_dump(exclude_none=True)
    return {
        **ENVIRONMENT,
        **{f"OVERREAD_{name.upper()}": str(value) for name, value in values.items() if str(value)},
    }


def web(settings: Settings, *, host: str, port: int) -> Program:
    """Return the program of the web process."""
    return Program(
        name="serve",
        command=[sys.executable, "-m", "cli.main", "serve", "--host", host, "--port", str(port)],
        environment=settings_environment(settings),
        ready=f"http://127.0.0.1:{port}/health/ready",
    )


def prefect_server(settings: Settings, *, port: int) -> Program:
    """Return the program of a local Prefect server that keeps everything under the data folder."""
    return Program(
        name="prefect",
        command=[
            sys.executable,
            "-m",
            "prefect",
            "server",
            "start",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ],
        environment=prefect_environment(settings, port=port),
        ready=f"http://127.0.0.1:{port}/api/health",
    )


def prefect_environment(settings: Settings, *, port: int) -> dict[str, str]:
    """Return what a process needs to work with that server."""
    home = settings.folder / "prefect"
    return {
        "DO_NOT_TRACK": "1",
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_UI_ENABLED": "true",
    }
