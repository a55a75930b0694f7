"""`python -m bootstrap.tether PARENT GRACE COMMAND ...`: a command whose whole tree ends when it should.

It ends when it is asked to (SIGTERM), when COMMAND does, and when PARENT dies, however that dies: COMMAND is
asked and given GRACE seconds, then all it started and left is killed, in sessions of their own too (Prefect
gives each flow run one). The kernel watches the thread that starts it: use one that lives on.
"""

import ctypes
import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import NoReturn

import psutil

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # prctl(2); elsewhere than on Linux we go without
_BY_SIGNAL = 128  # what a shell adds to the signal that ended a command


class _AskedToEnd(BaseException):
    """SIGTERM came, from our parent or because of its death."""


def tethered(command: list[str], *, grace: float) -> list[str]:
    """Return the command that runs `command` no longer than this process lives."""
    return [sys.executable, "-P", "-m", "bootstrap.tether", str(os.getpid()), str(grace), *command]


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code, that of a shell where a signal ended it."""
    parent, grace, *command = arguments
    signal.signal(signal.SIGTERM, _ask)
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        library.prctl(_PR_SET_CHILD_SUBREAPER, 1)  # what our child leaves behind becomes ours
    if os.getppid() != int(parent):
        return 0  # it died before the kernel was told
    try:
        code = _run(command, float(grace))
    finally:
        for left in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                left.kill()
    return code if code >= 0 else _BY_SIGNAL - code


def _run(command: list[str], grace: float) -> int:
    with suppress(_AskedToEnd):
        child = subprocess.Popen(command)  # noqa: S603 - commands are our own
        try:
            return child.wait()
        except _AskedToEnd:
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                return child.wait(grace)  # asked again, it is over at once
    return -signal.SIGKILL


def _ask(_signal: int, _frame: object) -> NoReturn:
    raise _AskedToEnd


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
