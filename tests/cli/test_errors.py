"""An error is one line: what, where, what to do; the exit code says whose it was."""

import errno
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from cli.errors import said
from overread.domain.errors import UnavailableError
from overread.store.engine import open_engine
from tests.commands import Overread


def one_line(done: subprocess.CompletedProcess[str], code: int) -> str:
    assert done.returncode == code, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("overread: ")
    return line


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["nonsense"], "'nonsense'; see `overread --help`"),
        (["serve", "--port", "99999999"], "'--port'"),
        (["user", "add"], "see `overread user add --help`"),
        (["user", "add", "ann", "--role", "king"], "'reader'"),
        (["token", "new", "two words", "--role", "reader"], "without spaces"),
        (["token", "new", "ann", "--role", "reader", "--days", "0"], "--days"),
    ],
)
def test_wrong_use_is_told_in_one_line_with_code_two(
    installed: Overread, words: list[str], named: str
) -> None:
    assert named in one_line(installed(*words), 2)


def test_work_that_failed_names_the_command_that_helps(overread: Overread) -> None:
    assert "run `overread init`" in one_line(overread("audit", "verify"), 1)
    assert not overread.data.exists()


@pytest.mark.parametrize("words", [("--debug", "audit", "verify"), ("audit", "verify", "--debug")])
def test_debug_shows_the_traceback_wherever_it_stands(overread: Overread, words: tuple[str, ...]) -> None:
    done = overread(*words)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("overread: there is no data")


def test_a_folder_that_cannot_be_is_named(overread: Overread) -> None:
    line = one_line(overread("init", OVERREAD_DATA_DIR="/dev/null/data"), 1)
    assert "/dev/null/data" in line


def test_a_file_in_place_of_the_data_folder_is_said_to_be_one(overread: Overread) -> None:
    file = overread.folder / "taken"
    file.write_text("")
    assert "a file stands where a folder" in one_line(overread("init", OVERREAD_DATA_DIR=str(file)), 1)


def test_a_database_that_is_away_is_one_line_without_its_password(overread: Overread) -> None:
    address = "postgresql+psycopg://me:hidden@127.0.0.1:1/nothing"
    line = one_line(overread("audit", "verify", OVERREAD_DATABASE_URL=address), 1)
    assert "overread doctor" in line
    assert "hidden" not in line
    wrong = one_line(overread("audit", "verify", OVERREAD_DATABASE_URL="postgres://me:hidden@x/y"), 1)
    assert "OVERREAD_DATABASE_URL" in wrong
    assert "hidden" not in wrong


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full here")
def test_a_full_disk_is_one_line_with_the_remedy(installed: Overread) -> None:
    line = one_line(installed("audit", "export", "/dev/full"), 1)
    assert "the disk is full" in line
    assert "free some space" in line


def test_a_full_disk_is_recognised_under_our_own_errors() -> None:
    error = UnavailableError("the object store does not take data")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert said(error) == (
        "the object store does not take data; free some space and run the same command again; nothing is lost"
    )


def test_a_folder_that_is_not_ours_to_write_names_the_setting() -> None:
    assert "OVERREAD_DATA_DIR" in said(PermissionError(errno.EACCES, "Permission denied", "/data"))


def test_an_error_nobody_expected_is_still_one_line() -> None:
    assert said(TypeError("odd")) == "TypeError: odd; --debug shows where"


def test_a_failing_statement_shows_no_patient(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'one.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE people (name TEXT UNIQUE)"))
        connection.execute(text("INSERT INTO people VALUES (:name)"), {"name": "Doe^Jane"})
        with pytest.raises(IntegrityError) as failed:
            connection.execute(text("INSERT INTO people VALUES (:name)"), {"name": "Doe^Jane"})
    engine.dispose()
    assert "Doe" not in str(failed.value)
    assert "Doe" not in said(failed.value)
