"""Memory that was freed and is still held: the C library keeps it for later, the system gets it back here."""

import ctypes
import sys


def give_back() -> None:
    """Return freed memory to the system; where the C library knows no such call, nothing happens.

    Loading ResNet152 leaves 300 MB of it (benchmarks/serving_memory.py).
    """
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)
