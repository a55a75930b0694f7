"""What a newcomer is shown first."""

import subprocess
import sys

import pytest
import typer

from cli.main import TASKS, app
from tests.commands import Overread

HEAVY = """
import resource, sys
from cli.main import app
from typer.main import get_command
names = [[], *([name] for name in get_command(app).commands)]
for words in names:
    app([*words, "--help"], prog_name="overread", standalone_mode=False)
heavy = {"torch", "mlflow", "prefect", "numpy", "pydicom", "sqlalchemy", "fastapi", "pydantic_settings"}
print("LOADED", *sorted(heavy & set(sys.modules)), file=sys.stderr)
print(resource.getrusage(resource.RUSAGE_SELF).ru_utime, file=sys.stderr)
"""


def test_commands_are_listed_by_task_each_with_a_whole_sentence(overread: Overread) -> None:
    done = overread("--help", COLUMNS="100")
    assert done.returncode == 0
    assert done.stderr == ""
    for title, names in TASKS.items():
        assert f"{title}:" in done.stdout
        assert all(f"\n  {name} " in done.stdout for name in names)
    assert "Other:" not in done.stdout
    assert "..." not in done.stdout.partition("\n")[2]


def test_every_task_names_commands_that_there_are_and_none_is_left_out() -> None:
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # it is a group
    named = [name for names in TASKS.values() for name in names]
    assert sorted(named) == sorted(known)


def test_help_is_quick_and_loads_nothing_heavy(overread: Overread) -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", HEAVY], env=overread.environment(), capture_output=True, text=True, check=True
    )
    loaded, seconds = done.stderr.splitlines()
    assert loaded == "LOADED"
    assert float(seconds) < 2  # 0.2 where nothing else runs


@pytest.mark.parametrize("words", [(), ("user",)])
def test_without_a_command_the_help_is_shown_and_use_was_wrong(
    overread: Overread, words: tuple[str, ...]
) -> None:
    done = overread(*words)
    assert done.returncode == 2
    assert done.stdout + done.stderr != ""
    assert "Usage: overread" in done.stderr
