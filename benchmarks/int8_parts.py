"""What in a graph of eight bits changes its answers: the weights, or what flows between the layers.

    python -m benchmarks.int8_parts FOLDER [--pictures N]

FOLDER is one that `python -m benchmarks.gpu_department --drawn FOLDER` filled. Prints the layers whose input
loses most to rounding, then for each way to round the shift and the spread of the logits of tuning studies
against those of the floats. Ranges come from pictures of the training set.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, numpy_helper
from onnxruntime import InferenceSession
from onnxruntime.quantization import CalibrationMethod, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from scipy.special import logit

from benchmarks.gpu_department import GRAPH
from model_registry.quantising import LAYERS, PIXELS, SETTINGS, OneByOne, heads

Pictures = NDArray[np.uint8]
RANGED, LISTED = 16, 6
NEAREST = 1e-7  # to 0 and 1 that a probability is taken


def layers(graph: onnx.GraphProto) -> list[NodeProto]:
    """Return the layers with weights, in the order of the graph."""
    weights = {each.name for each in graph.initializer}
    return [node for node in graph.node if node.op_type in LAYERS and node.input[1] in weights]


def headroom(model: onnx.ModelProto, pictures: Pictures, folder: Path) -> Iterator[dict[str, Any]]:
    """Yield how far each layer's input is above what eight bits over its range round away, in decibels."""
    watched = [node.input[0] for node in layers(model.graph)]
    for name in dict.fromkeys(watched):
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    path = folder / "watched.onnx"
    onnx.save(model, path)
    session = InferenceSession(path)
    seen = [session.run(watched, {PIXELS: one[None, None]}) for one in pictures[:LISTED]]
    for place, node in enumerate(layers(model.graph)):
        values = np.stack([each[place] for each in seen]).astype(np.float64)
        step = (max(values.max(), 0) - min(values.min(), 0)) / 255
        above = 10 * np.log10((values**2).mean() / (step**2 / 12)) if step else np.inf
        usual = float(np.percentile(np.abs(values), 99.9))
        yield {"layer": node.name, "decibels": above, "largest": float(np.abs(values).max()), "usual": usual}


def rounded_weights(plain: Path, made: Path, bits: int) -> None:
    """Write the graph with each channel's weights rounded to so many bits, everything in floats."""
    model = onnx.load(plain)
    names = {node.input[1] for node in layers(model.graph)}
    for each in model.graph.initializer:
        if each.name in names:
            values = numpy_helper.to_array(each)
            top = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True)
            step = np.maximum(top, np.finfo(np.float32).tiny) / (2 ** (bits - 1) - 1)
            each.CopyFrom(numpy_helper.from_array((np.round(values / step) * step).astype("f4"), each.name))
    onnx.save(model, made)


def in_eight_bits(plain: Path, made: Path, pictures: Pictures, floats: list[str], **other: Any) -> None:
    """Write the graph as it would be served in eight bits, but for layers in `floats` and for `other`."""
    kept = [node.name for node in heads(onnx.load(plain).graph)] + floats
    quantize_static(plain, made, OneByOne(pictures), nodes_to_exclude=kept, **{**SETTINGS, **other})


def logits(graph: Path, pictures: Pictures) -> NDArray[np.float64]:
    """Return the logit of any finding, (n,)."""
    session = InferenceSession(graph)
    found = [session.run(["probability"], {PIXELS: one[None, None]})[0][0, 0] for one in pictures]
    return np.asarray(logit(np.clip(np.asarray(found, np.float64), NEAREST, 1 - NEAREST)))


def ways(plain: Path, train: Pictures) -> dict[str, Callable[[Path], None]]:
    """Return what makes each graph."""
    names = [node.name for node in layers(onnx.load(plain).graph)]
    middle = len(names) // 2
    percentile = {
        "calibrate_method": CalibrationMethod.Percentile,
        "extra_options": {**SETTINGS["extra_options"], "CalibPercentile": 99.99},
    }
    return {
        "weights in 7 bits": lambda made: rounded_weights(plain, made, 7),
        "weights in 8 bits": lambda made: rounded_weights(plain, made, 8),
        "as served": lambda made: in_eight_bits(plain, made, train, []),
        "first half in floats": lambda made: in_eight_bits(plain, made, train, names[:middle]),
        "second half in floats": lambda made: in_eight_bits(plain, made, train, names[middle:]),
        "ranges by percentile": lambda made: in_eight_bits(plain, made, train, [], **percentile),
    }


def main() -> None:
    """Print each layer, then each way, as a line of JSON."""
    parser = argparse.ArgumentParser(description="Take a graph in eight bits apart.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=120, help="tuning studies to answer")
    asked = parser.parse_args()
    train, tune = (
        np.load(next(asked.folder.glob(f"{split}-*.npy")), mmap_mode="r") for split in ("train", "tune")
    )
    ranged, answered = np.array(train[:RANGED]), np.array(tune[: asked.pictures])
    with tempfile.TemporaryDirectory() as name:
        plain, made = Path(name) / "plain.onnx", Path(name) / "made.onnx"
        quant_pre_process(asked.folder / GRAPH, plain, skip_symbolic_shape=True)
        found = sorted(headroom(onnx.load(plain), ranged, Path(name)), key=lambda row: row["decibels"])
        for row in found[:LISTED]:
            print(json.dumps(row), flush=True)
        floats = logits(plain, answered)
        for way, make in ways(plain, ranged).items():
            make(made)
            change = logits(made, answered) - floats
            row = {"way": way, "n": len(change), "shift": change.mean(), "spread": change.std()}
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
