"""A PostgreSQL server of our own for one test session: in memory as far as it goes, on a socket only."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

DEBIAN = Path("/usr/lib/postgresql")


class NoServerError(Exception):
    """PostgreSQL cannot be started here; the message says why."""


def binaries() -> Path:
    """Return a folder of PostgreSQL's programs that our account may run: a wheel's, or the system's."""
    wheel = find_spec("pgserver")
    places = (
        [] if wheel is None or wheel.origin is None else [Path(wheel.origin).parent / "pginstall" / "bin"]
    )
    found = shutil.which("initdb")
    places += [] if found is None else [Path(found).parent]
    places += sorted(path.parent for path in DEBIAN.glob("*/bin/initdb"))
    for place in places:
        with suppress(NoServerError):
            _run(place / "initdb", "--version")
            return place
    raise NoServerError("neither the package pgserver nor a PostgreSQL of the system can be run")


def account() -> str | None:
    """Return who runs the server: nobody in particular, or, where we are root, the account `nobody`."""
    return "nobody" if os.geteuid() == 0 else None


@contextmanager
def running() -> Iterator[str]:
    """Start a server, yield the SQLAlchemy URL of its one database, and end it.

    Raises
    ------
    NoServerError
        It is not installed or does not start.
    """
    place = Path(tempfile.mkdtemp(prefix="overread-pg-", dir="/tmp"))  # a socket has a short path
    owner = account()
    if owner is not None:
        shutil.chown(place, owner, pwd.getpwnam(owner).pw_gid)
    programs, folder, log = binaries(), place / "data", place / "log"
    try:
        _run(
            programs / "initdb",
            "-D",
            str(folder),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-locale",
            "-N",
        )
        _run(
            programs / "pg_ctl",
            "-D",
            str(folder),
            "-w",
            "-l",
            str(log),
            "-o",
            f"-k {place} -h '' -F",
            "start",
        )
        try:
            yield f"postgresql+psycopg://postgres@/postgres?host={place}"
        finally:
            _run(programs / "pg_ctl", "-D", str(folder), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _run(program: Path, *arguments: str) -> None:
    owner = account()
    group = None if owner is None else pwd.getpwnam(owner).pw_gid
    try:
        subprocess.run(  # noqa: S603 - PostgreSQL's own programs
            [str(program), *arguments],
            user=owner,
            group=group,
            extra_groups=None if owner is None else [],
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            check=True,
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NoServerError(f"{program.name}: {error}") from error
