"""One fast demo for all tests of this folder, made by the real command."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bootstrap.processes import Processes, free_port, web
from overread.settings.environment import Settings


@dataclass(frozen=True)
class Played:
    """A finished demo: its folder, what it printed, its summary and its people's tokens."""

    folder: Path
    printed: str
    summary: dict[str, Any]
    tokens: dict[str, str]


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Run `overread demo --fast` in an empty folder."""
    folder = tmp_path_factory.mktemp("demo") / "department"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "cli.main", "demo", "--fast", "--seed", "1", "--dir", str(folder)]
    done = subprocess.run(  # noqa: S603 - our own command
        command, capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return Played(
        folder=folder,
        printed=done.stdout + done.stderr,
        summary=json.loads((folder / "summary.json").read_text(encoding="utf-8")),
        tokens=json.loads((folder / "tokens.json").read_text(encoding="utf-8")),
    )


@pytest.fixture(scope="session")
def reopened(played: Played, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the demo's folder again, moved to another place, and give the address."""
    moved = tmp_path_factory.mktemp("elsewhere") / "moved"
    shutil.copytree(played.folder, moved)
    port = free_port()
    with Processes(moved / "logs") as processes:
        processes.start(web(Settings(data_dir=moved, task="demo"), host="127.0.0.1", port=port))
        yield f"http://127.0.0.1:{port}"
