"""Settings: from arguments, environment and file, in that order; a wrong one is named."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from overread.settings.environment import Settings


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder without settings of this machine."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"OVERREAD_{name.upper()}", raising=False)
    return tmp_path


def test_the_defaults_are_those_of_the_interface(tmp_path: Path) -> None:
    settings = Settings()
    assert settings.folder == tmp_path / "overread-data"
    assert settings.database == f"sqlite:///{settings.folder}/overread.db"
    assert settings.objects == f"{settings.folder}/objects"
    assert settings.mlflow == f"sqlite:///{settings.folder}/mlflow.db"
    assert settings.secret_path == settings.folder / "secret"
    assert settings.signing_key_path == settings.folder / "signing.key"
    assert (settings.max_upload_mib, settings.max_waiting, settings.requests_per_minute) == (256, 1000, 6000)
    assert (settings.session_minutes, settings.device, settings.site) == (720, "auto", "default")
    assert settings.language == "zh"
    assert settings.inference_threads >= 1


def test_an_argument_beats_the_environment_and_that_the_file(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / "overread.toml").write_text('site = "file"\nlanguage = "en"\nmax_waiting = 7\n')
    monkeypatch.setenv("OVERREAD_SITE", "environment")
    monkeypatch.setenv("OVERREAD_MAX_WAITING", "8")
    settings = Settings(max_waiting=9)
    assert (settings.language, settings.site, settings.max_waiting) == ("en", "environment", 9)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_WAITING", "0"),
        ("INFERENCE_THREADS", "0"),
        ("TRAINING_PROCESSES", "0"),
        ("DEVICE", "tpu"),
        ("DEVICE", "cuda:x"),
        ("SITE", "a b"),
        ("LANGUAGE", "de"),
        ("TIMEZONE", "Asia/Nowhere"),
        ("TASK", "../secret"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"OVERREAD_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(Settings(), "site", "another")  # noqa: B010 - mypy knows that this cannot be


def test_every_setting_says_what_it_means() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_a_time_zone_is_taken_by_its_name() -> None:
    assert Settings(timezone="Asia/Shanghai").timezone == "Asia/Shanghai"
