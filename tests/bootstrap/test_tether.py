"""A tethered command ends with its parent, however that dies, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bootstrap.tether import tethered

SLEEPER = "import time; time.sleep(600)"
FAMILY = f"""
import subprocess, sys, time
far = subprocess.Popen([sys.executable, "-c", {SLEEPER!r}], start_new_session=True)
print(far.pid, flush=True)
time.sleep(600)
"""
PARENT = f"""
import subprocess, time
from bootstrap.tether import tethered
import sys
subprocess.Popen(tethered([sys.executable, "-c", {FAMILY!r}], grace=5)).wait()
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux watches the parent")


def gone(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        process.wait(20)
    except (psutil.NoSuchProcess, psutil.TimeoutExpired):
        return not psutil.pid_exists(pid)
    return True


@linux
def test_when_the_parent_is_killed_the_whole_tree_ends() -> None:
    parent = subprocess.Popen(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        far = int(parent.stdout.readline())
        tree = [process.pid for process in psutil.Process(parent.pid).children(recursive=True)]
        parent.kill()
        parent.wait()
        assert far in tree
        assert all(gone(pid) for pid in tree)


@linux
def test_what_a_killed_command_leaves_is_ended() -> None:
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and script
        tethered([sys.executable, "-c", FAMILY], grace=5), stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    with child.stdout:
        far = int(child.stdout.readline())
        (command,) = psutil.Process(child.pid).children()
        command.kill()
        assert child.wait(20) == 128 + signal.SIGKILL
        assert gone(far)


def test_its_exit_code_is_the_commands() -> None:
    command = tethered([sys.executable, "-c", "raise SystemExit(7)"], grace=5)
    assert subprocess.run(command, check=False).returncode == 7  # noqa: S603 - our own interpreter


def test_a_parent_that_is_gone_already_starts_nothing(tmp_path: Path) -> None:
    made = tmp_path / "made"
    command = tethered([sys.executable, "-c", f"open({str(made)!r}, 'w')"], grace=5)
    assert command[4] == str(os.getpid())
    command[4] = "1" if os.getpid() != 1 else "2"
    assert subprocess.run(command, check=False).returncode == 0  # noqa: S603 - our own interpreter
    assert not made.exists()
