"""A candidate beside production on live studies: `overread shadow start`, `show`, `stop`."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.settings import AsJson, answer, settings

if TYPE_CHECKING:
    from bootstrap.storage import Storage
    from overread.domain.shadows import Shadow
    from overread.store.unit_of_work import UnitOfWork

OPERATOR = "operator"

shadow = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="A candidate beside production, shown to nobody."
)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(shadow, name="shadow")


@shadow.command("start")
def start(
    version: Annotated[str, typer.Argument(help="The candidate.")],
    why: Annotated[str, typer.Option(help="Why; it is registered.")],
    studies: Annotated[int | None, typer.Option(min=1, max=10_000, help="For so many studies.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=366, help="Or for so many days.")] = None,
    as_json: AsJson = False,
) -> None:
    """Register a candidate to run beside production from now on; the server scores with it."""
    from datetime import timedelta

    from bootstrap.clock import utc_now
    from bootstrap.storage import TASK
    from model_registry.shadow_run import Plan, register
    from overread.domain.identifiers import PersonKey, VersionKey
    from overread.settings.policies import load_policy
    from overread.settings.tasks import load_task

    if (studies is None) == (days is None):
        raise typer.BadParameter("say for how many --studies, or for how many --days")
    now = utc_now()
    with _storage().work() as work:
        task = load_task(work.people.fact(TASK))
        plan = Plan(
            candidate=VersionKey(version),
            by=PersonKey(OPERATOR),
            why=why,
            studies=studies,
            until=None if days is None else now + timedelta(days=days),
        )
        made = register(work, plan, policy=load_policy(task.policy), task=task.name, now=now)
        work.commit()
        shown = _registered(work, made)
    answer(shown, as_json=as_json)


@shadow.command("show")
def show(
    shadow_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Default: the latest.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show how far a shadow is and, once it has ended, what it showed."""
    from model_registry.recording import recorded
    from model_registry.shadow import analyse
    from overread.wording.catalogue import catalogue

    with _storage().look() as work:
        found = _latest(work) if shadow_id is None else work.shadows.get(shadow_id)
        shown = _registered(work, found)
        if found.end is not None:
            shown["result"] = recorded(analyse(work, found))
            shown["selection"] = catalogue("en").text("shadow.selection")
    answer(shown, as_json=as_json)


@shadow.command("stop")
def stop(
    why: Annotated[str, typer.Option(help="Why; it is recorded.")],
    as_json: AsJson = False,
) -> None:
    """Stop the shadow that runs; what it has answered is kept."""
    from bootstrap.clock import utc_now
    from model_registry.shadow_run import stop as stop_shadow
    from overread.domain.identifiers import PersonKey

    with _storage().work() as work:
        ended = stop_shadow(work, _latest(work).id, by=PersonKey(OPERATOR), reason=why, now=utc_now())
        shown = _registered(work, ended)
        work.commit()
    answer(shown, as_json=as_json)


def _storage() -> "Storage":
    from bootstrap.storage import open_storage

    return open_storage(settings())


def _latest(work: "UnitOfWork") -> "Shadow":
    from overread.domain.errors import NotFoundError

    found = work.shadows.all()
    if not found:
        raise NotFoundError("no candidate has run in shadow; `overread shadow start VERSION` registers one")
    return found[0]


def _registered(work: "UnitOfWork", found: "Shadow") -> dict[str, object]:
    """Return a registration, how far it is, and how it ended."""
    from model_registry.recording import recorded
    from model_registry.shadow_run import progress_of

    end = found.end
    return {
        "id": found.id,
        "state": found.state,
        "candidate": found.candidate,
        "production": found.production,
        "why": found.why,
        "studies": found.studies,
        "until": found.until,
        "registered_by": found.registered_by,
        "registered_at": found.registered_at,
        "margins": dict(found.margins),
        "progress": recorded(progress_of(work, found)),
        "ended": None if end is None else f"{end.at.isoformat()} by {end.by}: {end.reason}",
    }
