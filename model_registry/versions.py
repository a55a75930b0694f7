"""Registered versions: the MLflow model, our row of the same number, lineage, and the alias that follows."""

import tempfile
import warnings
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path

import mlflow.pyfunc
import numpy as np
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec

from model_registry.packaging import Contract, open_package, package_parts
from model_registry.tracking import Record, Tracking
from overread.domain.audit import AuditEvent
from overread.domain.identifiers import VersionKey
from overread.domain.models import Lineage, ModelState, ModelVersion
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork

ALIAS = "production"
ARTIFACT = "model"
SCRIPT = Path(__file__).with_name("served_model.py")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A version as MLflow's registry counted it, before our own row exists."""

    version: VersionKey
    run: str


def log_model(record: Record, content: bytes) -> None:
    """Keep a package in a run as an MLflow model from code, with the package's members as its files.

    The parts of a package give its bytes again, so the package itself is not kept a second time.
    """
    package = open_package(content)
    with tempfile.TemporaryDirectory(prefix="overread-model-") as folder:
        parts = _parts(Path(folder), content)
        place = Path(folder) / ARTIFACT
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # asks for an example input; the signature is given
            mlflow.pyfunc.save_model(
                path=str(place),
                python_model=str(SCRIPT),
                artifacts={name: str(path) for name, path in parts.items()},
                pip_requirements=[f"overread[serve]=={metadata.version('overread')}"],
                signature=_signature(package.contract),
                metadata={
                    "digest": str(package.digest),
                    "architecture": package.contract.architecture,
                    "precision": package.precision.value,
                },
            )
        record.client.log_artifacts(record.id, str(place), ARTIFACT)
    record.tags({"overread.package": package.digest, "overread.precision": package.precision.value})


def _parts(folder: Path, package: bytes) -> dict[str, Path]:
    parts = package_parts(package)
    for name, content in parts.items():
        (folder / name).write_bytes(content)
    return {name: folder / name for name in parts}


def _signature(contract: Contract) -> ModelSignature:
    pixels = TensorSpec(np.dtype(np.uint8), (-1, 1, contract.size, contract.size))
    probability = TensorSpec(np.dtype(np.float32), (-1, 1 + len(contract.findings)))
    return ModelSignature(inputs=Schema([pixels]), outputs=Schema([probability]))


def enter(tracking: Tracking, name: str, *, run: str) -> Entry:
    """Register the model of a run in MLflow and return its number; a second time gives the same one."""
    client = tracking.client
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    known = client.search_model_versions(f"name = '{name}' and run_id = '{run}'")
    if known:
        return Entry(version=VersionKey(str(known[0].version)), run=run)
    source = f"{client.get_run(run).info.artifact_uri}/{ARTIFACT}"
    made = client.create_model_version(name, source, run_id=run)
    return Entry(version=VersionKey(str(made.version)), run=run)


def register(
    work: UnitOfWork,
    objects: Objects,
    content: bytes,
    entry: Entry,
    *,
    lineage: Lineage,
    trained_at: datetime,
) -> ModelVersion:
    """Keep a package among the objects and its version as a candidate; a second time changes nothing."""
    known = [model for model in work.models.all() if model.version == entry.version]
    if known:
        return known[0]
    package = open_package(content)
    contract = package.contract
    model = ModelVersion(
        version=entry.version,
        name=contract.name,
        architecture=contract.architecture,
        image_size=contract.size,
        digest=objects.put(content),
        threshold=contract.threshold,
        state=ModelState.CANDIDATE,
        trained_at=trained_at,
        lineage=lineage,
        findings=contract.findings,
    )
    work.models.add(model)
    details = {"digest": model.digest, "dataset": lineage.dataset_version, "run": lineage.run}
    work.audit.append(
        AuditEvent(
            at=trained_at,
            by="overread",
            action="model-registered",
            subject=f"model:{model.version}",
            details=details,
        )
    )
    return model


def tag_lineage(client: MlflowClient, name: str, model: ModelVersion) -> None:
    """Write a version's lineage onto it in MLflow; repeatable."""
    lineage = model.lineage
    tags = {
        "dataset_version": lineage.dataset_version,
        "parent": lineage.parent or "",
        "corrections": lineage.corrections,
        "code": lineage.code,
        "flow_runs": ",".join(lineage.flow_runs),
        "within_protocol": lineage.within_protocol,
        "recipe": lineage.recipe,
        "digest": model.digest,
        "threshold": model.threshold,
        "signed_by": "" if model.signature is None else model.signature.public,
        "signature": "" if model.signature is None else model.signature.value,
    }
    for tag, value in tags.items():
        client.set_model_version_tag(name, model.version, f"overread.{tag}", str(value))


def follow_alias(client: MlflowClient, name: str, version: str) -> None:
    """Point MLflow's production alias at a version; the outbox may ask for it again and again."""
    client.set_registered_model_alias(name, ALIAS, version)


def aliased(client: MlflowClient, name: str) -> VersionKey | None:
    """Return the version that MLflow's production alias names, None where it names none.

    Read from the registered model: a search returns versions without their aliases.
    """
    try:
        version = client.get_registered_model(name).aliases.get(ALIAS)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    return None if version is None else VersionKey(str(version))
