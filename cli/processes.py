"""Processes: `overread serve`, `overread up`, `overread doctor`."""

import os
import time
from typing import Annotated

import typer

from cli.settings import AsJson, answer, say, settings


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("up")(up)
    app.command("serve")(serve)
    app.command("doctor")(doctor)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
) -> None:
    """Run web pages, HTTP API and inference; alone it takes studies, reads, reviews, promotes, rolls back."""
    import uvicorn
    from serving.app import create_app

    from bootstrap.logs import configure
    from bootstrap.web import web_services
    from overread.imaging.decoding import Decoder

    configure(debug="OVERREAD_DEBUG" in os.environ)
    with Decoder() as decoder:
        app = create_app(web_services(settings(), decoder))
        uvicorn.run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=10)


def up(
    host: Annotated[str, typer.Option(help="Address of the pages.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the pages.")] = 8000,
) -> None:
    """Run everything one department needs: server, Prefect, schedules; Ctrl-C ends it all."""
    from bootstrap.processes import Processes, free_port, prefect_environment, prefect_server, web
    from bootstrap.storage import initialise

    chosen = settings()
    made = initialise(chosen)
    if made.password:
        say(f"first operator: {made.operator}, one-time password: {made.password}")
    with Processes(chosen.folder / "logs") as processes:
        environment: dict[str, str] = {}
        if "PREFECT_API_URL" not in os.environ:
            prefect_port = free_port()
            say("starting Prefect ...")
            processes.start(prefect_server(chosen, port=prefect_port))
            environment = prefect_environment(chosen, port=prefect_port)
            say(f"Prefect    {environment['PREFECT_API_URL'].removesuffix('/api')}")
        processes.start(_schedules(environment))
        processes.start(web(chosen, host=host, port=port))
        say(f"Overread   http://{host}:{port}  (data in {chosen.folder}; Ctrl-C ends everything)")
        while (ended := processes.ended()) is None:
            time.sleep(0.5)
    raise typer.Exit(_tell_end(*ended, str(chosen.folder / "logs")))


def _tell_end(name: str, code: int, logs: str) -> int:
    say(f"overread: {name} ended with code {code}; see {logs}/{name}.log")
    return 1


def _schedules(environment: dict[str, str]):  # type: ignore[no-untyped-def]  # Program is imported when used
    import sys

    from bootstrap.processes import Program, settings_environment

    return Program(
        name="schedules",
        command=[sys.executable, "-m", "flows.deployments"],
        environment={**settings_environment(settings()), **environment},
    )


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
