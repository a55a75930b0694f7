"""Fixtures: a unit of work on a SQLite file, or on PostgreSQL where a test asks for it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bootstrap.storage import TASK, Storage
from overread.domain.tasks import Task
from overread.settings.tasks import load_task
from overread.store.engine import Engine, migrate, open_engine
from overread.store.objects import Objects
from overread.store.tables.catalogue import metadata
from overread.store.unit_of_work import UnitOfWork
from overread.studies.intake import SPLIT_SALT
from tests import postgres


@pytest.fixture(scope="session")
def task() -> Task:
    return load_task("cxr-binary")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one SQLite file; each test gets a copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """Start PostgreSQL once; where that cannot be, say so."""
    try:
        with postgres.running() as url:
            yield url
    except postgres.NoServerError as error:
        pytest.skip(f"no PostgreSQL here: {error}")


@pytest.fixture(scope="session")
def postgresql_engine(postgresql_url: str) -> Iterator[Engine]:
    engine = open_engine(postgresql_url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def database() -> str:
    """Name the database of a test; the store's tests take both."""
    return "sqlite"


@pytest.fixture
def engine(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Return an engine on an empty, migrated database."""
    if database == "postgresql":
        engine: Engine = request.getfixturevalue("postgresql_engine")
        yield engine
        with engine.begin() as connection:
            names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
        return
    template: Path = request.getfixturevalue("sqlite_template")
    shutil.copy(template, tmp_path / "overread.db")
    engine = open_engine(f"sqlite:///{tmp_path / 'overread.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def storage(engine: Engine, tmp_path: Path) -> Storage:
    """Return database and objects of an installation that knows its salt and task."""
    storage = Storage(engine=engine, objects=Objects(str(tmp_path / "objects")))
    with storage.work() as work:
        work.people.keep_fact(SPLIT_SALT, "salt")
        work.people.keep_fact(TASK, "cxr-binary")
        work.commit()
    return storage


@pytest.fixture
def work(storage: Storage) -> Iterator[UnitOfWork]:
    """Open a unit of work; what a test does not commit is undone."""
    with storage.work() as work:
        yield work
