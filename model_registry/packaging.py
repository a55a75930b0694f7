"""The serving package: graph, weights and input contract as one file whose SHA-256 is the model's identity.

Read and written with the standard library alone, so that a server opens it without torch or MLflow. The
same parts give the same bytes on every machine: members are stored, in one order, with one date.
"""

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO

from overread.domain.errors import InputError, MalformedError
from overread.domain.identifiers import Digest

FORMAT = 1
GRAPH = "model.onnx"
WEIGHTS = "weights.safetensors"
CONTRACT = "contract.json"
MEMBERS = (CONTRACT, GRAPH, WEIGHTS)
_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip archive can say
_PIECE = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Contract:
    """What the graph takes and answers, and at which score it says that there is a finding.

    In: `pixels`, stored greys as uint8 (n, 1, size, size). Out: `probability` (n, 1 + len(findings)), whose
    first column is any finding and the others `findings` in order; `map` (n, h, w) in 0 to 1; `embedding`
    (n, d). What `channels`, `mean`, `std` and `standardise` say is done inside the graph.
    """

    name: str
    architecture: str
    size: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    standardise: bool
    findings: tuple[str, ...]
    threshold: float

    def __post_init__(self) -> None:
        """Refuse a contract that cannot be met."""
        if self.size < 1 or not len(self.mean) == len(self.std) == self.channels:
            raise InputError("a contract needs a size, and one mean and one std for each channel")
        if not 0 <= self.threshold <= 1:
            raise InputError("the threshold of a contract lies between 0 and 1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """An opened package; `digest` is that of the whole file."""

    digest: Digest
    contract: Contract
    onnx: bytes


def contract_bytes(contract: Contract) -> bytes:
    """Return a contract as canonical JSON."""
    return json.dumps({"format": FORMAT, **asdict(contract)}, sort_keys=True, indent=1).encode()


def build_package(onnx: bytes, weights: bytes, contract: Contract) -> bytes:
    """Return the package of these parts; equal parts give equal bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for member, content in zip(MEMBERS, (contract_bytes(contract), onnx, weights), strict=True):
            entry = zipfile.ZipInfo(member, _DATE)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, content)
    return file.getvalue()


def package_digest(content: bytes) -> Digest:
    """Return the identity of a package."""
    return Digest(hashlib.sha256(content).hexdigest())


def open_package(content: bytes) -> Package:
    """Return graph and contract of a package; the weights stay where they are.

    Raises
    ------
    MalformedError
        These bytes are not a package, or not a whole one.
    """
    with _archive(io.BytesIO(content)) as archive:
        contract, onnx = parse_contract(archive.read(CONTRACT)), archive.read(GRAPH)
    return Package(digest=package_digest(content), contract=contract, onnx=onnx)


def unpack_graph(package: BinaryIO, path: Path) -> Contract:
    """Write the graph of a package to a file, a piece at a time, and return the contract.

    A server holds neither the package nor the graph as bytes: of ResNet152 they are 700 MB.
    """
    with _archive(package) as archive:
        contract = parse_contract(archive.read(CONTRACT))
        with archive.open(GRAPH) as graph, path.open("wb") as file:
            shutil.copyfileobj(graph, file, _PIECE)
    return contract


def package_weights(content: bytes) -> bytes:
    """Return the safetensors file of a package: what a fine-tuning starts from."""
    with _archive(io.BytesIO(content)) as archive:
        return archive.read(WEIGHTS)


@contextmanager
def _archive(package: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """Open a package, refuse what is none, and say so too where a member turns out to be damaged."""
    try:
        with zipfile.ZipFile(package) as archive:
            entries = archive.infolist()
            stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
            if tuple(entry.filename for entry in entries) != MEMBERS or not stored:
                raise MalformedError(f"a package holds {', '.join(MEMBERS)}, stored, and nothing else")
            yield archive
    except zipfile.BadZipFile as error:
        raise MalformedError(f"not a whole package: {error}") from error


def parse_contract(content: bytes) -> Contract:
    """Return the contract in JSON; raise `MalformedError` where a member is missing, unknown or wrong."""
    try:
        said = json.loads(content)
        if said.pop("format") != FORMAT:
            raise MalformedError("this package was written by another version of Overread")
        return _contract(said)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MalformedError(f"the contract of the package cannot be read: {error}") from error


def _contract(said: Mapping[str, Any]) -> Contract:
    if set(said) != {field.name for field in fields(Contract)}:
        raise KeyError("members are missing or unknown")
    return Contract(
        name=str(said["name"]),
        architecture=str(said["architecture"]),
        size=int(said["size"]),
        channels=int(said["channels"]),
        mean=tuple(float(value) for value in said["mean"]),
        std=tuple(float(value) for value in said["std"]),
        standardise=bool(said["standardise"]),
        findings=tuple(str(code) for code in said["findings"]),
        threshold=float(said["threshold"]),
    )
