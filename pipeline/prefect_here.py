"""A Prefect server for one command: the one that is set, or a local one for as long as the command runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from bootstrap.processes import Processes, free_port, prefect_environment, prefect_server
from overread.settings.environment import Settings


@contextmanager
def prefect_here(settings: Settings) -> Iterator[str]:
    """Set PREFECT_API_URL for this process, before anything imports Prefect, and give the address."""
    if (known := os.environ.get("PREFECT_API_URL")) is not None:
        yield known
        return
    port = free_port()
    with Processes(settings.folder / "logs") as processes:
        processes.start(prefect_server(settings, port=port))
        environment = prefect_environment(settings, port=port)
        os.environ.update(environment)
        try:
            yield environment["PREFECT_API_URL"]
        finally:
            for name in environment:
                os.environ.pop(name, None)
