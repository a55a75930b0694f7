"""The change record: `overread audit verify`, `overread audit export`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from cli.settings import AsJson, answer, say, settings

if TYPE_CHECKING:
    from overread.domain.audit import AuditRow

CHUNK = 1000

audit = typer.Typer(no_args_is_help=True, help="The hash-chained change record.")


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(audit, name="audit")


@audit.command("verify")
def verify(
    bundle: Annotated[Path | None, typer.Argument(help="An exported record; default: the database.")] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute the whole chain; exit 1 and name the first row that does not fit."""
    from overread.domain.audit import verify_chain

    state = verify_chain(_kept() if bundle is None else _handed_over(bundle))
    answer(
        {"ok": state.ok, "rows": state.rows, "head": state.head, "first_bad": state.first_bad},
        as_json=as_json,
    )
    if not state.ok:
        say(f"overread: the record was changed: row {state.first_bad} does not fit the one before it")
        raise typer.Exit(1)


@audit.command("export")
def export(
    out: Annotated[Path, typer.Argument(help="File to write, one JSON row a line.")],
    as_json: AsJson = False,
) -> None:
    """Hand the record over as JSON lines, each with its hash and the one before; `verify` takes the file."""
    from overread.domain.audit import GENESIS
    from overread.store.records import plain

    rows, head = 0, GENESIS
    with whole(out) as file:
        for row in _kept():
            line = {"seq": row.seq, **plain(row.event), "previous": row.previous, "hash": row.hash}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            rows, head = rows + 1, row.hash
    answer({"file": str(out), "rows": rows, "head": head}, as_json=as_json)


@contextmanager
def whole(out: Path) -> Iterator[TextIO]:
    """Open a file that is there whole or not at all; a pipe or a device is written as it is."""
    if out.exists() and not out.is_file():
        with out.open("w", encoding="utf-8") as file:
            yield file
        return
    draft = out.with_name(f".{out.name}.new")
    try:
        with draft.open("w", encoding="utf-8") as file:
            yield file
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)


def _kept() -> Iterator["AuditRow"]:
    """Yield the rows of the database, a handful at a time, all of one state."""
    from bootstrap.storage import open_storage

    with open_storage(settings()).look() as work:
        after = 0
        while rows := work.audit.rows(after=after, limit=CHUNK):
            yield from rows
            after = rows[-1].seq


def _handed_over(bundle: Path) -> Iterator["AuditRow"]:
    """Yield the rows of an exported file."""
    from overread.domain.audit import AuditEvent, AuditRow
    from overread.domain.errors import MalformedError
    from overread.store.records import parsed

    with bundle.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                row = json.loads(line)
                event = parsed(AuditEvent, row)
                yield AuditRow(seq=row["seq"], event=event, previous=row["previous"], hash=row["hash"])
            except (ValueError, KeyError, TypeError) as error:
                raise MalformedError(f"{bundle}: line {number} is not a row of a change record") from error
