"""A trained package with its graph in eight bits beside the one in floats, and the verdict on it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model_registry.evaluation import score
from model_registry.int8_gate import Int8Verdict, judge_int8
from model_registry.packaging import Quantised, build_package, open_package, package_weights
from model_registry.quantising import int8_graph
from model_registry.recording import recorded
from overread.domain.policies import Int8Margins

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class InInt8:
    """The package with both graphs, the verdict, and the tuning set's `probability` (n,) in eight bits."""

    package: bytes
    verdict: Int8Verdict
    probability: Floats


def with_int8(
    content: bytes, calibration: Grey, tuning: Grey, truth: Floats, *, margins: Int8Margins
) -> InInt8:
    """Quantise the graph of a package, judge it, and return the package that says so.

    `calibration` are pictures of the training set, `tuning` and `truth` the tuning set: ranges and verdict
    never come from the same patients, and neither from the test set.
    """
    package = open_package(content)
    graph = int8_graph(package.onnx, calibration)
    in_floats, in_int8 = (
        score(each, tuning).probability[:, 0] for each in (package, replace(package, onnx=graph))
    )
    verdict = judge_int8(truth, in_floats, in_int8, threshold=package.contract.threshold, margins=margins)
    said = recorded(verdict)
    both = build_package(
        package.onnx,
        package_weights(content),
        package.contract,
        Quantised(graph=graph, verdict=said if isinstance(said, dict) else {}),
    )
    return InInt8(package=both, verdict=verdict, probability=in_int8)
