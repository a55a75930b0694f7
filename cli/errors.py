"""How an error is told on the command line: one line saying what, where and what to do, and an exit code."""

import errno
import os
import sys
import traceback
from typing import Any

import typer

from overread.domain.errors import OverreadError

DEBUG = "OVERREAD_DEBUG"
FAILED, WRONG_USE = 1, 2
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_AGAIN = "free some space and run the same command again; nothing is lost"


def tell(error: BaseException) -> int:
    """Write one line on standard error (with `--debug`, the traceback before it) and return the exit code."""
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{error}\n")  # the help itself
        return WRONG_USE
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    sys.stderr.write(f"overread: {' '.join(said(error).split())}\n")
    return error.exit_code if isinstance(error, typer.TyperException) else FAILED


def said(error: BaseException) -> str:
    """Return what to say of an error."""
    if isinstance(error, OverreadError):
        return _full_disk_under(error) or str(error)
    if isinstance(error, typer.TyperException):
        return _wrong_use(error)
    if isinstance(error, typer.Abort | KeyboardInterrupt):
        return "stopped; nothing is left half-written"
    if isinstance(error, OSError):
        return _of_the_system(error)
    return _of_the_database(error) or f"{type(error).__name__}: {error}; --debug shows where"


def _wrong_use(error: Any) -> str:
    """Return what was wrong in the command and where its help is."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "overread"
    return f"{str(error.format_message()).rstrip('.')}; see `{command} --help`"


def _full_disk_under(error: OverreadError) -> str | None:
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno in _NO_ROOM:
        return f"{error}; {_AGAIN}"
    return None


def _of_the_system(error: OSError) -> str:
    place = f" ({error.filename})" if error.filename else ""
    words = f"{error.strerror or error}{place}"
    if error.errno in _NO_ROOM:
        return f"the disk is full: {words}; {_AGAIN}"
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"{words}; the folder must be writable for this user, or set OVERREAD_DATA_DIR to one that is"
    if error.errno in {errno.EEXIST, errno.ENOTDIR}:
        return f"{words}: a file stands where a folder is needed; move it, or name another place"
    return words


def _of_the_database(error: BaseException) -> str | None:
    """Return what to say of a database that failed, None where it is something else."""
    if "sqlalchemy" not in sys.modules:
        return None
    from overread.store.failures import CLASHES, FAILURES, is_disk_full

    if not isinstance(error, FAILURES + CLASHES):
        return None
    words = str(getattr(error, "orig", None) or error).splitlines()[0]
    if is_disk_full(error):
        return f"the disk is full: {words}; {_AGAIN}"
    hint = " (is the disk full, or the data folder not writable?)" if _is_of_the_disk(words) else ""
    return f"the database did not take it: {words}{hint}; `overread doctor` looks at it"


def _is_of_the_disk(words: str) -> bool:
    """Say whether SQLite's words stand for a file it cannot write, whatever the reason."""
    return any(
        said in words for said in ("disk I/O error", "unable to open database file", "readonly database")
    )
