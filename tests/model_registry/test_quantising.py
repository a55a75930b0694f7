"""The graph in eight bits: a quarter of the size, close to the floats, and its answers computed in floats."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from model_registry.evaluation import Pictures, answers
from model_registry.quantising import heads, int8_graph
from model_registry.sessions import session_of
from overread.domain.errors import InputError
from overread.learning.architectures import InputContract, build
from overread.learning.calibration import identity
from overread.learning.checkpoints import TrainedModel
from overread.learning.export import export_onnx

pytestmark = pytest.mark.slow
SIZE = 64
SEEN = np.random.default_rng(1).integers(0, 256, (8, SIZE, SIZE), dtype=np.uint8)
NEW = np.random.default_rng(2).integers(0, 256, (6, SIZE, SIZE), dtype=np.uint8)


def exported(folder: Path, architecture: str) -> bytes:
    """Return the graph of a network with random weights."""
    torch.manual_seed(3)
    channels = 1 if architecture == "resnet10-lse" else 3
    contract = InputContract(size=SIZE, channels=channels, mean=(0.5,) * channels, std=(0.25,) * channels)
    model = TrainedModel(
        weights=build(architecture, contract, outputs=2).state_dict(),
        architecture=architecture,
        width=16,
        columns=("any", "nodule"),
        contract=contract,
    )
    export_onnx(model, identity(2), folder / "graph.onnx")
    return (folder / "graph.onnx").read_bytes()


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    given = exported(tmp_path_factory.mktemp("graph"), "resnet18")
    return given, int8_graph(given, SEEN)


def test_it_answers_nearly_the_same_in_a_quarter_of_the_bytes(graphs: tuple[bytes, bytes]) -> None:
    given, made = graphs
    assert len(made) < 0.3 * len(given)
    floats, ints = (answers(session_of(graph), NEW) for graph in graphs)
    assert ints.probability.shape == floats.probability.shape
    assert 0 < np.abs(ints.probability - floats.probability).max() < 0.05
    assert ints.map.shape == floats.map.shape
    assert np.corrcoef(ints.embedding.ravel(), floats.embedding.ravel())[0, 1] > 0.99


def test_head_map_and_embedding_stay_in_floats(graphs: tuple[bytes, bytes]) -> None:
    graph = onnx.load_from_string(graphs[1]).graph
    makers = {name: node for node in graph.node for name in node.output}
    (head,) = heads(graph)
    features, weights = head.input[:2]
    assert makers[features].op_type == "Relu"
    assert weights not in makers  # stored as it is, not unpacked from integers
    assert "QuantizeLinear" not in {node.op_type for node in graph.node if head.output[0] in node.input}
    embedding = "embedding"
    while embedding != features:
        assert makers[embedding].op_type in {"Cast", "ReduceMean"}
        embedding = makers[embedding].input[0]
    convolutions = [node for node in graph.node if node.op_type == "Conv" and node.name != head.name]
    assert {makers[node.input[0]].op_type for node in convolutions} == {"DequantizeLinear"}


@pytest.mark.parametrize("architecture", ["resnet10-lse", "convnext_tiny"])
def test_every_kind_of_network_can_be_given_one(tmp_path: Path, architecture: str) -> None:
    given = exported(tmp_path, architecture)
    made = int8_graph(given, SEEN[:2])
    assert len(heads(onnx.load_from_string(made).graph)) == 1
    assert len(made) < 0.4 * len(given)
    assert np.isfinite(answers(session_of(made), NEW[:1]).probability).all()


def test_the_same_pictures_give_the_same_graph(graphs: tuple[bytes, bytes]) -> None:
    assert int8_graph(graphs[0], SEEN) == graphs[1]


def test_other_pictures_give_other_ranges(graphs: tuple[bytes, bytes]) -> None:
    dark: Pictures = SEEN // 4
    assert int8_graph(graphs[0], dark) != graphs[1]


def test_ranges_are_taken_from_pictures(graphs: tuple[bytes, bytes]) -> None:
    with pytest.raises(InputError, match="needs pictures"):
        int8_graph(graphs[0], SEEN[:0])
