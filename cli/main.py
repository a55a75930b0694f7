"""Entry of the `overread` command: what there is, and how an error is told."""

import os
import signal
import sys
from typing import Annotated

import click
import typer
from rich.console import Console

from cli import data, demo_command, learning, people, processes, records
from model_registry.mlflow_environment import prepare_environment
from overread.domain.errors import OverreadError

app = typer.Typer(
    name="overread",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Close the loop between radiologists' corrections and a radiograph model. Not a medical device.",
)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Keep what holds for every command."""
    if debug:
        os.environ["OVERREAD_DEBUG"] = "1"


for _part in (demo_command, processes, data, learning, records, people):
    _part.add_to(app)


def run() -> None:
    """Run the command; 0 done, 1 the work failed, 2 wrong use; an error is one line on standard error."""
    prepare_environment(os.environ)
    signal.signal(signal.SIGTERM, _ended)  # so that children are ended too
    try:
        code = app(standalone_mode=False)
    except OverreadError as error:
        _tell(str(error))
        code = 1
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _tell("stopped; nothing is left half-written, run the same command to go on")
        code = 1
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        _tell(f"{error.strerror or error}{place}")
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _ended(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _tell(message: str) -> None:
    if os.environ.get("OVERREAD_DEBUG"):
        Console(stderr=True).print_exception()
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"overread: {message}", markup=False)


if __name__ == "__main__":
    run()
