"""`overread foreign-ris`: the widget as it looks in somebody else's program."""

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from cli.settings import say, settings

if TYPE_CHECKING:
    from bootstrap.storage import Storage
    from cli.foreign_ris.server import Listed

READER = "foreign-reader"
RIS = "foreign-ris"
MOST = 40

Port = Annotated[int, typer.Option(min=1, max=65535)]


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command("foreign-ris")(foreign_ris)


def foreign_ris(port: Port = 8000, ris_port: Port = 8090) -> None:
    """Serve Overread, and a made-up RIS on another origin that shows its widget; for trying it out."""
    from bootstrap.clock import utc_now
    from bootstrap.credentials import issue_token
    from bootstrap.processes import Processes, web
    from bootstrap.storage import open_storage
    from cli.foreign_ris.server import ForeignRis, Overread
    from overread.domain.identifiers import PersonKey
    from overread.domain.people import WIDGET_LASTS, Role, Scope

    chosen = settings()
    storage, now = open_storage(chosen), utc_now()
    with ForeignRis(ris_port) as ris, Processes(chosen.folder / "logs") as processes:
        issue_token(
            storage, PersonKey(READER), Role.READER, scope=Scope.WIDGET, now=now
        )  # so that it is known
        token = issue_token(
            storage, PersonKey(RIS), Role.OPERATOR, scope=Scope.VOUCH, now=now, expires_at=now + WIDGET_LASTS
        )
        ris.overread = Overread(address=f"http://127.0.0.1:{port}", token=token)
        ris.reader, ris.studies = READER, studies_of(storage)
        listed = f"{chosen.widget_origins} {ris.origin}".strip()
        allowed = chosen.model_copy(update={"widget_origins": listed})
        processes.start(web(allowed, host="127.0.0.1", port=port))
        say(f"Overread    {ris.overread.address}")
        say(f"foreign RIS {ris.origin}  (Ctrl-C ends both)")
        with suppress(KeyboardInterrupt):
            ris.serve_forever()


def studies_of(storage: "Storage") -> "list[Listed]":
    """Return the latest studies as another house would list them."""
    from cli.foreign_ris.server import Listed
    from overread.store.studies import Filter

    with storage.look() as work:
        rows = work.studies.page(Filter(), after=None, limit=MOST)
    return [
        Listed(
            uid=study.uid,
            accession=f"A{study.received_at:%y%m%d}-{len(rows) - number:04d}",
            patient=patient.id,
            time=f"{study.received_at:%H:%M}",
        )
        for number, (study, patient) in enumerate(rows)
    ]
