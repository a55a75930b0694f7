"""The real `overread` command for tests, in a folder and a home of its own."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

MARK = "TEST_PROCESS_TREE"
PATIENCE = 120.0
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Overread:
    """A newcomer's shell: nothing set, an empty home, `folder` to work in."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """The data folder of the defaults."""
        return self.folder / "overread-data"

    def environment(self, **more: str) -> dict[str, str]:
        """Return what a command sees."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("OVERREAD_", "PREFECT_", "MLFLOW_"))}
        own = {"HOME": str(self.folder), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        return {**kept, **own, **self.settings, **more}

    def __call__(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-P", "-m", "cli.main", *arguments],
            cwd=self.folder,
            env=self.environment(**settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    @contextmanager
    def running(self, *arguments: str, **settings: str) -> Iterator["Running"]:
        """Run a command in the background; whatever is left of it in the end is killed."""
        mark = uuid4().hex
        said = self.folder / f"{mark}.txt"
        with said.open("w") as out:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-P", "-m", "cli.main", *arguments],
                cwd=self.folder,
                env=self.environment(**{MARK: mark}, **settings),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        running = Running(process, mark, said)
        try:
            yield running
        finally:
            running.kill_all()


@dataclass(frozen=True)
class Running:
    """A command in the background and all that it started."""

    process: subprocess.Popen[bytes]
    mark: str
    _said: Path

    @property
    def said(self) -> str:
        """What it has printed."""
        return self._said.read_text()

    def tree(self) -> list[psutil.Process]:
        """Return every living process that descends from it, orphans too."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get(MARK) == self.mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def wait_until(self, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Wait until something holds, while the command runs."""
        until = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < until, self.said
            time.sleep(0.05)

    def asked_to_end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def kill_all(self) -> None:
        """Kill -9 the whole tree at once."""
        for process in self.tree():
            with suppress(psutil.Error):
                process.kill()
        self.process.wait()
        gone_within(self, 10)


def gone_within(running: Running, seconds: float) -> None:
    """Wait until nothing of a command is left; fail, naming what is, when it takes too long."""
    until = time.monotonic() + seconds
    while left := running.tree():
        assert time.monotonic() < until, [process.cmdline() for process in left]
        time.sleep(0.1)


@pytest.fixture
def overread(tmp_path: Path) -> Overread:
    return Overread(tmp_path)


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one data folder with the real command; each test gets a copy."""
    overread = Overread(tmp_path_factory.mktemp("installation"))
    assert overread("init").returncode == 0
    return overread.data


@pytest.fixture
def installed(overread: Overread, installation: Path) -> Overread:
    """Return a command whose data folder is made."""
    shutil.copytree(installation, overread.data)
    return overread
