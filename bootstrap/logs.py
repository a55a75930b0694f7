"""Logs to standard error: one line an event, keys only, never a patient."""

import logging
import sys

OURS = (
    "overread",
    "feedback",
    "model_registry",
    "monitoring",
    "bootstrap",
    "pipeline",
    "serving",
    "flows",
    "experiments",
    "cli",
)
_TALKS_OF_PATIENTS = ("pydicom", "py.warnings")  # both quote the values they find odd


def configure(*, debug: bool = False) -> None:
    """Send our log lines to standard error; third-party chatter only from warnings up."""
    logging.captureWarnings(capture=True)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    for name in OURS:
        logging.getLogger(name).setLevel(logging.DEBUG if debug else logging.INFO)
    for name in _TALKS_OF_PATIENTS:
        logging.getLogger(name).setLevel(logging.ERROR)
