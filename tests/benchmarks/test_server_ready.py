"""A server's start is timed to its first 200, and one that never comes is told."""

import sys
from functools import partial
from pathlib import Path

import pytest

from benchmarks.server_ready import BARE, scripted, seconds_to_ready


def test_the_smallest_application_is_timed_and_ended(tmp_path: Path) -> None:
    assert 0 < seconds_to_ready(partial(scripted, BARE), tmp_path) < 60


def test_a_server_that_ends_before_it_answers_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="not ready"):
        seconds_to_ready(lambda _port: [sys.executable, "-c", "pass"], tmp_path)
