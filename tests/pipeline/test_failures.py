"""What is missing or full is told in one line that says what to do."""

import errno
from pathlib import Path

import pytest

from bootstrap.prefect_here import prefect_here
from bootstrap.processes import free_port
from cli import main
from overread.domain.errors import UnavailableError
from overread.store.objects import Objects
from pipeline.services import PipelineServices, pipeline_services
from tests.pipeline.departments import phantoms, write_collection


def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Run the command as a person does; return its exit code and standard error."""
    monkeypatch.setattr("sys.argv", ["overread", *words])
    with pytest.raises(SystemExit) as ended:
        main.run()
    return int(ended.value.code or 0), capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["train"],
        ["retrain"],
        ["import", "."],
        ["compare", "1", "2"],
        ["monitor"],
        ["dataset", "build"],
        ["dataset", "doubt"],
    ],
)
def test_without_data_every_command_names_the_next_one(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OVERREAD_DATA_DIR", str(tmp_path / "nothing"))
    code, said = told(monkeypatch, capsys, *words)
    assert code == 1
    assert said.strip() == f"overread: there is no data in {tmp_path / 'nothing'}; run `overread init` first"


def test_a_full_disk_is_one_line(
    empty: PipelineServices,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_collection(tmp_path / "in", phantoms(1))

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "objects")

    monkeypatch.setattr(Objects, "put", full)
    monkeypatch.setenv("OVERREAD_DATA_DIR", str(empty.settings.folder))
    code, said = told(monkeypatch, capsys, "import", str(tmp_path / "in"))
    assert code == 1
    (line,) = said.strip().splitlines()
    assert line.startswith("overread: the disk is full: No space left on device (objects)")


def test_an_mlflow_that_is_away_is_said_at_once(empty: PipelineServices) -> None:
    address = f"http://user:word@127.0.0.1:{free_port()}"
    services = pipeline_services(empty.settings.model_copy(update={"mlflow_uri": address}))
    with pytest.raises(
        UnavailableError, match="does not answer; start it, or correct OVERREAD_MLFLOW_URI"
    ) as e:
        _ = services.tracking
    assert "word" not in str(e.value)


def test_a_prefect_that_is_away_is_said_at_once(
    empty: PipelineServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{free_port()}/api")
    with pytest.raises(UnavailableError, match="or unset PREFECT_API_URL"), prefect_here(empty.settings):
        pass


def test_nothing_to_cancel_is_one_line(
    empty: PipelineServices, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OVERREAD_DATA_DIR", str(empty.settings.folder))
    code, said = told(monkeypatch, capsys, "retrain", "--cancel")
    assert (code, said.strip()) == (1, "overread: no retraining runs or waits; there is nothing to cancel")


def test_a_dataset_that_is_not_there_is_one_line(
    empty: PipelineServices, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OVERREAD_DATA_DIR", str(empty.settings.folder))
    assert told(monkeypatch, capsys, "train") == (
        1,
        "overread: there is no dataset yet; run `overread dataset build` first\n",
    )
    code, said = told(monkeypatch, capsys, "dataset", "build")
    assert code == 1
    assert "a dataset needs training studies of both classes" in said
