"""How much memory `overread serve` holds with ResNet152 at 512 pixels: at rest, at work, and when it swaps.

    python -m benchmarks.serving_memory [--studies 20] [--clients 4]

Weights are random and the threshold is 0, so that every answer draws a heatmap. Memory is the proportional
set size of the serving process, and of its whole tree with the decoder's child and the tether that ends it,
looked at ten times a second. Seconds are from the first upload to the last answer, and of all processors.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import httpx
import numpy as np
import psutil

from benchmarks.memory import held, tree
from bootstrap.clock import utc_now
from bootstrap.credentials import issue_token
from bootstrap.processes import Processes, Program, free_port, web
from bootstrap.signing import SiteKey, signed
from bootstrap.storage import Storage, initialise, open_storage
from model_registry.versions import Entry, register
from overread.domain.identifiers import PersonKey, VersionKey
from overread.domain.models import Lineage
from overread.domain.people import Role
from overread.settings.environment import Settings
from overread.simulation.pictures import draw
from overread.simulation.population import Department, studies
from overread.simulation.studies import to_dicom

ARCHITECTURE, SIZE = "resnet152", 512
DRAWN = 1024  # pixels a side of what is sent
ALLOWED = 800  # MB of the serving process, at work
THREADS = 2
MB = 1e6
_EVERY, _SETTLED, _LONGEST = 0.1, 1.0, 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """Bytes of the serving process and of its whole tree, and the seconds of processor they have had."""

    server: int
    everything: int
    processor: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What was seen while something happened; the last look is from its end."""

    name: str
    looks: Sequence[Look]
    seconds: float

    @property
    def most(self) -> int:
        """The most bytes that the serving process held."""
        return max(look.server for look in self.looks)

    def line(self) -> str:
        """Return the step as one line to read."""
        first, last = self.looks[0], self.looks[-1]
        peak = max(look.everything for look in self.looks)
        return (
            f"{self.name}: server {last.server / MB:.0f} MB (most {self.most / MB:.0f}), whole tree "
            f"{last.everything / MB:.0f} MB (most {peak / MB:.0f}); {self.seconds:.1f} s, "
            f"{last.processor - first.processor:.1f} s of processor"
        )


def look(process: psutil.Process) -> Look:
    """Look at a server's tree; the serving process is the one that holds most."""
    everyone = tree(process)
    each = [held([one]) for one in everyone]
    used = sum(sum(one.cpu_times()[:2]) for one in everyone if one.is_running())
    return Look(server=max(each), everything=sum(each), processor=used)


