"""Entry of the `overread` command: what there is, by task, and how it ends."""

import os
import signal
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli import (
    data,
    demo_command,
    experiments,
    foreign_ris_command,
    learning,
    ohif_command,
    people,
    processes,
    reader_studies,
    records,
    shadows,
)
from cli.errors import DEBUG, tell
from model_registry.mlflow_environment import prepare_environment

TASKS: dict[str, tuple[str, ...]] = {
    "See it work": ("demo", "foreign-ris"),
    "Run a department": ("up", "init", "serve", "ohif", "doctor", "user", "token"),
    "Bring studies and labels in": ("import", "dataset"),
    "Make a better model": (
        "train",
        "evaluate",
        "compare",
        "shadow",
        "retrain",
        "promote",
        "rollback",
        "monitor",
    ),
    "Find out what works": ("reader-study", "experiment"),
    "Answer for what was done": ("audit",),
}
_INTERRUPTED = 130  # what Typer makes of a KeyboardInterrupt


class ByTask(TyperGroup):
    """Lists commands under what a person wants to do; one that no task names comes last."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # the types are private to Typer
        """Write the list of commands."""
        named = {name for names in TASKS.values() for name in names}
        others = tuple(name for name in self.list_commands(ctx) if name not in named)
        for title, names in {**TASKS, "Other": others}.items():
            commands = {name: self.get_command(ctx, name) for name in names}
            rows = [(name, one.get_short_help_str(300)) for name, one in commands.items() if one is not None]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows, col_max=12)


app = typer.Typer(
    name="overread",
    cls=ByTask,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"max_content_width": 110},
    help="Close the loop between radiologists' corrections and a radiograph model. Not a medical device.",
)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Keep what holds for every command."""
    del debug  # `run` has seen it: it may stand behind the command too


for _part in (
    demo_command,
    foreign_ris_command,
    processes,
    ohif_command,
    data,
    learning,
    reader_studies,
    experiments,
    shadows,
    records,
    people,
):
    _part.add_to(app)


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command; 0 done, 1 the work failed, 2 wrong use; an error is one line on standard error."""
    prepare_environment(os.environ)
    signal.signal(signal.SIGTERM, _ended)  # as Ctrl-C, so that children are ended too
    given = list(sys.argv[1:] if arguments is None else arguments)
    if "--debug" in given:
        os.environ[DEBUG] = "1"
        given = [word for word in given if word != "--debug"]
    try:
        code = app(given, prog_name="overread", standalone_mode=False)
    except Exception as error:  # whatever happened is told in one line
        code = tell(error)
    if code == _INTERRUPTED:
        code = tell(KeyboardInterrupt())
    sys.exit(code if isinstance(code, int) else 0)


def _ended(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    run()
