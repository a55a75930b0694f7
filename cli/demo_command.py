"""`overread demo`: the whole loop on a simulated department."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command("demo")(demo)


def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Folder of the demo.")] = Path("overread-demo"),
    studies: Annotated[int | None, typer.Option(min=200, help="How many studies arrive.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same demo.")] = 1,
    fast: Annotated[bool, typer.Option("--fast", help="Smaller and quicker, for tests.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Empty the folder first, without asking.")] = False,
    serve: Annotated[bool, typer.Option("--serve", help="Leave the server up when done.")] = False,
) -> None:
    """Run the whole loop on a simulated department; ends with a table, summary.json and report.html."""
    from rich.console import Console

    from cli.demo.department import FAST, FULL
    from cli.demo.run import run_demo
    from cli.demo.stage import Clock
    from cli.demo.story import Demo

    _clear(folder, force=force)
    os.environ["OVERREAD_DATA_DIR"] = str(folder.absolute())
    os.environ["OVERREAD_TASK"] = "demo"
    os.environ["OVERREAD_MAX_WAITING"] = "5000"
    from cli.settings import settings

    sizes = FAST if fast else FULL
    if studies is not None:
        from dataclasses import replace

        sizes = replace(sizes, arriving=studies)
    console = Console(stderr=True, soft_wrap=True)
    run_demo(
        Demo(settings=settings(), sizes=sizes, seed=seed, fast=fast, clock=Clock(console)), keep_serving=serve
    )


def _clear(folder: Path, *, force: bool) -> None:
    """Empty a used folder when told to; ask on a terminal, refuse elsewhere."""
    from overread.domain.errors import ConflictError

    if not folder.exists() or not any(folder.iterdir()):
        return
    ours = (folder / "overread.db").exists() or (folder / "summary.json").exists()
    if not ours:
        raise ConflictError(f"{folder} holds something else; name another folder with --dir")
    if not force and not (
        sys.stdin.isatty() and typer.confirm(f"{folder} holds an earlier demo. Delete it?")
    ):
        raise ConflictError(f"{folder} holds an earlier demo; use --force to delete it, or --dir for another")
    shutil.rmtree(folder)


def shown(summary: dict[str, object]) -> str:
    """Return a summary as text."""
    return json.dumps(summary, indent=1, ensure_ascii=False, allow_nan=False)
