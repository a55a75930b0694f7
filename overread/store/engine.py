"""Engines from a URL: PostgreSQL, or SQLite with the pragmas that make it durable and shared."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event

from overread.domain.errors import ConfigurationError

BUSY_MILLISECONDS = 30_000


def open_engine(url: str) -> Engine:
    """Return an engine on `url`; on SQLite writers queue for the one write lock instead of failing."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN would come too late for IMMEDIATE
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_MILLISECONDS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _alembic(engine: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["engine"] = engine
    return config


def migrate(engine: Engine) -> str:
    """Bring the schema up to date and return its revision; on a current schema nothing changes."""
    config = _alembic(engine)
    command.upgrade(config, "head")
    return revision(engine) or ""


def revision(engine: Engine) -> str | None:
    """Return the schema's revision, None on an empty database."""
    with engine.connect().execution_options(reading=True) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def require_current(engine: Engine) -> None:
    """Raise `ConfigurationError`, naming the command, unless the schema is the one this code expects."""
    expected = ScriptDirectory.from_config(_alembic(engine)).get_current_head()
    found = revision(engine)
    if found != expected:
        raise ConfigurationError(
            f"the database schema is {found or 'empty'}, this version needs {expected}; run `overread init`"
        )
