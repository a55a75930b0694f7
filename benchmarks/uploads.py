"""Seconds from a sent DICOM file to its answer, synced to disk, at 512 x 512 and 3000 x 2500; four senders.

Ours is the server's own upload: the study, its place in the queue and its line in the change record are as
durable as the file; scoring is left to another process. The peer is a FastAPI application that takes a
multipart file as the documentation shows, syncs file and folder, and knows nothing of what it took.
"""

import http.client
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
from pydicom.uid import ExplicitVRLittleEndian

from benchmarks.dicom_reduction import file_of
from benchmarks.recording import Row, rounds, row, tell
from bootstrap.clock import utc_now
from bootstrap.credentials import issue_token
from bootstrap.processes import Processes, Program, free_port
from bootstrap.storage import initialise, open_storage
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role
from overread.settings.environment import Settings

OURS = """
import sys, uvicorn
from bootstrap.web import web_services
from overread.imaging.decoding import Decoder
from overread.settings.environment import Settings
from serving.app import create_app
app = create_app(web_services(Settings(), Decoder()), scoring=False)
uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
"""
PEER = """
import os, shutil, sys, uuid, uvicorn
from pathlib import Path
from fastapi import FastAPI, UploadFile
folder = Path(os.environ["OVERREAD_DATA_DIR"]) / "peer"
folder.mkdir()
app = FastAPI()
@app.post("/upload")
def upload(file: UploadFile) -> dict[str, str]:
    place = folder / uuid.uuid4().hex
    with place.open("wb") as out:
        shutil.copyfileobj(file.file, out)
        out.flush(), os.fsync(out.fileno())
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle), os.close(handle)
    return {"name": place.name}
uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
"""
SENDERS, TARGET, LONGEST = 4, 2.0, 60.0
SIZES = ((512, 512, 40), (3000, 2500, 8))  # rows, columns, files in one measurement
UIDS = ("2.25.100000001", "2.25.200000001")  # of instance and study; their last eight digits are counted up
BOUNDARY = "overread-benchmark"
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
PART = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.dcm"\r\n\r\n'.encode()


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """Posts body after body over one connection."""

    port: int
    path: str
    headers: dict[str, str]

    def post(self, bodies: Sequence[bytes]) -> None:
        """Send bodies; raise at the first that is not taken."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            for body in bodies:
                connection.request("POST", self.path, body, self.headers)
                answer = connection.getresponse()
                said = answer.read()
                if answer.status not in {http.HTTPStatus.OK, http.HTTPStatus.ACCEPTED}:
                    raise RuntimeError(f"{self.path} answered {answer.status}: {said[:200]!r}")


def started(processes: Processes, script: str, folder: Path) -> int:
    """Start a server on `folder` and return its port."""
    port = free_port()
    unbounded = {"OVERREAD_MAX_WAITING": "10000000", "OVERREAD_REQUESTS_PER_MINUTE": "10000000"}
    environment = {**unbounded, "OVERREAD_DATA_DIR": str(folder)}
    command, ready = [sys.executable, "-c", script, str(port)], f"http://127.0.0.1:{port}/openapi.json"
    processes.start(Program(name=str(port), command=command, environment=environment, ready=ready))
    return port


def numbered(template: bytes, number: int) -> bytes:
    """Return a file with an instance and a study of its own."""
    head = template[:2048]
    for uid in UIDS:
        head = head.replace(uid.encode(), f"{uid[:-8]}{number:08d}".encode())
    return head + template[2048:]


def seconds_each(sender: Sender, files: Callable[[], list[bytes]]) -> float:
    """Return the seconds from the first byte to the last answer, for each file; several are on their way."""
    bodies = files()
    shares = [bodies[first::SENDERS] for first in range(SENDERS)]
    began = time.perf_counter()
    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(sender.post, shares))
    return (time.perf_counter() - began) / len(bodies)


def measured(size: tuple[int, int, int], ours: Sender, theirs: Sender) -> Row:
    """Return the row of one picture size."""
    rows, columns, files = size
    values = np.random.default_rng(1).integers(0, 4096, (rows, columns), dtype=np.uint16)
    template, numbers = file_of(values, ExplicitVRLittleEndian, uids=UIDS), count(10_000 * rows)

    def raw() -> list[bytes]:
        return [numbered(template, next(numbers)) for _ in range(files)]

    def parts() -> list[bytes]:
        return [PART + each + f"\r\n--{BOUNDARY}--\r\n".encode() for each in raw()]

    sides = [partial(seconds_each, ours, raw), partial(seconds_each, theirs, parts)]
    milliseconds = [[1000 * second for second in side] for side in rounds(sides, seconds=LONGEST)]
    name = f"upload of {rows} x {columns}, {SENDERS} clients / FastAPI multipart with the same sync"
    return row(name, *milliseconds, target=TARGET, unit="ms")


def main() -> None:
    """Measure, print and keep the rows."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:  # a disk: a system's own may be memory
        folder = Path(name)
        initialise(Settings(data_dir=folder))
        storage = open_storage(Settings(data_dir=folder))
        token = issue_token(storage, PersonKey("sender"), Role.DEVICE, now=utc_now())
        dicom = {"Content-Type": "application/dicom", "Authorization": f"Bearer {token}"}
        with Processes(folder / "logs") as processes:
            ports = [started(processes, script, folder) for script in (OURS, PEER)]
            ours = Sender(port=ports[0], path="/api/v1/instances", headers=dicom)
            theirs = Sender(port=ports[1], path="/upload", headers=MULTIPART)
            for size in SIZES:
                tell([measured(size, ours, theirs)], ("fastapi", "uvicorn", "python-multipart", "sqlalchemy"))


if __name__ == "__main__":
    main()
