"""A graph once more, its layers with weights in eight-bit integers; what answers stays in floats.

Post-training and static: each channel of the weights has its own scale, and what goes into a layer has the
range that it had on pictures of the training set. Quantised are the convolutions and products with weights of
the body. The head, which makes the map of which the probability is the pooling, and all that follows it, are
left as they were, and so is the mean that is the embedding.
"""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from overread.domain.errors import InputError

Pictures = NDArray[np.uint8]
LAYERS = ("Conv", "Gemm", "MatMul")
MAP, PIXELS = "map", "pixels"
SETTINGS = {  # of the runtime's quantiser
    "quant_format": QuantFormat.QDQ,
    "op_types_to_quantize": list(LAYERS),
    "per_channel": True,
    "reduce_range": True,
    "activation_type": QuantType.QUInt8,
    "weight_type": QuantType.QInt8,
    "extra_options": {"MatMulConstBOnly": True},
}


class OneByOne(CalibrationDataReader):  # type: ignore[misc]  # the runtime has no types
    """Pictures one by one, as the graph takes them."""

    def __init__(self, pictures: Pictures) -> None:
        self._left: Iterator[Pictures] = iter(pictures)

    def get_next(self) -> dict[str, Pictures] | None:
        """Return the next picture by the name of the input, None after the last."""
        picture = next(self._left, None)
        return None if picture is None else {PIXELS: picture[None, None]}


def int8_graph(graph: bytes, pictures: Pictures) -> bytes:
    """Return `graph` in eight bits, its ranges taken from `pictures` (n, size, size) of the training set.

    Weights have seven of the eight bits: a processor without instructions for such products adds them in
    sixteen, which then never overflow, so that a graph answers on one machine as it did on the other.
    """
    if not len(pictures):
        raise InputError("a graph in eight bits needs pictures to take its ranges from")
    with tempfile.TemporaryDirectory(prefix="overread-int8-") as folder:
        given, plain, made = (Path(folder) / f"{name}.onnx" for name in ("given", "plain", "made"))
        given.write_bytes(graph)
        quant_pre_process(given, plain, skip_symbolic_shape=True)
        quantize_static(
            plain,
            made,
            OneByOne(pictures),
            nodes_to_exclude=[node.name for node in heads(onnx.load(plain).graph)],
            **SETTINGS,
        )
        return made.read_bytes()


def heads(graph: GraphProto) -> list[NodeProto]:
    """Return the layers nearest to the map: from it backwards, the first with weights on every way."""
    makers = {name: node for node in graph.node for name in node.output}
    found: dict[str, NodeProto] = {}
    seen: set[str] = set()
    ahead: list[Iterable[str]] = [[MAP]]
    while ahead:
        for name in ahead.pop():
            if name in seen or name not in makers:
                continue
            seen.add(name)
            node = makers[name]
            if node.op_type in LAYERS:
                found[node.name] = node
            else:
                ahead.append(node.input)
    return list(found.values())
