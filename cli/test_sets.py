"""The frozen test set: `overread dataset test-set`, `overread dataset refresh-test-set`."""

from typing import Annotated

import typer

from cli.settings import AsJson, answer, settings
from overread.domain.errors import NotFoundError


def add_to(dataset: typer.Typer) -> None:
    """Add these commands to those of datasets."""
    dataset.command("test-set")(show)
    dataset.command("refresh-test-set")(refresh)


def show(as_json: AsJson = False) -> None:
    """Show the frozen test set, how many looks it has left, and who has asked it what."""
    from bootstrap.storage import open_storage
    from model_registry.ledger import looks_left
    from overread.store.records import plain

    with open_storage(settings()).look() as work:
        known = work.datasets.test_set()
        if known is None:
            raise NotFoundError("no test set is frozen yet; the first comparison freezes one")
        left = looks_left(work, known)
        looks, uses = work.datasets.looks(known.version), work.datasets.uses(known.version)
    shown = {
        "version": known.version,
        "refreshes": known.parent,
        "with_finding": known.n_positive,
        "without": known.n_negative,
        "looks": known.looks,
        "looks_left": left,
    }
    if as_json:
        answer({**shown, "asked": [plain(row) for row in (*looks, *uses)]}, as_json=True)
        return
    answer(shown, as_json=False)
    for look in looks:
        typer.echo(f"look {look.look}: version {look.candidate}, {look.verdict or 'no verdict'} ({look.why})")
    for use in uses:
        typer.echo(f"{use.purpose}: version {use.model}, no look ({use.why})")


def refresh(
    why: Annotated[str, typer.Option(help="Why now; it is recorded.")] = "asked for on the command line",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what it would hold.")] = False,
    as_json: AsJson = False,
) -> None:
    """Freeze a test set of new patients and a few old ones; measure what that alone does to the numbers."""
    from pipeline.refreshing import planned, refresh_test_set
    from pipeline.services import pipeline_services

    services = pipeline_services(settings())
    if dry_run:
        plan = planned(services)
        counts = {"new": plan.refreshed.new, "kept": plan.refreshed.kept}
        changed = {"relabelled": len(plan.refreshed.relabelled), "left_out": len(plan.left_out)}
        answer({"refreshes": plan.before.version, **counts, **changed}, as_json=as_json)
        return
    from model_registry.bridge import bridge_record

    made = refresh_test_set(services, by="operator", why=why)
    counts = {"with_finding": made.test_set.n_positive, "without": made.test_set.n_negative}
    answer(
        {
            "version": made.test_set.version,
            "refreshes": made.before.version,
            **counts,
            "looks_left": made.test_set.looks,
            "by_the_set_alone": bridge_record(made.crossings),
        },
        as_json=as_json,
    )
