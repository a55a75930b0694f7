"""The change record: `overread audit verify`, `overread audit export`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cli.settings import AsJson, answer, settings

audit = typer.Typer(no_args_is_help=True, help="The hash-chained change record.")


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(audit, name="audit")


@audit.command("verify")
def verify(as_json: AsJson = False) -> None:
    """Recompute the whole chain; exit 1 if a row does not fit."""
    from bootstrap.storage import open_storage

    with open_storage(settings()).look() as work:
        state = work.audit.verify()
    answer(
        {"ok": state.ok, "rows": state.rows, "head": state.head, "first_bad": state.first_bad},
        as_json=as_json,
    )
    if not state.ok:
        raise typer.Exit(1)


@audit.command("export")
def export(out: Annotated[Path, typer.Argument(help="File to write, one JSON row a line.")]) -> None:
    """Hand the record over as JSON lines, each with its hash and the one before."""
    from bootstrap.storage import open_storage
    from overread.store.records import plain

    with open_storage(settings()).look() as work, out.open("w", encoding="utf-8") as file:
        for row in work.audit.rows():
            line = {"seq": row.seq, **plain(row.event), "previous": row.previous, "hash": row.hash}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    typer.echo(str(out))
