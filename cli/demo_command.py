"""`overread demo`: the whole loop on a simulated department."""

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

MARKER = "demo"  # a file that says whose folder it is: nothing else is ever emptied


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
    from dataclasses import replace

    from cli.settings import settings

    folder = folder.absolute()
    os.environ.update(_embedded(folder))
    chosen = settings()  # a wrong one is said before anything is emptied
    _empty(folder, force=force)

    from rich.console import Console

    from cli.demo.department import FAST, FULL
    from cli.demo.run import run_demo
    from cli.demo.stage import Clock
    from cli.demo.story import Demo

    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).touch()
    sizes = FAST if fast else FULL
    if studies is not None:
        sizes = replace(sizes, arriving=studies)
    clock = Clock(Console(stderr=True, soft_wrap=True))
    run_demo(Demo(settings=chosen, sizes=sizes, seed=seed, fast=fast, clock=clock), keep_serving=serve)


def _embedded(folder: Path) -> dict[str, str]:
    """Return the environment in which everything lies in the folder, whatever this installation has set."""
    return {
        "OVERREAD_DATA_DIR": str(folder),
        "OVERREAD_DATABASE_URL": "",
        "OVERREAD_OBJECT_URL": "",
        "OVERREAD_MLFLOW_URI": "",
        "OVERREAD_SECRET_FILE": str(folder / "secret"),
        "OVERREAD_SIGNING_KEY_FILE": str(folder / "signing.key"),
        "OVERREAD_TASK": "demo",
        "OVERREAD_MAX_WAITING": "5000",
    }


def _empty(folder: Path, *, force: bool) -> None:
    """Empty an earlier demo's folder when told to; ask on a terminal, refuse elsewhere."""
    from overread.domain.errors import ConflictError

    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / MARKER).exists():
        raise ConflictError(f"{folder} holds something else; name another folder with --dir")
    if not force and not (
        sys.stdin.isatty() and typer.confirm(f"{folder} holds an earlier demo. Delete it?")
    ):
        raise ConflictError(f"{folder} holds an earlier demo; use --force to delete it, or --dir for another")
    for item in folder.iterdir():
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        elif item.name != MARKER:
            item.unlink()
