"""`overread foreign-ris`: the widget as it looks in somebody else's program."""

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.settings import say, settings

if TYPE_CHECKING:
    from bootstrap.storage import Storage
    from cli.foreign_ris.server import Listed

READER = "foreign-reader"
RIS = "foreign-ris"
MOST = 40

RisPort = Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the RIS.")]
OverreadPort = Annotated[int, typer.Option(min=1, max=65535, help="Port of Overread.")]


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command("foreign-ris")(foreign_ris)


def foreign_ris(port: RisPort = 8090, overread_port: OverreadPort = 8000) -> None:
    """Serve Overread, and a made-up RIS on another origin that shows its widget; for trying it out."""
    from bootstrap.clock import utc_now
    from bootstrap.processes import Processes, listening, web
    from bootstrap.storage import open_storage
    from cli.foreign_ris.server import ForeignRis, Overread

    chosen = settings()
    storage = open_storage(chosen)
    for each in (port, overread_port):
        listening("127.0.0.1", each).close()  # what cannot be is said now, before the slow part
    with ForeignRis(port) as ris, Processes(chosen.folder / "logs") as processes:
        token = credential(storage, now=utc_now())
        ris.overread = Overread(address=f"http://127.0.0.1:{overread_port}", token=token)
        ris.reader, ris.studies = READER, studies_of(storage)
        listed = f"{chosen.widget_origins} {ris.origin}".strip()
        allowed = chosen.model_copy(update={"widget_origins": listed})
        processes.start(web(allowed, host="127.0.0.1", port=overread_port))
        say(f"Overread    {ris.overread.address}")
        say(f"foreign RIS {ris.origin}  (Ctrl-C ends both)")
        with suppress(KeyboardInterrupt):
            ris.serve_forever()


def credential(storage: "Storage", *, now: datetime) -> str:
    """Return what the RIS vouches with for a working day, and make its one reader known."""
    from bootstrap.credentials import issue_token
    from overread.domain.identifiers import PersonKey
    from overread.domain.people import WIDGET_LASTS, Role, Scope

    ends = now + WIDGET_LASTS
    issue_token(storage, PersonKey(READER), Role.READER, scope=Scope.WIDGET, now=now, expires_at=ends)
    return issue_token(storage, PersonKey(RIS), Role.OPERATOR, scope=Scope.VOUCH, now=now, expires_at=ends)


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
