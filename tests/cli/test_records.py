"""The change record is verified, handed over, and shows where it was changed."""

import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.commands import Overread


@pytest.fixture(scope="session")
def four_rows(installation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose record has four rows; not to be changed."""
    overread = Overread(tmp_path_factory.mktemp("told"))
    shutil.copytree(installation, overread.data)
    for name in ("ann", "ben", "cai"):
        assert overread("token", "new", name, "--role", "reader").returncode == 0
    return overread.data


@pytest.fixture
def told(overread: Overread, four_rows: Path) -> Overread:
    """An installation whose record has four rows."""
    shutil.copytree(four_rows, overread.data)
    return overread


def tamper(told: Overread, change: str) -> None:
    """Change the database behind the command's back."""
    database = sqlite3.connect(told.data / "overread.db")
    with database:
        database.execute(change)
    database.close()


def test_an_untouched_record_holds_and_can_be_handed_over(told: Overread) -> None:
    state = json.loads(told("audit", "verify", "--json").stdout)
    assert state.pop("signed_head") is None
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
    tamper(told, change)
    done = told("audit", "verify", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["first_bad"] == first_bad
    assert f"row {first_bad} does not fit" in done.stderr


def test_an_export_that_fails_leaves_nothing_half_written(told: Overread) -> None:
    done = told("audit", "export", "nowhere/record.jsonl")
    assert done.returncode == 1
    assert "nowhere" in done.stderr
    assert not list(Path(told.folder).glob("**/*record*"))


def test_a_bundle_is_handed_over_and_checked_without_a_database(told: Overread, tmp_path: Path) -> None:
    exported = told("audit", "export", "record.zip", "--json")
    made = json.loads(exported.stdout)
    assert (made["rows"], made["pdf"]) == (4, [])
    assert "reviewers' reasons" in exported.stderr
    elsewhere = Overread(tmp_path / "elsewhere")
    elsewhere.folder.mkdir()
    bundle = str(shutil.copy(told.folder / "record.zip", elsewhere.folder))
    checked = elsewhere("audit", "verify", bundle)
    assert checked.returncode == 0, checked.stderr
    assert f"signed by the key {made['signed_by']}; ask the site" in checked.stderr
    assert os.listdir(elsewhere.folder) == ["record.zip"]  # noqa: PTH208 - the names are what matters
    pinned = elsewhere("audit", "verify", bundle, "--key", made["signed_by"], "--json")
    state = json.loads(pinned.stdout)
    assert (state["ok"], state["rows"], state["head"]) == (True, 4, made["head"])
    assert (state["withheld"], state["signed_by"], state["expected_key"]) == (3, made["signed_by"], True)
    wrong = elsewhere("audit", "verify", bundle, "--key", "0" * 16, "--json")
    assert wrong.returncode == 1
    assert json.loads(wrong.stdout)["code"] == "bad-bundle"
    assert wrong.stderr.count("\n") == 1


def test_a_cut_record_shows_against_a_signed_head_and_against_a_bundle(told: Overread) -> None:
    assert told("audit", "export", "record.zip").returncode == 0
    state = json.loads(told("audit", "verify", "--against", "record.zip", "--json").stdout)
    assert (state["ok"], state["signed_head"]["seq"]) == (True, 4)
    tamper(told, "DELETE FROM audit WHERE seq = 4")
    cut = told("audit", "verify", "--json")
    assert cut.returncode == 1
    assert "row 4 was signed on" in cut.stderr
    (told.data / "signed-heads.jsonl").unlink()
    assert told("audit", "verify").returncode == 0  # whoever can write the folder hides it here
    cut = told("audit", "verify", "--against", "record.zip")
    assert cut.returncode == 1
    assert "row 4 was handed over in record.zip, and the change record ends at row 3" in cut.stderr


def test_a_pdf_is_printed_where_chromium_is_and_said_to_be_missing_elsewhere(told: Overread) -> None:
    nowhere = told("audit", "export", "record.zip", "--pdf", PATH="/nonexistent")
    assert nowhere.returncode == 0
    assert "no PDF: Chromium is not on this machine" in nowhere.stderr
    if shutil.which("chromium") is None:
        pytest.skip("no Chromium here")
    printed = json.loads(told("audit", "export", "record.zip", "--pdf", "--json").stdout)["pdf"]
    assert printed == ["record.zh.pdf", "record.en.pdf"]
    assert all((told.folder / each).read_bytes().startswith(b"%PDF-") for each in printed)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export", "record.txt"), "FILE.zip"),
        (("export", "record.jsonl", "--model", "1"), "are for a bundle"),
        (("verify", "--key", "0"), "needs a bundle"),
        (("verify", "a.zip", "--against", "b.zip"), "leave the bundle out"),
    ],
)
def test_wrong_use_is_told_with_the_right_one(arguments: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(app, ["audit", *arguments])
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())
