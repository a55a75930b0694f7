"""Seconds from the start of `overread serve` to its first 200 of /health/ready, and those of two peers.

The peers are the smallest FastAPI application, and the same once it imports torch and MLflow, as a service
that predicts by itself does. Each is a whole process, started on files the system has read before.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks.recording import rounds, row, tell
from bootstrap.probes import answers
from bootstrap.processes import free_port
from bootstrap.storage import initialise
from overread.settings.environment import Settings

BARE = """
import sys, uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.get("/health/ready")
def ready() -> dict[str, str]:
    return {"status": "ready"}
uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
"""
LOADED = "import mlflow, torch\n" + BARE
AGAINST_BARE = 0.33  # 1 s where the bare application takes 0.33 s
AGAINST_LOADED = 2.2  # and the loaded one 2.2 s
LONGEST = 120.0
_PAUSE = 0.005


def seconds_to_ready(command: Callable[[int], Sequence[str]], folder: Path) -> float:
    """Start a server in `folder` and return the seconds to its first 200."""
    port = free_port()
    environment = {**os.environ, "OVERREAD_DATA_DIR": str(folder)}
    began = time.perf_counter()
    child = subprocess.Popen(command(port), env=environment, stdout=subprocess.DEVNULL)  # noqa: S603 - of this file
    try:
        while not answers(f"http://127.0.0.1:{port}/health/ready", seconds=LONGEST):
            if child.poll() is not None or time.perf_counter() - began > LONGEST:
                raise RuntimeError("the server was not ready; what it said is above")
            time.sleep(_PAUSE)
        return time.perf_counter() - began
    finally:
        child.terminate()
        child.wait()


def served(port: int) -> list[str]:
    """Return the command of our server."""
    return [sys.executable, "-m", "cli.main", "serve", "--port", str(port)]


def scripted(script: str, port: int) -> list[str]:
    """Return the command of a peer."""
    return [sys.executable, "-c", script, str(port)]


def main() -> None:
    """Measure, print and keep the two rows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        initialise(Settings(data_dir=folder))
        commands = (served, partial(scripted, BARE), partial(scripted, LOADED))
        ours, bare, loaded = rounds([partial(seconds_to_ready, command, folder) for command in commands])
    rows = [
        row("server ready / bare FastAPI", ours, bare, target=AGAINST_BARE),
        row("server ready / FastAPI with torch and MLflow", ours, loaded, target=AGAINST_LOADED),
    ]
    tell(rows, ("fastapi", "uvicorn", "sqlalchemy", "numpy", "torch", "mlflow"))


if __name__ == "__main__":
    main()
