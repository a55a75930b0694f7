"""An installation is made once, whole, and opened only on the schema it needs."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from alembic import command

from bootstrap.credentials import issue_token
from bootstrap.storage import TASK, Storage, initialise, open_storage
from bootstrap.web import web_services
from overread.domain.errors import ConfigurationError, ConflictError
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role, Scope, password_matches, token_digest
from overread.imaging.decoding import Decoder
from overread.settings.environment import Settings
from overread.store.engine import _alembic, newest, open_engine
from overread.studies.intake import SPLIT_SALT


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def test_init_makes_folder_schema_keys_and_the_first_operator(settings: Settings) -> None:
    made = initialise(settings)
    assert (made.created, made.revision, made.operator) == (True, newest(), "operator")
    storage = open_storage(settings)
    with storage.look() as work:
        operator = work.people.find(PersonKey("operator"))
        kept = work.people.password(PersonKey("operator"))
        assert operator is not None
        assert (operator.role, operator.must_change_password) == (Role.OPERATOR, True)
        assert made.password is not None
        assert password_matches(made.password, kept or "")
        assert work.people.fact(TASK) == "cxr-binary"
        assert [row.event.action for row in work.audit.rows()] == ["installation-made"]
    storage.engine.dispose()


def test_init_again_changes_nothing(settings: Settings) -> None:
    initialise(settings)
    storage = open_storage(settings)
    with storage.look() as work:
        salt = work.people.fact(SPLIT_SALT)
    secrets = settings.secret_path.read_bytes(), settings.signing_key_path.read_bytes()
    again = initialise(settings, salt="another")
    assert (again.created, again.operator, again.password) == (False, None, None)
    with storage.look() as work:
        assert work.people.fact(SPLIT_SALT) == salt
        assert len(work.audit.rows()) == 1
    assert secrets == (settings.secret_path.read_bytes(), settings.signing_key_path.read_bytes())
    storage.engine.dispose()


def test_only_the_owner_reads_the_secrets_and_nothing_is_left_beside_them(settings: Settings) -> None:
    initialise(settings)
    for path in (settings.secret_path, settings.signing_key_path):
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.stat().st_size > 0
    names = {path.name for path in settings.folder.iterdir()}
    assert names == {"secret", "signing.key", "overread.db"}


def test_an_init_that_was_killed_is_finished_by_the_next(settings: Settings) -> None:
    """The schema was there, the first operator not yet."""
    settings.folder.mkdir()
    engine = open_engine(settings.database)
    engine.dispose()
    settings.secret_path.write_bytes(b"kept")
    made = initialise(settings)
    assert made.operator == "operator"
    assert settings.secret_path.read_bytes() == b"kept"


def test_without_data_the_command_is_named(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="run `overread init`"):
        open_storage(settings)
    assert not settings.folder.exists()


def test_an_old_schema_is_refused_and_the_command_named(settings: Settings) -> None:
    initialise(settings)
    engine = open_engine(settings.database)
    command.downgrade(_alembic(engine), "base")
    engine.dispose()
    with pytest.raises(ConfigurationError, match=f"this version needs {newest()}; run `overread init`"):
        open_storage(settings)


def test_a_task_nobody_knows_stops_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no task 'unheard-of'"):
        initialise(Settings(data_dir=tmp_path / "data", task="unheard-of"))
    assert not (tmp_path / "data").exists()


def test_a_data_folder_may_be_moved(settings: Settings, tmp_path: Path) -> None:
    initialise(settings)
    storage = open_storage(settings)
    digest = storage.objects.put(b"pixels")
    storage.engine.dispose()
    settings.folder.rename(tmp_path / "moved")
    moved = open_storage(Settings(data_dir=tmp_path / "moved"))
    assert moved.objects.get(digest) == b"pixels"
    with moved.look() as work:
        assert work.people.find(PersonKey("operator")) is not None
    moved.engine.dispose()


def test_the_web_process_takes_task_and_secret_from_the_installation(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", task="demo")
    initialise(settings)
    with Decoder() as decoder:
        services = web_services(Settings(data_dir=tmp_path / "data"), decoder)
        assert services.task.name == "demo"
        assert services.secret == settings.secret_path.read_bytes()
        assert services.now().utcoffset() is not None
    services.storage.engine.dispose()


def test_a_token_is_shown_once_and_its_digest_kept(storage: Storage, now: datetime) -> None:
    token = issue_token(storage, PersonKey("dora"), Role.DEVICE, scope=Scope.SEND, now=now)
    with storage.look() as work:
        kept = work.people.token(token_digest(token))
        assert kept is not None
        assert (kept.person, kept.role, kept.scope) == ("dora", Role.DEVICE, Scope.SEND)
        (row,) = work.audit.rows()
        assert token not in str(row.event)
        person = work.people.find(PersonKey("dora"))
        assert person is not None
        assert not person.must_change_password


def test_two_tokens_of_one_name_are_one_person_with_one_role(storage: Storage, now: datetime) -> None:
    one = issue_token(storage, PersonKey("rita"), Role.READER, now=now)
    other = issue_token(storage, PersonKey("rita"), Role.READER, now=now)
    assert one != other
    with pytest.raises(ConflictError, match="known as reader"):
        issue_token(storage, PersonKey("rita"), Role.SENIOR, now=now)
    with storage.look() as work:
        assert [person.key for person in work.people.all()] == ["rita"]
        assert len({row.event.subject for row in work.audit.rows()}) == 2


def test_a_storage_is_one_value(storage: Storage) -> None:
    assert replace(storage).engine is storage.engine
