"""Runs in MLflow: what was trained on what, by which code, and how it went; nothing of a patient."""

import hashlib
import json
import platform
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, Metric, Param, Run, RunTag, ViewType
from mlflow.exceptions import MlflowException

from overread.domain.datasets import DatasetVersion
from overread.domain.errors import UnavailableError

LONGEST_DATASET_DIGEST = 36  # of MLflow's own dataset record
MOST_TAGS = 100  # that MLflow takes at once
KEY, HEARTBEAT, DATASET = "overread.key", "overread.heartbeat", "overread.dataset"
LIBRARIES = (
    "torch",
    "torchvision",
    "onnx",
    "onnxruntime",
    "safetensors",
    "numpy",
    "scipy",
    "scikit-learn",
    "mlflow",
)
_NAMELESS = re.compile(r"[^\w\-. /:]")  # what the name of a metric or tag must not hold


def environment() -> dict[str, str]:
    """Return the versions that a result may depend on; no host, no user, no path."""
    versions = {"python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}"}
    for library in LIBRARIES:
        try:
            versions[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            versions[library] = "absent"
    return versions


def code_version(root: Path | None = None) -> str:
    """Return the version of the code that trains: our release and the SHA-256 of `overread/learning`."""
    folder = root or Path(__file__).resolve().parents[1] / "overread" / "learning"
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    try:
        release = metadata.version("overread")
    except metadata.PackageNotFoundError:
        release = "0"
    return f"{release}+{digest.hexdigest()[:12]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One open run; every word goes to MLflow at once."""

    id: str
    client: MlflowClient

    def params(self, values: Mapping[str, object]) -> None:
        """Keep what was decided beforehand; said twice, the first word stays."""
        known = self.client.get_run(self.id).data.params
        fresh = [Param(key, str(value)) for key, value in values.items() if key not in known]
        if fresh:
            self.client.log_batch(self.id, params=fresh, synchronous=True)

    def tags(self, values: Mapping[str, object]) -> None:
        """Keep words that may change."""
        tags = [RunTag(_NAMELESS.sub("_", key), str(value)) for key, value in values.items()]
        for first in range(0, len(tags), MOST_TAGS):
            self.client.log_batch(self.id, tags=tags[first : first + MOST_TAGS], synchronous=True)

    def metrics(self, values: Mapping[str, float | None], *, step: int = 0, at: datetime) -> None:
        """Keep numbers, and with them a heartbeat; what is not defined is left out.

        A call for each epoch draws the curves.
        """
        milliseconds = int(at.timestamp() * 1000)
        defined = [
            Metric(_NAMELESS.sub("_", name), float(value), milliseconds, step)
            for name, value in values.items()
            if value is not None and value == value  # noqa: PLR0124 - NaN is not itself
        ]
        self.client.log_batch(self.id, metrics=defined, tags=[_heartbeat(at)], synchronous=True)

    def dataset(self, dataset: DatasetVersion, *, role: str = "training") -> None:
        """Keep the fingerprint of what was learned from or tested on."""
        self.tags({f"{DATASET}.{role}": dataset.version, f"{DATASET}.{role}.digest": dataset.digest})
        entity = Dataset(
            name=dataset.version,
            digest=dataset.digest[:LONGEST_DATASET_DIGEST],
            source_type="overread",
            source=json.dumps({"version": dataset.version, "digest": dataset.digest}),
            profile=json.dumps(dict(dataset.counts)),
        )
        self.client.log_inputs(self.id, [DatasetInput(entity)])

    def document(self, name: str, content: str) -> None:
        """Keep a text as an artifact: a card, a table."""
        self.client.log_text(self.id, content, name)

    def table(self, name: str, content: object) -> None:
        """Keep JSON values as an artifact."""
        self.document(name, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False))


