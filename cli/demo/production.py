"""The production training tried out: one step of ResNet152 at 512 pixels, its export, one served answer."""

import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx

from bootstrap.clock import utc_now
from bootstrap.credentials import issue_token
from bootstrap.processes import Processes, free_port, web
from bootstrap.signing import SiteKey, signed
from bootstrap.storage import initialise, open_storage
from cli.demo.production_step import Step, one_step
from model_registry.versions import Entry, register
from overread.domain.identifiers import PersonKey, VersionKey
from overread.domain.models import Lineage
from overread.domain.people import Role
from overread.imaging.samples import real_chest
from overread.settings.environment import Settings
from overread.simulation.population import SimulatedStudy

TASK = "cxr-binary"
FIRST = VersionKey("1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried(Step):
    """What came of it; the answer's members are None where no real chest radiograph is installed."""

    seconds: float = 0.0
    label: str | None = None
    probability: float | None = None
    milliseconds: float | None = None


def try_production(studies: Sequence[SimulatedStudy], folder: Path) -> Tried:
    """Take one step on studies with and without a finding, export, prove, and answer a real radiograph.

    The department in `folder` is made for this trial and removed: its model has learned next to nothing.
    """
    began, package, chest = time.monotonic(), folder / "package", real_chest()
    folder.mkdir(parents=True)
    try:
        tried = Tried(**asdict(_one_step(studies, package)))
        if chest is not None:
            answer = _served(_own(folder), package.read_bytes(), chest)
            said = {name: answer[name] for name in ("label", "probability", "milliseconds")}
            tried = replace(tried, **said)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return replace(tried, seconds=round(time.monotonic() - began, 1))


def _one_step(studies: Sequence[SimulatedStudy], package: Path) -> Step:
    """Take the step in a process that is gone, with what it held, before anything is served."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        return alone.submit(one_step, studies, package).result()


def _own(folder: Path) -> Settings:
    """Return settings under which everything lies in `folder`, whatever the environment says."""
    return Settings(
        data_dir=folder,
        database_url="",
        object_url="",
        mlflow_uri="",
        secret_file=folder / "secret",
        signing_key_file=folder / "signing.key",
        task=TASK,
    )


def _served(settings: Settings, content: bytes, chest: bytes) -> dict[str, Any]:
    """Serve a package over HTTP, send it one radiograph, and return the prediction."""
    initialise(settings)
    storage, now = open_storage(settings), utc_now()
    lineage = Lineage(dataset_version="none", parent=None, corrections=0, code="", run="trial")
    with storage.work() as work:
        entry = Entry(version=FIRST, run=lineage.run)
        model = register(work, storage.objects, content, entry, lineage=lineage, trained_at=now)
        signed(work, model, SiteKey.read(settings.signing_key_path))
        work.models.put_in_production(
            TASK, FIRST, at=now, by=("trial", "trial"), reason="a trial of the format", rollback=False
        )
        work.commit()
    token = issue_token(storage, PersonKey("scanner"), Role.DEVICE, now=now)
    storage.engine.dispose()
    port = free_port()
    asked = {"Content-Type": "application/dicom", "Prefer": "wait=30"}
    with Processes(settings.folder / "logs") as processes:
        processes.start(web(settings, host="127.0.0.1", port=port))
        headers = {"Authorization": f"Bearer {token}", **asked}
        place = f"http://127.0.0.1:{port}/api/v1/instances"
        sent = httpx.post(place, content=chest, headers=headers, timeout=120, trust_env=False)
    answer: dict[str, Any] = sent.raise_for_status().json()["prediction"]
    return answer
