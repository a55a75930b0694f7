"""The doctor looks at everything, and names what is missing and what to do."""

from datetime import datetime
from pathlib import Path

import pytest

from bootstrap import health
from bootstrap.health import Check, examine
from bootstrap.processes import free_port
from bootstrap.storage import TASK, initialise, open_storage
from overread.domain.identifiers import VersionKey
from overread.settings.environment import Settings
from tests.builders import a_model


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr(health, "_device", lambda _settings: "not asked here: it loads torch")
    return Settings(data_dir=tmp_path / "data")


def found(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in examine(settings)}


def test_a_fresh_installation_is_well(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "ENOUGH_DISK_GIB", 0)
    initialise(settings)
    assert [check for check in examine(settings) if not check.ok] == []


def test_without_data_everything_else_is_still_looked_at(settings: Settings) -> None:
    checks = found(settings)
    assert not checks["database"].ok
    assert "overread init" in checks["database"].said
    assert not checks["keys"].ok
    assert checks["decoders"].ok
    assert checks["settings"].ok


def test_a_database_that_is_away_is_one_line(settings: Settings, tmp_path: Path) -> None:
    url = f"postgresql+psycopg://nobody@/nothing?host={tmp_path}"
    check = found(settings.model_copy(update={"database_url": url}))["database"]
    assert not check.ok
    assert "\n" not in check.said
    assert check.said


def test_keys_that_others_can_read_are_named_with_the_remedy(settings: Settings) -> None:
    initialise(settings)
    settings.secret_path.chmod(0o644)
    assert found(settings)["keys"].said.endswith(f"run: chmod 600 {settings.secret_path}")
    settings.secret_path.chmod(0o600)
    settings.signing_key_path.write_bytes(b"not a key")
    assert not found(settings)["keys"].ok


def test_a_full_disk_says_how_much_is_needed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "ENOUGH_DISK_GIB", 10**9)
    assert "are needed" in found(settings)["disk"].said


def test_a_server_that_does_not_answer_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{port}/api")
    check = found(settings)["prefect"]
    assert check.ok is False
    assert check.said.startswith(f"Prefect at http://127.0.0.1:{port}/api does not answer; start it")


def test_a_missing_package_names_its_extra(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    checks = found(settings)
    assert "overread[train]" in checks["mlflow"].said
    assert "JPEG 2000" in checks["decoders"].said


def test_a_version_in_production_that_nobody_signed_is_named_with_the_remedy(
    settings: Settings, now: datetime
) -> None:
    initialise(settings)
    storage = open_storage(settings)
    with storage.work() as work:
        work.models.add(a_model("1"))
        task, version = work.people.fact(TASK), VersionKey("1")
        work.models.put_in_production(
            task, version, at=now, by=["ruth", "rolf"], reason="promoted", rollback=False
        )
        work.commit()
    storage.engine.dispose()
    check = found(settings)["model"]
    assert not check.ok
    assert "version 1 is not signed" in check.said
    assert "overread init" in check.said
    initialise(settings)
    assert found(settings)["model"].said == "version 1 in production, signed by this site"