class Tracking:
    """MLflow at one address; on the embedded default its files lie beside its database."""

    def __init__(self, uri: str, *, artifacts: Path | None = None) -> None:
        self.uri, self._artifacts = uri, artifacts
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        self.client = MlflowClient(tracking_uri=uri, registry_uri=uri)

    def experiment(self, name: str) -> str:
        """Return the id of an experiment, made where it is missing."""
        try:
            found = self.client.get_experiment_by_name(name)
            if found is not None:
                return str(found.experiment_id)
            location = None if self._artifacts is None else (self._artifacts / name).absolute().as_uri()
            return str(self.client.create_experiment(name, artifact_location=location))
        except MlflowException as error:
            raise UnavailableError(
                _without_password(f"MLflow at {self.uri} does not answer: {error}")
            ) from error

    @contextmanager
    def run(self, experiment: str, name: str, *, key: str, now: datetime) -> Iterator[Record]:
        """Open the run of `key`, the one begun before if there is one; an error inside marks it failed.

        So a training that is killed and taken up again goes on in its own run.
        """
        record = Record(id=self._run_of(self.experiment(experiment), name, key, now), client=self.client)
        try:
            yield record
        except BaseException:
            self.client.set_terminated(record.id, "FAILED")
            raise
        self.client.set_terminated(record.id, "FINISHED")

    def _run_of(self, experiment: str, name: str, key: str, now: datetime) -> str:
        found = self.client.search_runs([experiment], f"tags.`{KEY}` = '{key}'", max_results=1)
        if found:
            run_id = str(found[0].info.run_id)
            self.client.update_run(run_id, status="RUNNING")
            self.client.log_batch(run_id, tags=[_heartbeat(now)], synchronous=True)
            return run_id
        tags = {KEY: key, HEARTBEAT: now.astimezone(UTC).isoformat()}
        start = int(now.timestamp() * 1000)
        return str(self.client.create_run(experiment, start, tags, name).info.run_id)

    def sweep(self, *, now: datetime, silent_for: timedelta) -> list[str]:
        """Close runs that still say RUNNING and have said nothing for a while: their process was killed."""
        experiments = [found.experiment_id for found in self.client.search_experiments(ViewType.ALL)]
        running = self.client.search_runs(experiments, "attributes.status = 'RUNNING'") if experiments else []
        dead = [run for run in running if now - _last_heard(run) > silent_for]
        for run in dead:
            self.client.set_tag(run.info.run_id, "overread.swept", now.astimezone(UTC).isoformat())
            self.client.set_terminated(run.info.run_id, "KILLED")
        return [str(run.info.run_id) for run in dead]


def _without_password(message: str) -> str:
    return re.sub(r"//[^/@\s]*@", "//", message)


def _heartbeat(at: datetime) -> RunTag:
    return RunTag(HEARTBEAT, at.astimezone(UTC).isoformat())


def _last_heard(run: Run) -> datetime:
    said = run.data.tags.get(HEARTBEAT)
    if said is not None:
        return datetime.fromisoformat(said)
    return datetime.fromtimestamp(run.info.start_time / 1000, UTC)


# Tables and columns of MLflow's database that hold absolute paths.
_PATHS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def repair_paths(database: Path, artifacts: Path) -> int:
    """Point MLflow's own records at `artifacts` after the data folder was moved; return how many changed.

    Parameters
    ----------
    database : Path
        The SQLite file; no process may have it open for writing.
    artifacts : Path
        Where the artifacts lie now, as `Tracking` was given it.
    """
    if not database.is_file():
        return 0
    marker, now = f"/{artifacts.name}/", artifacts.absolute().as_uri() + "/"
    with closing(sqlite3.connect(database)) as connection, connection:
        there = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        return sum(
            _repaired(connection, table, column, marker, now) for table, column in _PATHS if table in there
        )


def _repaired(connection: sqlite3.Connection, table: str, column: str, marker: str, now: str) -> int:
    rows = connection.execute(f"SELECT rowid, {column} FROM {table} WHERE {column} LIKE 'file:%'").fetchall()  # noqa: S608 - our own names
    moved = [
        (now + path.rsplit(marker, 1)[1], row)
        for row, path in rows
        if marker in path and not path.startswith(now)
    ]
    connection.executemany(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", moved)  # noqa: S608 - our own names
    return len(moved)
