"""What `overread doctor` looks at: each check says what it found, and what to do where it fails."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import httpx
from cryptography.hazmat.primitives import serialization

from bootstrap.storage import open_storage
from overread.domain.errors import OverreadError
from overread.settings.environment import Settings
from overread.settings.tasks import load_task
from overread.store.failures import FAILURES

ENOUGH_DISK_GIB = 5
_EXPECTED: tuple[type[Exception], ...] = (
    OverreadError,
    OSError,
    ValueError,
    httpx.HTTPError,
    subprocess.SubprocessError,
    *FAILURES,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    ok: bool
    said: str


def examine(settings: Settings) -> list[Check]:
    """Run every check; none stops the others."""
    checks: dict[str, Callable[[Settings], str]] = {
        "settings": _settings,
        "database": _database,
        "objects": _objects,
        "keys": _keys,
        "mlflow": _mlflow,
        "prefect": _prefect,
        "device": _device,
        "decoders": _decoders,
        "disk": _disk,
    }
    return [_checked(name, check, settings) for name, check in checks.items()]


def _checked(name: str, check: Callable[[Settings], str], settings: Settings) -> Check:
    try:
        return Check(name=name, ok=True, said=check(settings))
    except _EXPECTED as error:
        said = str(error).strip() or type(error).__name__
        return Check(name=name, ok=False, said=said.splitlines()[0])


def _settings(settings: Settings) -> str:
    task = load_task(settings.task)
    return f"data in {settings.folder}, site {settings.site}, task {task.name}"


def _database(settings: Settings) -> str:
    storage = open_storage(settings)
    with storage.look() as work:
        studies = sum(work.studies.count_by_state().values())
    return f"schema is current, {studies} studies"


def _objects(settings: Settings) -> str:
    storage = open_storage(settings)
    digest = storage.objects.put(b"overread doctor")
    storage.objects.get(digest)
    return f"written and read back in {settings.objects}"


def _keys(settings: Settings) -> str:
    for path in (settings.secret_path, settings.signing_key_path):
        if path.stat().st_mode & 0o077:
            raise OverreadError(f"{path.name} can be read by others; run: chmod 600 {path}")
    key = serialization.load_pem_private_key(settings.signing_key_path.read_bytes(), password=None)
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"only the owner reads them; signing key {hashlib.sha256(public).hexdigest()[:16]}"


def _mlflow(settings: Settings) -> str:
    _present("mlflow", "train")
    if settings.mlflow.startswith("http"):
        httpx.get(f"{settings.mlflow}/health", timeout=5).raise_for_status()
        return f"{settings.mlflow} answers"
    return f"local: {settings.mlflow}"


def _prefect(_settings: Settings) -> str:
    _present("prefect", "train")
    address = os.environ.get("PREFECT_API_URL")
    if address is None:
        return "no PREFECT_API_URL: `overread up` starts a local server"
    httpx.get(f"{address}/health", timeout=5).raise_for_status()
    return f"{address} answers"


def _device(settings: Settings) -> str:
    _present("torch", "train")
    script = "import torch; print(torch.__version__, torch.cuda.device_count())"
    found = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    version, devices = found.stdout.split()
    if settings.device.startswith("cuda") and devices == "0":
        raise OverreadError("OVERREAD_DEVICE asks for CUDA, and torch sees none; use auto or cpu")
    return f"torch {version}, {devices} CUDA devices, {os.cpu_count()} cores"


def _decoders(_settings: Settings) -> str:
    wanted = {"imagecodecs": "JPEG, JPEG-LS, JPEG 2000", "cv2": "PNG"}
    missing = [said for module, said in wanted.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise OverreadError(f"cannot decode {', '.join(missing)}; run `make install` again")
    return ", ".join(wanted.values())


def _disk(settings: Settings) -> str:
    place = settings.folder if settings.folder.exists() else settings.folder.parent
    free = shutil.disk_usage(place).free / 2**30
    if free < ENOUGH_DISK_GIB:
        raise OverreadError(f"{free:.1f} GiB free; at least {ENOUGH_DISK_GIB} GiB are needed")
    return f"{free:.0f} GiB free"


def _present(module: str, extra: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise OverreadError(f"{module} is not installed; run: pip install 'overread[{extra}]'")
