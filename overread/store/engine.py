"""Engines from a URL: PostgreSQL, or SQLite with the pragmas that make it durable and shared.

On both, writers queue for one lock from their first statement on, so a rule that reads before it writes holds
without retries and the change record never forks; readers see one state, never wait, and cannot write.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import ArgumentError

from overread.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["Engine", "migrate", "newest", "open_engine", "require_current", "revision"]

BUSY_MILLISECONDS = 30_000
_MIGRATIONS = Path(__file__).parent / "migrations"
_WRITERS = 0x0EADAD17  # the advisory lock of all writers


def open_engine(url: str) -> Engine:
    """Return an engine on `url`; a writer waits up to half a minute for the one write lock, then fails."""
    if not url.startswith("sqlite"):
        options = f"-c lock_timeout={BUSY_MILLISECONDS}"
        engine = _created(url, pool_pre_ping=True, connect_args={"options": options})
        event.listen(engine, "begin", _begin_postgresql)
        return engine
    engine = _created(url, max_overflow=-1)  # waiting writers must not keep readers from a connection
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _created(url: str, **options: Any) -> Engine:
    """Return an engine whose errors show no values, for they may name a patient."""
    try:
        return create_engine(url, hide_parameters=True, **options)
    except (ArgumentError, ImportError) as error:  # the address itself may hold a password
        raise ConfigurationError(
            "OVERREAD_DATABASE_URL is no address of a database that can be opened here; write it like "
            "postgresql+psycopg://USER@HOST/NAME (with the extra `postgres` installed) or sqlite:////PATH"
        ) from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN would come too late for IMMEDIATE
    for pragma in (
        f"busy_timeout={BUSY_MILLISECONDS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading = _is_reading(connection)
    connection.exec_driver_sql(f"PRAGMA query_only={int(reading)}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _begin_postgresql(connection: Connection) -> None:
    if _is_reading(connection):
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")


def _is_reading(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("reading", False))


def _alembic(engine: Engine) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["engine"] = engine
    return config


def migrate(engine: Engine) -> str:
    """Bring the schema up to date and return its revision; on a current schema nothing changes."""
    from alembic import command

    command.upgrade(_alembic(engine), "head")
    return revision(engine) or ""


def revision(engine: Engine) -> str | None:
    """Return the schema's revision, None on an empty database."""
    with engine.connect().execution_options(reading=True) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found


def newest() -> str:
    """Return the revision that this code expects: the last of the migrations, which are numbered in order."""
    return max(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def require_current(engine: Engine) -> None:
    """Raise `ConfigurationError`, naming the command, unless the schema is the one this code expects."""
    expected, found = newest(), revision(engine)
    if found != expected:
        raise ConfigurationError(
            f"the database schema is {found or 'empty'}, this version needs {expected}; run `overread init`"
        )
