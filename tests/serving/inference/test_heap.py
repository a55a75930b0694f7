"""What was freed goes back to the system."""

import sys

import numpy as np
import psutil
import pytest

from serving.inference.heap import give_back

PIECES, BYTES = 1500, 64 * 1024  # smaller than what the C library would return by itself


@pytest.mark.skipif(sys.platform != "linux", reason="the C library of other systems has no such call")
def test_memory_that_was_freed_in_pieces_is_given_back() -> None:
    process = psutil.Process()
    pieces = [np.ones(BYTES, np.uint8) for _ in range(PIECES)]
    kept = pieces[-1]  # lies behind them all: without being asked the library returns nothing
    full = process.memory_info().rss
    del pieces
    give_back()
    assert full - process.memory_info().rss > 0.8 * PIECES * BYTES
    assert kept.all()
