"""What every test may ask for: a fixed clock, a seeded generator, and a unit of work on a real database."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec

import numpy as np
import pytest

# The tests of overread.learning also run on a machine that has torch and numpy alone.
pytest_plugins = ["tests.databases"] if find_spec("sqlalchemy") else []


_LONGEST = "tests/e2e/"  # minutes on both cores


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker is left alone with it at the end.

    What waits for schedules and for processes that were killed comes minutes later, with the cores to itself.
    """
    items.sort(key=lambda item: not item.nodeid.startswith(_LONGEST))


@pytest.fixture(autouse=True)
def _subnormal_numbers() -> Iterator[None]:
    """Give the process subnormal numbers back: a training step run inside it flushes them to zero."""
    yield
    if (torch := sys.modules.get("torch")) is not None and hasattr(torch, "set_flush_denormal"):
        torch.set_flush_denormal(False)


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)
