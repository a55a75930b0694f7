"""The serving package: the same bytes everywhere, opened without anything heavy, refused when not whole."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from model_registry.packaging import (
    INT8_GRAPH,
    INT8_VERDICT,
    MEMBERS,
    Precision,
    Quantised,
    build_package,
    contract_bytes,
    int8_verdict,
    open_package,
    package_digest,
    package_parts,
    package_weights,
    parse_contract,
    unpack_graph,
)
from overread.domain.errors import InputError, MalformedError
from tests.model_registry.toys import a_contract


def test_the_same_parts_give_the_same_bytes() -> None:
    first = build_package(b"graph", b"weights", a_contract())
    again = build_package(b"graph", b"weights", a_contract())
    assert first == again
    assert package_digest(first) == hashlib.sha256(first).hexdigest()


def test_another_threshold_is_another_package() -> None:
    first = build_package(b"graph", b"weights", a_contract(threshold=0.5))
    assert package_digest(first) != package_digest(
        build_package(b"graph", b"weights", a_contract(threshold=0.6))
    )


def test_what_goes_in_comes_out() -> None:
    contract = a_contract(threshold=0.1234567890123456)
    content = build_package(b"graph", b"weights", contract)
    package = open_package(content)
    assert (package.onnx, package.contract, package.digest) == (b"graph", contract, package_digest(content))
    assert package_weights(content) == b"weights"


def test_a_server_unpacks_the_graph_to_a_file(tmp_path: Path) -> None:
    content = build_package(b"graph", b"weights", a_contract())
    assert unpack_graph(io.BytesIO(content), tmp_path / "graph") == (a_contract(), Precision.FLOAT32)
    assert (tmp_path / "graph").read_bytes() == b"graph"
    with pytest.raises(MalformedError, match="not a whole package"):
        unpack_graph(io.BytesIO(content[:-30]), tmp_path / "graph")


def test_the_graph_in_eight_bits_is_what_answers_where_it_passed(tmp_path: Path) -> None:
    content = build_package(b"graph", b"weights", a_contract(), quantised(passed=True))
    package = open_package(content)
    assert (package.onnx, package.precision) == (b"small", Precision.INT8)
    assert unpack_graph(io.BytesIO(content), tmp_path / "graph") == (a_contract(), Precision.INT8)
    assert (tmp_path / "graph").read_bytes() == b"small"
    assert package_weights(content) == b"weights"


def test_where_it_was_refused_the_floats_answer_and_the_verdict_is_kept(tmp_path: Path) -> None:
    content = build_package(b"graph", b"weights", a_contract(), quantised(passed=False))
    package = open_package(content)
    assert (package.onnx, package.precision) == (b"graph", Precision.FLOAT32)
    assert unpack_graph(io.BytesIO(content), tmp_path / "graph") == (a_contract(), Precision.FLOAT32)
    assert (tmp_path / "graph").read_bytes() == b"graph"
    verdict = int8_verdict(io.BytesIO(content))
    assert verdict is not None
    assert (verdict["passed"], verdict["reasons"]) == (False, ["sensitivity"])
    assert verdict["sha256"] == hashlib.sha256(b"small").hexdigest()


def test_without_one_the_floats_answer() -> None:
    content = build_package(b"graph", b"weights", a_contract())
    assert open_package(content).precision is Precision.FLOAT32
    assert int8_verdict(io.BytesIO(content)) is None
    assert set(package_parts(content)) == set(MEMBERS)


def test_the_verdict_is_part_of_what_the_digest_is_of() -> None:
    passed, refused = (
        build_package(b"graph", b"weights", a_contract(), quantised(passed=passed))
        for passed in (True, False)
    )
    assert package_digest(passed) != package_digest(refused)
    assert build_package(b"graph", b"weights", a_contract(), quantised(passed=True)) == passed


def test_another_graph_in_eight_bits_than_the_one_that_passed_is_refused(tmp_path: Path) -> None:
    parts = package_parts(build_package(b"graph", b"weights", a_contract(), quantised(passed=True)))
    changed = zipped(parts | {INT8_GRAPH: b"other"})
    for refused in (lambda: open_package(changed), lambda: unpack_graph(io.BytesIO(changed), tmp_path / "g")):
        with pytest.raises(MalformedError, match="not the one that passed"):
            refused()


@pytest.mark.parametrize("said", [b"", b"[]", b'{"passed": true}', b'{"passed": 1, "sha256": ""}'])
def test_a_verdict_that_cannot_be_read_is_refused(said: bytes) -> None:
    parts = package_parts(build_package(b"graph", b"weights", a_contract(), quantised(passed=True)))
    with pytest.raises(MalformedError, match="eight bits cannot be read"):
        open_package(zipped(parts | {INT8_VERDICT: said}))


def quantised(*, passed: bool) -> Quantised:
    return Quantised(graph=b"small", verdict={"passed": passed, "reasons": [] if passed else ["sensitivity"]})


def zipped(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for member, content in parts.items():
            archive.writestr(member, content)
    return file.getvalue()


def test_any_zip_tool_can_open_it() -> None:
    content = build_package(b"graph", b"weights", a_contract())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert json.loads(archive.read("contract.json"))["findings"] == ["nodule", "effusion"]


@pytest.mark.parametrize("content", [b"", b"not a package", build_package(b"g", b"w", a_contract())[:-30]])
def test_what_is_no_package_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedError, match="not a whole package"):
        open_package(content)


def test_a_damaged_member_is_refused() -> None:
    content = build_package(b"graph" * 100, b"weights", a_contract())
    place = content.index(b"graphgraph")
    with pytest.raises(MalformedError, match="not a whole package"):
        open_package(content[:place] + b"GRAPH" + content[place + 5 :])


def test_a_damaged_graph_is_not_unpacked(tmp_path: Path) -> None:
    content = build_package(b"graph" * 100, b"weights", a_contract())
    place = content.index(b"graphgraph")
    with pytest.raises(MalformedError, match="not a whole package"):
        unpack_graph(io.BytesIO(content[:place] + b"GRAPH" + content[place + 5 :]), tmp_path / "graph")


@pytest.mark.parametrize(
    ("members", "compression"),
    [
        ((*MEMBERS, "extra.py"), zipfile.ZIP_STORED),
        (MEMBERS[:2], zipfile.ZIP_STORED),
        ((*MEMBERS, "int8.json"), zipfile.ZIP_STORED),
        (MEMBERS, zipfile.ZIP_DEFLATED),
    ],
)
def test_other_members_or_compression_are_refused(members: tuple[str, ...], compression: int) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for member in members:
            archive.writestr(member, contract_bytes(a_contract()))
    with pytest.raises(MalformedError, match="stored, and nothing else"):
        open_package(file.getvalue())


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"threshold": None},
        {"threshold": 1.5},
        {"mean": [0.0, 0.0]},
        {"code": "x"},
        {"size": "large"},
    ],
)
def test_a_contract_that_says_something_else_is_refused(change: dict[str, object]) -> None:
    said = json.loads(contract_bytes(a_contract())) | change
    with pytest.raises(InputError):
        parse_contract(json.dumps(said).encode())


@pytest.mark.parametrize("content", [b"[]", b"{}", b"{", b'"x"'])
def test_a_contract_that_is_no_table_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_contract(content)


def test_opening_a_package_loads_neither_torch_nor_mlflow_nor_numpy() -> None:
    program = (
        "import sys, model_registry.packaging;"
        "sys.exit(bool({'torch', 'mlflow', 'numpy', 'onnxruntime', 'sqlalchemy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0  # noqa: S603 - our own words
