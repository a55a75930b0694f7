"""Database and objects of an installation, opened or made."""

import os
import secrets
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bootstrap.clock import utc_now
from bootstrap.signing import new_key, sign_earlier
from overread.domain.audit import AuditEvent
from overread.domain.errors import ConfigurationError
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role, password_digest
from overread.settings.environment import Settings
from overread.settings.tasks import load_task
from overread.store.engine import Engine, migrate, open_engine, require_current
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork
from overread.studies.intake import SPLIT_SALT

OPERATOR = PersonKey("operator")
TASK = "task"


@dataclass(frozen=True, kw_only=True)
class Storage:
    """The database and the objects of one installation."""

    engine: Engine
    objects: Objects

    def work(self) -> UnitOfWork:
        """Return a unit of work that may write."""
        return UnitOfWork(self.engine)

    def look(self) -> UnitOfWork:
        """Return a unit of work that only reads."""
        return UnitOfWork(self.engine, reading=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Initialised:
    """What `init` did; `password` is shown once and only when the first operator was made."""

    data_dir: Path
    revision: str
    created: bool
    operator: str | None
    password: str | None


def open_storage(settings: Settings) -> Storage:
    """Open database and objects; on an old or missing schema raise `ConfigurationError` with the command."""
    file = sqlite_file(settings.database)
    if file is not None and not file.exists():
        raise ConfigurationError(f"there is no data in {settings.folder}; run `overread init` first")
    engine = open_engine(settings.database)
    require_current(engine)
    return Storage(engine=engine, objects=Objects(settings.objects))


def sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite database; None where the database is not one."""
    return Path(url.partition("///")[2].partition("?")[0]) if url.startswith("sqlite:///") else None


def initialise(settings: Settings, *, salt: str | None = None) -> Initialised:
    """Make or migrate the data folder, its keys and the first operator; again, it changes nothing else."""
    load_task(settings.task)
    settings.folder.mkdir(parents=True, exist_ok=True)
    _keep_secret(settings.secret_path, secrets.token_hex(32).encode())
    _keep_secret(settings.signing_key_path, new_key())
    engine = open_engine(settings.database)
    revision = migrate(engine)
    password = None
    with UnitOfWork(engine) as work:
        if work.people.find(OPERATOR) is None:
            now = utc_now()
            work.people.keep_fact(SPLIT_SALT, salt or secrets.token_hex(16))
            work.people.keep_fact(TASK, settings.task)
            password = secrets.token_urlsafe(12)
            work.people.add(OPERATOR, Role.OPERATOR, password=password_digest(password), at=now)
            work.audit.append(
                AuditEvent(at=now, by=OPERATOR, action="installation-made", subject="installation")
            )
        sign_earlier(work, settings.signing_key_path, now=utc_now())
        work.commit()
    engine.dispose()
    return Initialised(
        data_dir=settings.folder,
        revision=revision,
        created=password is not None,
        operator=OPERATOR if password else None,
        password=password,
    )


def _keep_secret(path: Path, content: bytes) -> None:
    """Write a secret only its owner can read, whole or not at all, unless it is there."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first
            os.link(draft, path)
    finally:
        Path(draft).unlink()
