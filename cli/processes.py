"""Processes: `overread serve`, `overread up`, `overread doctor`."""

import gc
import os
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import DEBUG
from cli.settings import AsJson, answer, say, settings

if TYPE_CHECKING:
    from bootstrap.processes import Processes
    from overread.settings.environment import Settings

GRACE = 5  # seconds that an answer on its way gets when the server is asked to end

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("up")(up)
    app.command("serve")(serve)
    app.command("doctor")(doctor)


def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Run web pages, HTTP API and inference; alone it takes studies, reads, reviews, promotes, rolls back."""
    gc.disable()  # what is loaded here stays: walking it again while it grows costs a tenth of the start
    import uvicorn

    from bootstrap.logs import configure
    from bootstrap.processes import listening, reached_at
    from bootstrap.web import web_services
    from overread.imaging.decoding import Decoder
    from serving.app import create_app
    from serving.server import Server

    configure(debug=DEBUG in os.environ)
    with listening(host, port) as socket, closing(Decoder()) as decoder, suppress(KeyboardInterrupt):
        app = create_app(web_services(settings(), decoder))
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=GRACE)
        say(f"Overread   http://{reached_at(host)}:{port}  (Ctrl-C ends it)")
        gc.freeze()
        gc.enable()
        Server(config, ending=app.state.web.streams.end).run(sockets=[socket])


def up(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Run everything one department needs: server, Prefect, schedules; Ctrl-C ends it all."""
    from bootstrap.probes import require_answer
    from bootstrap.processes import Processes, alone, listening
    from bootstrap.storage import initialise

    chosen = settings()
    with alone(chosen.folder), suppress(KeyboardInterrupt):
        listening(host, port).close()  # what cannot be is said now, before the slow part
        if (prefect := os.environ.get("PREFECT_API_URL")) is not None:
            require_answer("Prefect", prefect, "correct PREFECT_API_URL")
        made = initialise(chosen)
        if made.password:
            say(f"first operator: {made.operator}, one-time password: {made.password}")
        with Processes(chosen.folder / "logs") as processes:
            _start(chosen, processes, host=host, port=port)
            while (ended := processes.ended()) is None:
                time.sleep(0.5)
        name, code = ended
        say(f"overread: {name} ended with code {code}; see {chosen.folder / 'logs' / name}.log")
        raise typer.Exit(1)
    say("ended")


def _start(chosen: "Settings", processes: "Processes", *, host: str, port: int) -> None:
    """Start the server, Prefect where no address of one is set, and the schedules once Prefect answers."""
    from bootstrap.processes import free_port, prefect_environment, prefect_server, reached_at, schedules, web

    prefect = None
    if "PREFECT_API_URL" not in os.environ:
        prefect_port = free_port()
        os.environ.update(prefect_environment(chosen, port=prefect_port))  # for all that we start
        prefect = prefect_server(chosen, port=prefect_port)
        processes.begin(prefect)
        if not chosen.prefect_ui and host in {"127.0.0.1", "localhost"}:  # else others would be led nowhere
            chosen = chosen.model_copy(update={"prefect_ui": f"http://127.0.0.1:{prefect_port}"})
    processes.start(web(chosen, host=host, port=port))
    say(f"Overread   http://{reached_at(host)}:{port}  (data in {chosen.folder})")
    if prefect is not None:
        say("Prefect    starting, up to half a minute ...")
        processes.wait_for(prefect)
    processes.start(schedules(chosen))
    say(f"Prefect    {os.environ['PREFECT_API_URL'].removesuffix('/api')}  (Ctrl-C ends everything)")


def doctor(as_json: AsJson = False) -> None:
    """Check settings, database, MLflow, Prefect, device, decoders and disk; say what to do."""
    from bootstrap.health import examine

    found = examine(settings())
    if as_json:
        answer({check.name: {"ok": check.ok, "said": check.said} for check in found}, as_json=True)
    else:
        for check in found:
            typer.echo(f"{'ok  ' if check.ok else 'FAIL'}  {check.name:<10} {check.said}")
    if not all(check.ok for check in found):
        raise typer.Exit(1)
