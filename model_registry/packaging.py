"""The serving package: graph, weights and input contract as one file whose SHA-256 is the model's identity.

It may hold the graph a second time, in eight-bit integers, with what was found when the two were compared.
Which of them answers is decided here, for server and evaluation alike.

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
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

from overread.domain.errors import InputError, MalformedError
from overread.domain.identifiers import Digest

FORMAT = 1
GRAPH = "model.onnx"
WEIGHTS = "weights.safetensors"
CONTRACT = "contract.json"
MEMBERS = (CONTRACT, GRAPH, WEIGHTS)
INT8_VERDICT = "int8.json"
INT8_GRAPH = "model-int8.onnx"
WITH_INT8 = (*MEMBERS, INT8_VERDICT, INT8_GRAPH)
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


class Precision(StrEnum):
    """What a served graph multiplies."""

    FLOAT32 = "float32"
    INT8 = "int8"


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantised:
    """A graph in eight-bit integers, and what its gate said: `passed`, `reasons`, numbers, as JSON values."""

    graph: bytes
    verdict: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """An opened package; `digest` is that of the whole file, `onnx` the graph that is served."""

    digest: Digest
    contract: Contract
    onnx: bytes
    precision: Precision = Precision.FLOAT32


def contract_bytes(contract: Contract) -> bytes:
    """Return a contract as canonical JSON."""
    return json.dumps({"format": FORMAT, **asdict(contract)}, sort_keys=True, indent=1).encode()


def build_package(
    onnx: bytes, weights: bytes, contract: Contract, quantised: Quantised | None = None
) -> bytes:
    """Return the package of these parts; equal parts give equal bytes."""
    parts = dict(zip(MEMBERS, (contract_bytes(contract), onnx, weights), strict=True))
    if quantised is not None:
        said = {"sha256": hashlib.sha256(quantised.graph).hexdigest(), **quantised.verdict}
        parts[INT8_VERDICT] = json.dumps(said, sort_keys=True, indent=1, allow_nan=False).encode()
        parts[INT8_GRAPH] = quantised.graph
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for member, content in parts.items():
            entry = zipfile.ZipInfo(member, _DATE)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, content)
    return file.getvalue()


def package_digest(content: bytes) -> Digest:
    """Return the identity of a package."""
    return Digest(hashlib.sha256(content).hexdigest())


def open_package(content: bytes) -> Package:
    """Return contract and served graph of a package; the weights stay where they are.

    Raises
    ------
    MalformedError
        These bytes are not a package, or not a whole one.
    """
    with _archive(io.BytesIO(content)) as archive:
        contract, said = _heads(archive)
        onnx = archive.read(served_graph(said))
    _check_graph(hashlib.sha256(onnx).hexdigest(), said)
    return Package(
        digest=package_digest(content), contract=contract, onnx=onnx, precision=served_precision(said)
    )


def unpack_graph(package: BinaryIO, path: Path) -> tuple[Contract, Precision]:
    """Write the served graph of a package to a file, a piece at a time; return the contract, and what it is.

    A server holds neither the package nor the graph as bytes: of ResNet152 they are 700 MB.
    """
    with _archive(package) as archive:
        contract, said = _heads(archive)
        with archive.open(served_graph(said)) as graph, path.open("wb") as file:
            shutil.copyfileobj(graph, file, _PIECE)
    with path.open("rb") as file:
        _check_graph(hashlib.file_digest(file, "sha256").hexdigest(), said)
    return contract, served_precision(said)


def package_parts(content: bytes) -> dict[str, bytes]:
    """Return every member of a package."""
    with _archive(io.BytesIO(content)) as archive:
        return {member: archive.read(member) for member in archive.namelist()}


def package_weights(content: bytes) -> bytes:
    """Return the safetensors file of a package: what a fine-tuning starts from."""
    with _archive(io.BytesIO(content)) as archive:
        return archive.read(WEIGHTS)


def int8_verdict(package: BinaryIO) -> Mapping[str, Any] | None:
    """Return what was found of a package's graph in eight bits, None where it has none."""
    with _archive(package) as archive:
        return _heads(archive)[1]


def parse_verdict(content: bytes) -> Mapping[str, Any]:
    """Return what was found of a graph in eight bits; raise `MalformedError` where it cannot be read."""
    try:
        said: Mapping[str, Any] = json.loads(content)
        clear = isinstance(said["passed"], bool) and isinstance(said["sha256"], str)
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedError(f"the verdict on the graph in eight bits cannot be read: {error}") from error
    if not clear:
        raise MalformedError(
            "the verdict on the graph in eight bits cannot be read: passed or sha256 is wrong"
        )
    return said


def served_precision(verdict: Mapping[str, Any] | None) -> Precision:
    """Return which graph is served: that in eight bits only where it is there and has passed its gate."""
    return Precision.INT8 if verdict is not None and verdict["passed"] else Precision.FLOAT32


def served_graph(verdict: Mapping[str, Any] | None) -> str:
    """Return the member with the served graph."""
    return INT8_GRAPH if served_precision(verdict) is Precision.INT8 else GRAPH


def _check_graph(digest: str, verdict: Mapping[str, Any] | None) -> None:
    """Refuse a graph in eight bits that is not the one that passed."""
    if verdict is not None and verdict["passed"] and verdict["sha256"] != digest:
        raise MalformedError("the graph in eight bits is not the one that passed its gate")


def _heads(archive: zipfile.ZipFile) -> tuple[Contract, Mapping[str, Any] | None]:
    """Return the contract, and the verdict on a graph in eight bits where there is one."""
    there = INT8_VERDICT in archive.namelist()
    verdict = parse_verdict(archive.read(INT8_VERDICT)) if there else None
    return parse_contract(archive.read(CONTRACT)), verdict


@contextmanager
def _archive(package: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """Open a package, refuse what is none, and say so too where a member turns out to be damaged."""
    try:
        with zipfile.ZipFile(package) as archive:
            entries = archive.infolist()
            stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
            if tuple(entry.filename for entry in entries) not in {MEMBERS, WITH_INT8} or not stored:
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
