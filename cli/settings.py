"""Settings as a command sees them, and how a command answers."""

import json
import sys
from collections.abc import Iterator, Mapping
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
    for line in _lines(result):
        typer.echo(line)


def _lines(result: Mapping[str, object], margin: str = "") -> Iterator[str]:
    """Yield one line for each fact; what belongs to one name stands below it, further in."""
    width = max((len(name) for name in result), default=0)
    for name, value in result.items():
        shown = name.replace("_", " ")
        if isinstance(value, Mapping) and value and "estimate" not in value:
            yield f"{margin}{shown}"
            yield from _lines(value, f"{margin}  ")
        else:
            yield f"{margin}{shown:<{width}}  {_words(value)}"


def _words(value: object) -> str:
    """Return a fact as a person reads it: an estimate with its limits, no more digits than it bears."""
    if isinstance(value, Mapping) and "estimate" in value:
        limits = f"{_words(value.get('lower'))} to {_words(value.get('upper'))}"
        return f"{_words(value['estimate'])} ({limits}; n {_words(value.get('n'))})"
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value)) or "none"
    if value is None or value == {}:
        return "none"
    return str(value)


def say(line: str) -> None:
    """Tell how work goes on, on standard error."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
