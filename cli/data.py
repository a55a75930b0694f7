"""Studies and datasets: `overread init`, `overread import`, `overread dataset`."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from cli import test_sets
from cli.settings import AsJson, answer, say, settings
from overread.domain.errors import NotFoundError
from overread.domain.screening import Outcome

if TYPE_CHECKING:
    from overread.imaging.survey import Survey
    from pipeline.importing import Line

NAMED = 10  # bad files told on the screen; the CSV has them all
SHOWN, LISTED = 250, 10_000  # files listed between two movements of the bar, and between two lines

dataset = typer.Typer(no_args_is_help=True, help="Versioned training sets.")


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("init")(init)
    app.command("import")(import_)
    test_sets.add_to(dataset)
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
            f"operator  {made.operator}, one-time password {made.password} "
            "(for a week; change it at first sign-in)"
        )


def import_(  # noqa: PLR0913, PLR0917 - an option for each choice of an import
    path: Annotated[Path, typer.Argument(help="A folder, a DICOM file, or a table.")],
    form: Annotated[
        str, typer.Option("--format", help="auto, folder (images and labels.csv), nih, or dicom.")
    ] = "auto",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would come in.")] = False,
    only_list: Annotated[
        bool, typer.Option("--list", help="Only count what headers and tables say, in seconds; keep nothing.")
    ] = False,
    exclusions: Annotated[
        Path | None, typer.Option(help="CSV of what was not taken, and why; default in the data folder.")
    ] = None,
    declare: Annotated[
        list[str] | None,
        typer.Option(help="Rule (such as R05) that holds for all these studies where nothing is stated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take studies and labels in; run again, it goes on where it stopped and changes nothing twice."""
    from cli.progress import progress
    from pipeline.importing import import_collection
    from pipeline.services import pipeline_services

    if only_list:
        _list(_survey(path, form), as_json=as_json)
        return
    services = pipeline_services(settings())
    total = _survey(path, form).files
    place = exclusions or services.settings.folder / "exclusions.csv"
    with progress("import", total=total) as done, place.open("w", newline="", encoding="utf-8") as file:
        tally = _Tally(file, done)
        counts = import_collection(
            services, path, form, dry_run=dry_run, declared=declare or (), on_line=tally.count
        )
    names = ("included", "excluded", "quarantined", "known", "rejected")
    answer({**{name: counts[name] for name in names}, "exclusions": str(place)}, as_json=as_json)
    for words in tally.told(place):
        say(words)
    if set(counts) <= {"rejected"}:
        raise NotFoundError(f"nothing in {path} could be taken; {place} says why")


def _survey(path: Path, form: str) -> "Survey":
    """List a collection, seen to go on where that takes long."""
    from cli.progress import progress
    from overread.imaging.collections import Outcome, read_collection
    from overread.imaging.survey import survey

    outcomes = read_collection(path, form)
    with progress("list", every=LISTED) as done:

        def counted() -> Iterator[Outcome]:
            for count, outcome in enumerate(outcomes, start=1):
                if count % SHOWN == 0:
                    done(count)
                yield outcome

        return survey(counted())


def _list(found: "Survey", *, as_json: bool) -> None:
    """Print a survey; of many reasons only the most frequent, unless a machine reads it."""
    reasons = list(found.refused.items())
    size = f"{found.size / 1e6:,.1f} MB of DICOM" if found.size else "not counted"
    shown = {"size": size, "refused": dict(reasons[:NAMED])}
    answer(asdict(found) if as_json else asdict(found) | shown, as_json=as_json)
    if len(reasons) > NAMED and not as_json:
        say(f"... and {len(reasons) - NAMED} more reasons; --json has them all")


class _Tally:
    """What became of the images so far: all reasons into a CSV file, the worst of it for the screen."""

    def __init__(self, file: TextIO, done: Callable[[float], None]) -> None:
        self._rows = csv.writer(file)
        self._rows.writerow(["path", "outcome", "reason"])
        self._done = done
        self._seen = 0
        self._bad: list[str] = []
        self._rules: Counter[str] = Counter()
        self._unknown = 0

    def count(self, line: "Line") -> None:
        """Take one image."""
        self._seen += 1
        self._done(self._seen)
        if line.reason:
            self._rows.writerow([line.path, line.outcome, line.reason])
        if line.outcome in {"rejected", "quarantined"}:
            self._bad.append(f"{line.outcome}: {line.reason}")
        self._rules.update(rule.code for rule in line.rules)
        self._unknown += any(rule.outcome is Outcome.UNKNOWN for rule in line.rules)

    def told(self, place: Path) -> Iterator[str]:
        """Yield which rules excluded how many, and the first bad files."""
        if self._rules:
            said = ", ".join(f"{rule} {count}" for rule, count in sorted(self._rules.items()))
            yield f"excluded by: {said}"
        if self._unknown:
            yield (
                f"{self._unknown} of them because nobody says; where one answer holds for all, "
                "import again with --declare and the rule, such as --declare R05"
            )
        yield from self._bad[:NAMED]
        if len(self._bad) > NAMED:
            yield f"... and {len(self._bad) - NAMED} more in {place}"


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
        versions = work.datasets.all()
    if as_json:
        made = [{"version": known.version, "created_at": known.created_at.isoformat()} for known in versions]
        answer({"versions": made}, as_json=True)
        return
    for known in versions:
        typer.echo(f"{known.version}  {known.created_at:%Y-%m-%d %H:%M}  {known.corrections} corrections")
    if not versions:
        say("there is no dataset yet; `overread dataset build` freezes one")


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


@dataset.command("doubt")
def doubt(
    most: Annotated[
        int, typer.Option(min=1, help="Cases of doubted labels that may stand open at once.")
    ] = 20,
    training: Annotated[
        str, typer.Option(help="Of the networks that look: a name in configs/, or a TOML file.")
    ] = "doubts",
    as_json: AsJson = False,
) -> None:
    """Put the training labels that look most wrong to blinded readers; no label changes by itself."""
    from cli.progress import progress
    from pipeline.doubting import send_doubtful
    from pipeline.services import pipeline_services

    services = pipeline_services(settings())
    with progress("doubt", total=1.0) as done:
        sent = send_doubtful(services, training=training, most=most, on_progress=done)
    answer({"doubted": sent.doubted, "opened": len(sent.cases)}, as_json=as_json)
    if sent.doubted is None:
        say(f"{most} doubted labels or more wait for their readers already; none was looked for")


def _show(version: str, *, as_json: bool) -> None:
    from bootstrap.storage import open_storage

    with open_storage(settings()).look() as work:
        known = work.datasets.get(version)
        (built,) = (
            row.event.details for row in work.audit.rows() if row.event.subject == f"dataset:{version}"
        )
    facts = {"version": known.version, "digest": known.digest, "corrections": known.corrections}
    shown = {**facts, "parent": known.parent, "counts": dict(known.counts)}
    answer({**shown, "left_out": built.get("left_out", [])}, as_json=as_json)
