"""Child processes of one department: started, waited for until they answer, ended together."""

import fcntl
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from bootstrap.probes import answers
from bootstrap.tether import tethered
from model_registry.mlflow_environment import ENVIRONMENT
from overread.domain.errors import UnavailableError
from overread.settings.environment import Settings

_PAUSE = 0.1
_GRACE = 15.0
_PATIENCE = 5.0


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

    def start(self, program: Program) -> subprocess.Popen[bytes]:
        """Start a program and wait until it is ready."""
        child = self.begin(program)
        self.wait_for(program)
        return child

    def begin(self, program: Program) -> subprocess.Popen[bytes]:
        """Start a program without waiting for it; it ends when this process dies, however it dies."""
        with self._log(program).open("ab") as out:
            child = subprocess.Popen(  # noqa: S603 - commands are our own
                tethered(list(program.command), grace=_GRACE),
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **program.environment},
                start_new_session=True,
            )
        self._children[program.name] = child
        return child

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
            if answers(program.ready, seconds=_PATIENCE):
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
        """End all children and what they started: asked, then made to; on a second Ctrl-C at once."""
        children = list(reversed(self._children.values()))
        self._children.clear()
        try:
            _end(children)
        except KeyboardInterrupt:
            _end(children)


def _end(children: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()  # the schedules talk to Prefect's server while they end
        child.wait()


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def reached_at(host: str) -> str:
    """Return where a server that listens on `host` is reached from this machine, as in an address."""
    known = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - said by somebody else
    return known.get(host, f"[{host}]" if ":" in host else host)


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raise `UnavailableError` that says how to choose another."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UnavailableError(
            f"cannot listen on {host} port {port}: {str(error.strerror).partition(' (')[0]}; "
            "end what listens there, or choose another with --port"
        ) from error


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a data folder as its one department; the system lets go of it however this process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "up.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UnavailableError(f"`overread up` already runs on {folder}") from error
        yield


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
        command=_module("cli.main", "serve", "--host", host, "--port", str(port)),
        environment=settings_environment(settings),
        ready=f"http://{reached_at(host)}:{port}/health/ready",
    )


def schedules(settings: Settings) -> Program:
    """Return the program that keeps the flows' deployments and runs them when they are due."""
    return Program(
        name="schedules", command=_module("flows.deployments"), environment=settings_environment(settings)
    )


def prefect_server(settings: Settings, *, port: int) -> Program:
    """Return the program of a local Prefect server that keeps everything under the data folder."""
    return Program(
        name="prefect",
        command=_module("prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)),
        environment=prefect_environment(settings, port=port),
        ready=f"http://127.0.0.1:{port}/api/health",
    )


def _module(name: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of ours, whatever lies in the folder we are in."""
    return [sys.executable, "-P", "-m", name, *arguments]


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
