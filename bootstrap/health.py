"""What `overread doctor` looks at: each check says what it found, and what to do where it fails."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from bootstrap.probes import require_answer
from bootstrap.signing import SiteKey, require_signed
from bootstrap.storage import TASK, open_storage, sqlite_file
from overread.domain.errors import ConfigurationError, UnavailableError
from overread.settings.environment import Settings
from overread.settings.tasks import load_task

ENOUGH_DISK_GIB = 5
_NOT_SETTINGS = {"OVERREAD_DEBUG"}  # of the command itself
_BARS_OTHERS = 0o077


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
        "model": _model,
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
    except Exception as error:  # whatever it is, the others are still looked at
        words = str(getattr(error, "orig", error)).strip()  # a database's own, where it wraps them
        said = words.splitlines()[0] if words else type(error).__name__
        return Check(name=name, ok=False, said=said)


def _settings(settings: Settings) -> str:
    known = {f"OVERREAD_{name.upper()}" for name in Settings.model_fields} | _NOT_SETTINGS
    unknown = sorted(name for name in os.environ if name.startswith("OVERREAD_") and name not in known)
    if unknown:
        raise ConfigurationError(f"there is no setting {', '.join(unknown)}; unset it or correct its name")
    task = load_task(settings.task)
    return f"data in {settings.folder}, site {settings.site}, task {task.name}"


def _database(settings: Settings) -> str:
    with open_storage(settings).look() as work:
        studies = sum(work.studies.count_by_state().values())
    return f"schema is current, {studies} studies"


def _objects(settings: Settings) -> str:
    storage = open_storage(settings)
    digest = storage.objects.put(b"overread doctor")
    storage.objects.get(digest)
    return f"written and read back in {settings.objects}"


def _keys(settings: Settings) -> str:
    for path in (settings.secret_path, settings.signing_key_path):
        if not path.exists():
            raise ConfigurationError(f"there is no {path}; run `overread init`")
        if path.stat().st_mode & _BARS_OTHERS:
            raise ConfigurationError(f"{path.name} can be read by others; run: chmod 600 {path}")
    return f"only the owner reads them; signing key {SiteKey.read(settings.signing_key_path).fingerprint}"


def _model(settings: Settings) -> str:
    with open_storage(settings).look() as work:
        model = work.models.production(work.people.fact(TASK))
    if model is None:
        return (
            "none in production, studies wait; the way in: `overread import`, `overread dataset build`, "
            "`overread train`, `overread promote`, two reviewers"
        )
    require_signed(model, SiteKey.read(settings.signing_key_path).public)
    return f"version {model.version} in production, signed by this site"


def _mlflow(settings: Settings) -> str:
    _present("mlflow", "train")
    if settings.mlflow.startswith("http"):
        return _answering("MLflow", settings.mlflow, "OVERREAD_MLFLOW_URI")
    file = sqlite_file(settings.mlflow)
    if file is None:
        return "set by OVERREAD_MLFLOW_URI"  # which may hold a password
    return f"local: {file}" if file.exists() else f"local: {file}, made by the first training"


def _prefect(_settings: Settings) -> str:
    _present("prefect", "train")
    address = os.environ.get("PREFECT_API_URL")
    if address is None:
        return "no PREFECT_API_URL: `overread up` starts a local server"
    return _answering("Prefect", address, "PREFECT_API_URL")


def _answering(what: str, address: str, setting: str) -> str:
    return f"{require_answer(what, address, f'correct {setting}')} answers"


def _device(settings: Settings) -> str:
    _present("torch", "train")
    _present("onnxruntime", "serve")
    script = "import torch; print(torch.__version__, torch.cuda.device_count())"
    found = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False, timeout=120
    )
    if found.returncode != 0:
        reason = (found.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ConfigurationError(f"torch does not start: {reason}; run `make install` again")
    version, devices = found.stdout.split()
    if settings.device.startswith("cuda") and devices == "0":
        raise ConfigurationError("OVERREAD_DEVICE asks for CUDA, and torch sees none; use auto or cpu")
    return f"torch {version}, {devices} CUDA devices, {os.cpu_count()} cores"


def _decoders(_settings: Settings) -> str:
    wanted = {"imagecodecs": "JPEG, JPEG-LS, JPEG 2000", "cv2": "PNG"}
    missing = [said for module, said in wanted.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise ConfigurationError(f"cannot decode {', '.join(missing)}; run `make install` again")
    return ", ".join(wanted.values())


def _disk(settings: Settings) -> str:
    place = next(folder for folder in (settings.folder, *settings.folder.parents) if folder.exists())
    free = shutil.disk_usage(place).free / 2**30
    if free < ENOUGH_DISK_GIB:
        raise UnavailableError(
            f"{free:.1f} GiB free at {place}; at least {ENOUGH_DISK_GIB} GiB are needed: free some"
        )
    return f"{free:.0f} GiB free"


def _present(module: str, extra: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise ConfigurationError(f"{module} is not installed; run: pip install 'overread[{extra}]'")
