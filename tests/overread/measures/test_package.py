"""The public names are where the contract says, and are loaded when they are asked for."""

import subprocess
import sys
from importlib import import_module

import pytest

from overread import measures

SCRIPT = """
import sys
import overread.measures
before = {name for name in sys.modules if name.startswith(("overread.measures.", "scipy"))}
overread.measures.wilson(914, 1018)
print(len(before), overread.measures.proportion.__name__)
print("scipy.special" in sys.modules, "scipy.stats" in sys.modules)
"""


def test_every_public_name_is_that_of_its_module() -> None:
    for name in measures.__all__:
        value = getattr(measures, name)
        assert getattr(import_module(value.__module__), name) is value
        assert value.__module__.startswith(("overread.measures.", "overread.domain.estimates"))


def test_public_names_are_listed_once_and_in_order() -> None:
    assert sorted(set(measures.__all__)) == measures.__all__


def test_a_name_that_there_is_not_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'wald'"):
        measures.wald  # type: ignore[attr-defined]  # noqa: B018 - the look itself raises


def test_nothing_is_loaded_before_it_is_asked_for_and_then_only_what_is_needed() -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "overread.measures.proportion", "True", "False"]