@contextmanager
def watched(process: psutil.Process, looks: list[Look]) -> Iterator[None]:
    """Look again and again while the block runs, and once when it is over."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_EVERY):
            looks.append(look(process))

    thread = threading.Thread(target=watch)
    looks.append(look(process))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        looks.append(look(process))


class Served:
    """A server over its own data folder, and the seconds and memory of what it is made to do."""

    def __init__(self, folder: Path, processes: Processes) -> None:
        self._settings = Settings(data_dir=folder, inference_threads=THREADS)
        initialise(self._settings)
        self._storage = open_storage(self._settings)
        self._token = issue_token(self._storage, PersonKey("scanner"), Role.DEVICE, now=utc_now())
        port = free_port()
        self._program: Program = web(self._settings, host="127.0.0.1", port=port)
        self._address = f"http://127.0.0.1:{port}"
        self._processes = processes
        self._tree = psutil.Process(processes.begin(self._program).pid)

    def started(self) -> Step:
        """Wait until it answers, without a model."""
        return self._step("started", lambda: self._processes.wait_for(self._program))

    def serving(self, version: str, content: bytes) -> Step:
        """Put a package in production and wait until it serves."""
        put_in_production(self._settings, self._storage, version, content)
        return self._step(f"version {version} at rest", lambda: until(lambda: self._serves(version)))

    def sent(self, files: Sequence[bytes], *, clients: int) -> Step:
        """Send files from several clients at once; each waits for its answer."""

        def all_sent() -> None:
            with ThreadPoolExecutor(clients) as pool:
                list(pool.map(self._send, files))

        return self._step(f"after {len(files)} studies", all_sent)

    def _step(self, name: str, act: Callable[[], object]) -> Step:
        looks: list[Look] = []
        with watched(self._tree, looks):
            began = time.perf_counter()
            act()
            seconds = time.perf_counter() - began
            time.sleep(_SETTLED)
        return Step(name=name, looks=looks, seconds=seconds)

    def _serves(self, version: str) -> bool:
        said = httpx.get(f"{self._address}/health/ready", timeout=_LONGEST, trust_env=False).json()
        return bool(said["checks"]["inference"]["model"] == version)

    def _send(self, file: bytes) -> None:
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/dicom",
            "Prefer": "wait=30",
        }
        place = f"{self._address}/api/v1/instances"
        sent = httpx.post(place, content=file, headers=headers, timeout=_LONGEST, trust_env=False)
        if sent.raise_for_status().json()["prediction"]["heatmap"] is None:
            raise RuntimeError("an answer came without its heatmap")


def put_in_production(settings: Settings, storage: Storage, version: str, content: bytes) -> None:
    """Register a package and let it serve, as if two people had approved it."""
    lineage = Lineage(dataset_version="none", parent=None, corrections=0, code="", run=version)
    entry, now = Entry(version=VersionKey(version), run=version), utc_now()
    with storage.work() as work:
        model = register(work, storage.objects, content, entry, lineage=lineage, trained_at=now)
        signed(work, model, SiteKey.read(settings.signing_key_path))
        work.models.put_in_production(
            settings.task, entry.version, at=now, by=("bench", "bench"), reason="measured", rollback=False
        )
        work.commit()


def until(true: Callable[[], bool]) -> None:
    """Wait for a condition."""
    end = time.monotonic() + _LONGEST
    while not true():
        if time.monotonic() > end:
            raise RuntimeError("the server does not serve what was put in production")
        time.sleep(_EVERY)


def random_package(name: str, *, architecture: str = ARCHITECTURE, size: int = SIZE) -> bytes:
    """Return the package of a network with random weights, made by a process that is then gone."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        return alone.submit(_package, name, architecture, size).result()


def _package(name: str, architecture: str, size: int) -> bytes:
    from model_registry.parity import packaged  # noqa: PLC0415 - here and below: torch, in the child alone
    from overread.learning.architectures import InputContract, build  # noqa: PLC0415
    from overread.learning.calibration import identity  # noqa: PLC0415
    from overread.learning.checkpoints import TrainedModel  # noqa: PLC0415

    contract = InputContract(size=size, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)
    weights = build(architecture, contract, outputs=1).state_dict()
    model = TrainedModel(
        weights=weights, architecture=architecture, width=16, columns=("any",), contract=contract
    )
    black = np.zeros((1, size, size), np.uint8)
    return packaged(model, identity(1), name=name, threshold=0.0, pictures=black)[0]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Print the memory of a server with a large network.")
    parser.add_argument("--studies", type=int, default=20)
    parser.add_argument("--clients", type=int, default=4)
    wanted = parser.parse_args()
    chosen = islice(studies(Department(seed=1)), wanted.studies)
    files = [to_dicom(study, draw(study, DRAWN)) for study in chosen]
    first, second = random_package("first"), random_package("second")
    with tempfile.TemporaryDirectory() as name, Processes(Path(name) / "logs") as processes:
        served = Served(Path(name) / "data", processes)
        print(served.started().line(), flush=True)
        print(served.serving("1", first).line(), flush=True)
        work = served.sent(files, clients=wanted.clients)
        print(work.line(), flush=True)
        print(served.serving("2", second).line())
    said = "met" if work.most <= ALLOWED * MB else "NOT met"
    print(f"at work {work.most / MB:.0f} MB of {ALLOWED} allowed, {said}")


if __name__ == "__main__":
    main()
