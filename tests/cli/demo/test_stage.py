"""Who acts beside the story is waited for, unless the story fails."""

import threading
from concurrent.futures import Future

import pytest

from cli.demo.stage import beside
from overread.domain.errors import EvidenceError


def test_a_story_that_fails_waits_for_nobody() -> None:
    over, waiting = threading.Event(), list[Future[bool]]()

    def fail() -> None:
        with beside() as others:
            waiting.append(others.submit(over.wait, 30))
            raise EvidenceError("the first model did not reach the floors")

    with pytest.raises(EvidenceError):
        fail()
    assert not waiting[0].done()
    over.set()
    assert waiting[0].result(timeout=10)


def test_a_story_that_goes_well_waits_for_everybody() -> None:
    over = threading.Event()
    with beside() as others:
        waiting = others.submit(over.wait, 30)
        over.set()
    assert waiting.done()
