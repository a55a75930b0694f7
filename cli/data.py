"""Studies and datasets: `overread init`, `overread import`, `overread dataset`."""

import csv
from pathlib import Path
from typing import Annotated

import typer

from cli.settings import AsJson, answer, say, settings

NAMED = 10  # bad files told on the screen; the CSV has them all

dataset = typer.Typer(no_args_is_help=True, help="Versioned training sets.")


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("init")(init)
    app.command("import")(import_)
    app.add_typer(dataset, name="dataset")


def init(as_json: AsJson = False) -> None:
    """Make the data folder, its database and keys, and the first operator; again, it only migrates."""
    from bootstrap.storage import initialise

    made = initialise(settings())
    operator = None if made.operator is None else {"name": made.operator, "password": made.password}
    result = {"data_dir": str(made.data_dir), "revision": made.revision, "created": made.created}
    if as_json:
        answer({**result, "operator": operator}, as_json=True)
        return
    answer(result, as_json=False)
    if operator is not None:
        typer.echo(
            f"operator  {made.operator}, one-time password {made.password} (change it at first sign-in)"
        )


def import_(
    path: Annotated[Path, typer.Argument(help="A folder, a DICOM file, or a table.")],
    form: Annotated[
        str, typer.Option("--format", help="auto, folder (images and labels.csv), nih, or dicom.")
    ] = "auto",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would come in.")] = False,
    exclusions: Annotated[
        Path | None, typer.Option(help="CSV of what was not taken, and why; default in the data folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take studies and labels in; run again, it goes on where it stopped and changes nothing twice."""
    from rich.console import Console
    from rich.progress import Progress

    from pipeline.importing import Line, import_collection
    from pipeline.services import pipeline_services

    services = pipeline_services(settings())
    bad: list[str] = []
    place = exclusions or services.settings.folder / "exclusions.csv"
    console = Console(stderr=True)
    with (
        Progress(console=console, transient=True) as progress,
        place.open("w", newline="", encoding="utf-8") as file,
    ):
        bar = progress.add_task("import", total=None)
        rows = csv.writer(file)
        rows.writerow(["path", "outcome", "reason"])

        def on_line(line: Line) -> None:
            progress.advance(bar)
            if line.reason:
                rows.writerow([line.path, line.outcome, line.reason])
            if line.outcome in {"rejected", "quarantined"} and len(bad) < NAMED:
                bad.append(f"{line.outcome}: {line.reason}")

        counts = import_collection(services, path, form, dry_run=dry_run, on_line=on_line)
    names = ("included", "excluded", "quarantined", "known", "rejected")
    answer({**{name: counts[name] for name in names}, "exclusions": str(place)}, as_json=as_json)
    for line in bad:
        say(line)
    if counts["rejected"] and not counts["included"] and not counts["known"]:
        raise typer.Exit(1)


@dataset.command("build")
def build(
    corrections: Annotated[bool, typer.Option(help="With what was adjudicated.")] = True,
    as_json: AsJson = False,
) -> None:
    """Freeze a dataset version of what is labelled now; the same content gives the same version."""
    from feedback.datasets import Recipe
    from pipeline.retraining import build_dataset
    from pipeline.services import pipeline_services

    services = pipeline_services(settings())
    version = build_dataset(services, Recipe(corrections=corrections), by="operator")
    _show(version, as_json=as_json)


@dataset.command("show")
def show(
    version: Annotated[str | None, typer.Argument(help="A version; none: list them all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show one dataset version, or all."""
    if version is not None:
        _show(version, as_json=as_json)
        return
    from bootstrap.storage import open_storage

    with open_storage(settings()).look() as work:
        for known in work.datasets.all():
            typer.echo(f"{known.version}  {known.created_at:%Y-%m-%d %H:%M}  {known.corrections} corrections")


@dataset.command("export")
def export(
    version: Annotated[str, typer.Argument(help="Which version.")],
    out: Annotated[Path, typer.Argument(help="JSON file to write.")],
) -> None:
    """Write a dataset's manifest: studies, labels, splits, sources; no identity, no pictures."""
    from bootstrap.storage import open_storage

    storage = open_storage(settings())
    with storage.look() as work:
        known = work.datasets.get(version)
    out.write_bytes(storage.objects.get(known.digest))
    typer.echo(str(out))


def _show(version: str, *, as_json: bool) -> None:
    from bootstrap.storage import open_storage

    with open_storage(settings()).look() as work:
        known = work.datasets.get(version)
        (built,) = (
            row.event.details for row in work.audit.rows() if row.event.subject == f"dataset:{version}"
        )
    facts = {"version": known.version, "digest": known.digest, "corrections": known.corrections}
    shown = {**facts, "parent": known.parent, "counts": dict(known.counts)}
    answer({**shown, "left_out_as_look_alikes": built.get("left_out", [])}, as_json=as_json)
