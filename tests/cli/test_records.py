"""The change record is verified, handed over, and shows where it was changed."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.commands import Overread


@pytest.fixture
def told(installed: Overread) -> Overread:
    """An installation whose record has four rows."""
    for name in ("ann", "ben", "cai"):
        assert installed("token", "new", name, "--role", "reader").returncode == 0
    return installed


def test_an_untouched_record_holds_and_can_be_handed_over(told: Overread) -> None:
    state = json.loads(told("audit", "verify", "--json").stdout)
    assert set(state) == {"ok", "rows", "head", "first_bad"}
    assert (state["ok"], state["rows"], state["first_bad"]) == (True, 4, None)
    out = told.folder / "record.jsonl"
    exported = json.loads(told("audit", "export", str(out), "--json").stdout)
    assert (exported["rows"], exported["head"]) == (4, state["head"])
    assert json.loads(told("audit", "verify", str(out), "--json").stdout) == state
    lines = out.read_text().replace("ben", "bob")
    out.write_text(lines)
    changed = told("audit", "verify", str(out), "--json")
    assert changed.returncode == 1
    assert json.loads(changed.stdout)["first_bad"] == 3
    out.write_text(lines + "and more\n")
    assert told("audit", "verify", str(out)).returncode == 1


@pytest.mark.parametrize(
    ("change", "first_bad"),
    [("UPDATE audit SET \"by\" = 'nobody' WHERE seq = 2", 2), ("DELETE FROM audit WHERE seq = 3", 4)],
)
def test_a_changed_database_is_found_out(told: Overread, change: str, first_bad: int) -> None:
    database = sqlite3.connect(told.data / "overread.db")
    for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f"DROP TRIGGER {trigger}")
    with database:
        database.execute(change)
    database.close()
    done = told("audit", "verify", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["first_bad"] == first_bad
    assert f"row {first_bad} does not fit" in done.stderr


def test_an_export_that_fails_leaves_nothing_half_written(told: Overread) -> None:
    done = told("audit", "export", "nowhere/record.jsonl")
    assert done.returncode == 1
    assert "nowhere" in done.stderr
    assert not list(Path(told.folder).glob("**/*record*"))
