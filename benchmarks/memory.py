"""How much memory processes hold together: their proportional set size, each shared page counted once."""

from collections.abc import Iterable

import psutil


def tree(process: psutil.Process) -> list[psutil.Process]:
    """Return a process and all that it started, as far as they still run."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return [process]


def held(processes: Iterable[psutil.Process]) -> int:
    """Return the bytes that processes hold together."""
    total = 0
    for process in processes:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue  # it has ended since
    return total
