"""What MLflow must find in the environment before it is imported; imports nothing of it."""

from collections.abc import MutableMapping
from types import MappingProxyType

ENVIRONMENT = MappingProxyType(
    {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_LOGGING_LEVEL": "WARNING",
    }
)


def prepare_environment(environ: MutableMapping[str, str]) -> None:
    """Switch off telemetry, background jobs and every unpickling; children of the process inherit it.

    `cli` and `bootstrap` call this with `os.environ` before anything imports MLflow, which reads it once.
    """
    environ.update(ENVIRONMENT)
