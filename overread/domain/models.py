"""A registered model: where it came from, what it is, and whether it serves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from overread.domain.identifiers import Digest, PersonKey, VersionKey
from overread.domain.resources import Device


class ModelState(StrEnum):
    """At most one version is in production."""

    CANDIDATE = "candidate"
    PRODUCTION = "production"
    RETIRED = "retired"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True, slots=True)
class Lineage:
    """From labels to weights."""

    dataset_version: str
    parent: VersionKey | None
    corrections: int
    code: str
    run: str
    flow_runs: tuple[str, ...] = ()
    within_protocol: bool = True
    recipe: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """A site's word on a package: the public half of its Ed25519 key and the signature, both in hex."""

    public: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelVersion:
    """One version with the digest of the package that would serve it."""

    version: VersionKey
    name: str
    architecture: str
    image_size: int
    digest: Digest
    threshold: float
    state: ModelState
    trained_at: datetime
    lineage: Lineage
    findings: tuple[str, ...] = ()
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    signature: Signature | None = None


class RunState(StrEnum):
    """Where a retraining stands; one whose process died waits again.

    `stopping` was called off while it ran: its process has yet to let go.
    """

    WAITING = "waiting"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingRun:
    """One retraining from request to candidate; `heartbeat` is how a dead one is told from a slow one.

    `device` and `disk`, the most bytes its trainings held at a time, are known once they have ended.
    """

    id: str
    state: RunState
    requested_by: PersonKey
    requested_at: datetime
    trigger: str = "person"
    progress: float = 0.0
    step: str = ""
    flow_run: str | None = None
    dataset_version: str | None = None
    candidates: tuple[str, ...] = ()
    heartbeat: datetime | None = None
    finished_at: datetime | None = None
    message: str = ""
    reason: str = ""
    device: Device | None = None
    disk: int | None = None
