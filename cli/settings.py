"""Settings as a command sees them, and how a command answers."""

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from overread.settings.environment import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print a machine-readable result.")]


def settings() -> "Settings":
    """Read the settings; raise `ConfigurationError` that names the one at fault."""
    from overread.settings.environment import load_settings

    return load_settings()


def answer(result: Mapping[str, object], *, as_json: bool) -> None:
    """Print a result: JSON where asked, else one plain line for each fact."""
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, default=str, allow_nan=False))
        return
    width = max((len(name) for name in result), default=0)
    for name, value in result.items():
        typer.echo(f"{name.replace('_', ' '):<{width}}  {value}")


def say(line: str) -> None:
    """Tell how work goes on, on standard error."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
