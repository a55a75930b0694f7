"""A folder is counted before anything is decoded, and before there is a data folder."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.overread.imaging.builders import a_radiograph, as_bytes


def test_a_list_counts_a_folder_and_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERREAD_DATA_DIR", str(tmp_path / "data"))
    files = tmp_path / "in"
    files.mkdir()
    (files / "one.dcm").write_bytes(as_bytes(a_radiograph()))
    for number in range(12):
        ds = a_radiograph(SOPClassUID=f"1.2.3.{number}")
        (files / f"{number}.dcm").write_bytes(as_bytes(ds))
    ran = CliRunner().invoke(app, ["import", str(files), "--list", "--json"])
    assert ran.exit_code == 0, ran.output
    counts = json.loads(ran.stdout)
    assert (counts["files"], counts["patients"], counts["studies"]) == (13, 1, 1)
    assert counts["refused"]["SOP class 1.2.3.7 is not taken"] == 1
    shown = CliRunner().invoke(app, ["import", str(files), "--list"])
    assert "MB of DICOM" in shown.stdout
    assert "... and 2 more reasons" in shown.stderr
    assert not (tmp_path / "data").exists()
