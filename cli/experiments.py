"""`overread experiment NAME`: comparisons with a table at the end; nothing in production changes."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.settings import AsJson, answer, settings

if TYPE_CHECKING:
    from experiments.corrections import Comparison, Strategy
    from overread.domain.estimates import Estimate
    from pipeline.services import PipelineServices


class Name(StrEnum):
    """What can be compared."""

    CORRECTIONS = "corrections"
    READER_STUDY = "reader-study"


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command("experiment")(experiment)


def experiment(
    name: Annotated[
        Name,
        typer.Argument(
            help="What to compare: ways to learn from corrections, or readers without and with the model."
        ),
    ],
    training: Annotated[
        str, typer.Option(help="Training file whose variants are compared, or a name in configs/.")
    ] = "corrections",
    seed: Annotated[int, typer.Option(min=0, help="Of every training, or of the readers.")] = 1,
    hide: Annotated[
        list[str] | None,
        typer.Option(
            help="Finding that old reports miss: in a new data folder with an imported collection, "
            "first make such reports, a first model from them, and their corrections."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare, and print a table.

    `corrections` trains every strategy from the first release, on the newest corrections, and measures
    them on the tuning set. `reader-study` lets simulated readers read 40 studies of the test set without
    and with the version in production.
    """
    from cli.progress import progress
    from experiments.corrections import compare_strategies
    from model_registry.recording import recorded
    from pipeline.services import pipeline_services

    services = pipeline_services(settings())
    if name is Name.READER_STUDY:
        _simulate(services, seed=seed, as_json=as_json)
        return
    if hide:
        from experiments.under_called import prepare

        with progress("first model", total=1.0) as done:
            prepare(services, hidden=hide, training=training, seed=seed, on_progress=done)
    with progress(f"experiment {name}", total=1.0) as done:
        found = compare_strategies(services, training=training, seed=seed, on_progress=done)
    if as_json:
        shown = recorded(found)
        answer(shown if isinstance(shown, dict) else {}, as_json=True)
        return
    for line in table(found):
        typer.echo(line)


def _simulate(services: "PipelineServices", *, seed: int, as_json: bool) -> None:
    """Play a reader study and print what `overread reader-study analyse` would of a real one."""
    from cli.progress import progress
    from experiments.reader_study import GIVES_WAY, play
    from feedback import reader_table
    from model_registry.recording import recorded

    with progress("experiment reader-study", total=1.0) as done:
        found = play(services, seed=seed, on_progress=done)
    if as_json:
        shown = recorded(found)
        answer(shown if isinstance(shown, dict) else {}, as_json=True)
        return
    typer.echo(
        f"Simulated readers, who give way to a model that says otherwise {GIVES_WAY:.0%} of the time: "
        "this is assumed, not found."
    )
    for line in reader_table.table(found):
        typer.echo(line)


def table(found: "Comparison") -> list[str]:
    """Return a comparison as a Markdown table, a line a strategy."""
    codes = ", ".join(found.codes) or "nothing in particular"
    head = (
        f"From version {found.parent}, on dataset {found.dataset} with {found.corrections} corrections, "
        f"mostly of {codes}. Tuning set, specificity {found.specificity:.2f}, 95 % limits."
    )
    if found.grey_levels is not None:
        head += f" Grey levels alone: AUC {_limits(found.grey_levels)}."
    if found.note:
        head += f" {found.note}"
    columns = ("strategy", "AUC", "sensitivity", "corrected findings", "lost", "fell by", "CPU s")
    lines = [head, "", f"| {' | '.join(columns)} |", "|" + " --- |" * len(columns)]
    return [*lines, *(f"| {' | '.join(_cells(one))} |" for one in found.strategies)]


def _cells(one: "Strategy") -> list[str]:
    falls = ", ".join(f"{code} {fall:.2f}" for code, fall in one.falls.items())
    shown = (one.auc, one.sensitivity, one.corrected, one.lost)
    return [one.name, *map(_limits, shown), falls or "none", f"{one.cpu_seconds:.0f}"]


def _limits(number: "Estimate") -> str:
    return f"{number.estimate:.3f} [{number.lower:.3f}, {number.upper:.3f}]"
