"""`overread reader-study new|show|export|analyse`: crossover reader studies."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.people import instant, person_key
from cli.records import whole
from cli.settings import AsJson, answer, say, settings
from overread.domain.reader_studies import PERIODS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from overread.domain.reader_studies import CrossoverRead, CrossoverStudy

LARGEST_SEED = 2**31 - 1
group = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Crossover reader studies: the same cases unaided and aided, with a washout between.",
)
Named = Annotated[str, typer.Argument(metavar="NAME", help="Name of the reader study.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(group, name="reader-study")


@group.command("new")
def new(  # noqa: PLR0913, PLR0917 - an option for each choice of a design
    name: Named,
    cases: Annotated[int, typer.Option(min=2, help="Studies of the frozen test set; half show a finding.")],
    reader: Annotated[list[str], typer.Option(help="Who reads; once for each reader.")],
    model: Annotated[str, typer.Option(help="Version whose probability and heatmap the aided arm shows.")],
    washout_days: Annotated[
        int, typer.Option(min=1, max=3650, help="Days from a reader's last read of one arm to the other arm.")
    ],
    seed: Annotated[
        int, typer.Option(min=0, max=LARGEST_SEED, help="Decides cases, orders, and who begins aided.")
    ],
    as_json: AsJson = False,
) -> None:
    """Draw the cases and everybody's order, and register the study before its first read."""
    from bootstrap.storage import OPERATOR
    from overread.domain.identifiers import VersionKey
    from overread.domain.reader_studies import CrossoverName
    from pipeline.reader_studies import Design, set_up
    from pipeline.services import pipeline_services

    design = Design(
        name=CrossoverName(name),
        n_cases=cases,
        readers=tuple(map(person_key, reader)),
        version=VersionKey(model),
        washout_days=washout_days,
        seed=seed,
        by=OPERATOR,
    )
    study = set_up(pipeline_services(settings()), design)
    answer(_facts(study), as_json=as_json)
    if not as_json:
        say("\nThe cases are of the frozen test set: what this study shows must choose or tune no model.")


@group.command("show")
def show(
    name: Annotated[str | None, typer.Argument(help="Name; without one all are listed.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what was registered and how far everybody has read; no call of anybody is told."""
    from bootstrap.clock import utc_now
    from bootstrap.storage import open_storage
    from feedback.reader_studies import standing_in

    with open_storage(settings()).look() as work:
        if name is None:
            answer({"reader_studies": work.reader_studies.names()}, as_json=as_json)
            return
        study = work.reader_studies.named(name)
        standings = [standing_in(work, study, one, now=utc_now()) for one in study.readers]
    progress = {
        sequence.reader: {
            "arms": list(sequence.arms),
            "read": where.period * where.total + where.done,
            "of": PERIODS * where.total,
            "second_arm_opens_at": None if where.opens_at is None else instant(where.opens_at),
        }
        for sequence, where in zip(study.sequences, standings, strict=True)
    }
    answer({**_facts(study), "progress": progress}, as_json=as_json)


@group.command("export")
def export(
    name: Named,
    out: Annotated[Path, typer.Argument(help="CSV file to write, a line a read.")],
    as_json: AsJson = False,
) -> None:
    """Hand the reads over with their cases' keys; no study or patient is named."""
    from feedback.reader_export import COLUMNS, exported

    study, reads = _kept(name)
    with whole(out) as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        rows.writerows(exported(study, reads))
    answer({"file": str(out), "reads": len(reads), "of": study.reads_planned}, as_json=as_json)


@group.command("analyse")
def analyse(
    name: Named,
    interim: Annotated[
        bool, typer.Option("--interim", help="Look before every read is given; the answer says so.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the two arms: AUC, sensitivity, specificity, accuracy, agreement and reading times."""
    from feedback.reader_analysis import analyse as analysed
    from feedback.reader_table import table
    from model_registry.recording import recorded

    study, reads = _kept(name)
    found = analysed(study, reads, interim=interim)
    if as_json:
        shown = recorded(found)
        answer(shown if isinstance(shown, dict) else {}, as_json=True)
        return
    for line in table(found):
        typer.echo(line)


def _facts(study: "CrossoverStudy") -> dict[str, object]:
    return {
        "id": study.id,
        "name": study.name,
        "source": study.source,
        "cases": len(study.cases),
        "model": study.model_version,
        "washout_days": study.washout_days,
        "seed": study.seed,
        "registered_at": instant(study.created_at),
        "first_arm": {sequence.reader: sequence.arms[0].value for sequence in study.sequences},
    }


def _kept(name: str) -> tuple["CrossoverStudy", "Sequence[CrossoverRead]"]:
    from bootstrap.storage import open_storage

    with open_storage(settings()).look() as work:
        study = work.reader_studies.named(name)
        return study, work.reader_studies.reads(study.id)
