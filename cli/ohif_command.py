"""`overread ohif`: the full viewer, checked and ready to be served."""

from pathlib import Path
from typing import Annotated

import typer

from cli.settings import AsJson, answer, say, settings


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command("ohif")(ohif)


def ohif(
    parcel: Annotated[Path, typer.Argument(help="The npm package, from `npm pack @ohif/app@3.13.2`.")],
    into: Annotated[Path | None, typer.Option(help="Where to; default DATA_DIR/ohif.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check OHIF, a full viewer of another maker, and put it where `overread serve` finds it."""
    from serving.ohif.parcel import VERSION, unpack

    folder = (into or settings().folder / "ohif").absolute()
    unpack(parcel, folder)
    answer({"folder": str(folder), "version": VERSION}, as_json=as_json)
    if not as_json:
        say(f"switch it on: OVERREAD_OHIF={folder} overread serve")
