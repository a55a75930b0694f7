"""A Prefect server for one command: the one that is set, or a local one for as long as the command runs."""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager

from bootstrap.probes import require_answer
from bootstrap.processes import Processes, free_port, prefect_environment, prefect_server
from overread.domain.errors import UnavailableError
from overread.settings.environment import Settings


@contextmanager
def prefect_here(settings: Settings) -> Iterator[str]:
    """Set PREFECT_API_URL for this process, before anything imports Prefect, and give the address.

    Raises
    ------
    UnavailableError
        Prefect is not installed, or the server that is set does not answer.
    """
    if importlib.util.find_spec("prefect") is None:
        raise UnavailableError("Prefect is not installed; run: pip install 'overread[train]'")
    if (known := os.environ.get("PREFECT_API_URL")) is not None:
        require_answer("Prefect", known, "unset PREFECT_API_URL for a local server")
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
