"""`python -m bootstrap.tether PARENT COMMAND ...` becomes COMMAND, asked to end by the kernel when PARENT dies.

The kernel watches the thread that started it: start such a child from a thread that lives as long as it should.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2); Linux only, elsewhere a killed parent leaves its children


def tethered(command: list[str]) -> list[str]:
    """Return the command that runs `command` no longer than this process lives."""
    return [sys.executable, "-P", "-m", "bootstrap.tether", str(os.getpid()), *command]


def main(arguments: list[str]) -> None:
    """Tie this process to its parent, and become the command."""
    parent, *command = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit(0)  # it died before the kernel was told
    os.execvp(command[0], command)  # noqa: S606 - commands are our own


if __name__ == "__main__":
    main(sys.argv[1:])
