"""Every benchmark can be run by its name, asks one question, and its failure is told at the end."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import NAMES

_ROOT = Path(__file__).parents[2]


def test_every_script_that_keeps_rows_is_run_by_make_bench() -> None:
    scripts = (_ROOT / "benchmarks").glob("[a-z]*.py")
    keeping = {file.stem for file in scripts if " tell(" in file.read_text(encoding="utf-8")}
    assert keeping - {"recording"} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_script_opens_with_its_question_and_can_be_started(name: str) -> None:
    script = importlib.import_module(f"benchmarks.{name}")
    assert (script.__doc__ or "").startswith("Seconds ")
    assert callable(script.main)


def test_an_unknown_name_is_wrong_use() -> None:
    command = [sys.executable, "-m", "benchmarks", "no_such_name"]
    ended = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert ended.returncode == 2
    assert "heatmap_latency" in ended.stderr
