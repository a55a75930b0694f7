"""Logs to standard error: one line an event, keys only, never a patient."""

import logging
import sys


def configure(*, debug: bool = False) -> None:
    """Send our log lines to standard error; third-party chatter only from warnings up."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    for name in ("overread", "serving", "flows", "feedback", "model_registry", "monitoring", "bootstrap"):
        logging.getLogger(name).setLevel(logging.DEBUG if debug else logging.INFO)
