"""A unit of work, objects and an MLflow of their own for these tests."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from model_registry.mlflow_environment import prepare_environment
from overread.store.engine import migrate, open_engine
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork

prepare_environment(os.environ)
from model_registry.tracking import Tracking  # noqa: E402 - MLflow reads its environment when it is imported

NOW = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An empty database, migrated once."""
    path = tmp_path_factory.mktemp("schema") / "overread.db"
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path.read_bytes()


@pytest.fixture
def engine(template: bytes, tmp_path: Path) -> Iterator[Engine]:
    path = tmp_path / "overread.db"
    path.write_bytes(template)
    engine = open_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.fixture
def work(engine: Engine) -> Iterator[UnitOfWork]:
    with UnitOfWork(engine) as unit:
        yield unit


@pytest.fixture
def unit(engine: Engine) -> Callable[[], UnitOfWork]:
    """Open one unit of work after the other."""
    return lambda: UnitOfWork(engine)


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(str(tmp_path / "objects"))


@pytest.fixture(scope="session")
def mlflow_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mlflow")


@pytest.fixture(scope="session")
def _mlflow(mlflow_folder: Path) -> Tracking:
    return Tracking(f"sqlite:///{mlflow_folder / 'mlflow.db'}", artifacts=mlflow_folder / "mlartifacts")


@pytest.fixture
def tracking(_mlflow: Tracking, mlflow_folder: Path) -> Tracking:
    """One MLflow for all tests, its schema made once; the library's own address is set anew for each."""
    return Tracking(_mlflow.uri, artifacts=mlflow_folder / "mlartifacts")
