"""What the web process must never load, and what it must not load before it is ready."""

import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap.storage import TASK, initialise, open_storage
from overread.settings.environment import Settings
from tests.serving.builders import keep_signing_key, put_in_production

SCRIPT = """
import sys, pathlib
from bootstrap.web import web_services
from overread.imaging.decoding import Decoder
from overread.settings.environment import Settings
from serving.app import create_app
create_app(web_services(Settings(data_dir=pathlib.Path(sys.argv[1])), Decoder()))
print(*sys.modules)
"""
NEVER = {"torch", "torchvision", "mlflow", "prefect", "sklearn", "pandas", "evidently"}
LATER = {
    "alembic",
    "cryptography",
    "httpx",
    "imagecodecs",
    "jinja2",
    "onnxruntime",
    "PIL",
    "pydicom",
    "requests",
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return the modules of a web process that is put together and has answered nobody yet."""
    folder: Path = tmp_path_factory.mktemp("imports")
    initialise(Settings(data_dir=folder))
    done = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", SCRIPT, str(folder)], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_web_process_loads_neither_torch_mlflow_nor_prefect(loaded: set[str]) -> None:
    assert NEVER & loaded == set()


ANSWER = """
import sys, pathlib
import numpy as np
from bootstrap.storage import TASK, open_storage
from overread.settings.environment import Settings
from serving.inference import batching, heatmaps
from serving.inference.model_slot import ModelSlot
settings = Settings(data_dir=pathlib.Path(sys.argv[1]))
storage = open_storage(settings)
with storage.look() as work:
    slot = ModelSlot(
        storage, task=work.people.fact(TASK), threads=1, signing_key=settings.signing_key_path
    )
assert slot.follow(), slot.failure
size = slot.current.contract.size
(said,) = batching.score(slot.current, [np.full((size, size), 255, np.uint8)])
heatmaps.png(heatmaps.overlay(said.map, 512, 512))
print(*sys.modules)
"""


def test_loading_a_model_answering_and_drawing_need_neither_torch_nor_mlflow(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    keep_signing_key(settings.signing_key_path)
    initialise(settings)
    storage = open_storage(settings)
    with storage.look() as work:
        task = work.people.fact(TASK)
    put_in_production(storage, str(task), "1")
    storage.engine.dispose()
    done = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", ANSWER, str(tmp_path)], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "onnxruntime" in loaded
    assert (NEVER | {"onnx", "onnxruntime.quantization"}) & loaded == set()


def test_what_the_first_study_needs_is_not_loaded_before_the_server_is_ready(loaded: set[str]) -> None:
    assert LATER & loaded == set()


def test_no_part_of_scipy_is_loaded_before_a_number_is_shown(loaded: set[str]) -> None:
    assert {"scipy.stats", "scipy.special", "scipy.spatial"} & loaded == set()
