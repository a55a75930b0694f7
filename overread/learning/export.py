"""A trained network as one ONNX graph: stored greys in, probability, map and embedding out."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.backends import mha

from overread.learning.architectures import Normalise
from overread.learning.cache import Pictures
from overread.learning.calibration import Calibration
from overread.learning.checkpoints import TrainedModel
from overread.learning.data import Floats
from overread.learning.explanation import heat

OPSET = 18
INPUT = "pixels"
OUTPUTS = ("probability", "map", "embedding")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outputs:
    """The graph's answers: calibrated `probability` (n, k), `map` (n, h, w) in 0 to 1, `embedding` (n, d)."""

    probability: Floats
    map: Floats
    embedding: Floats


class Served(nn.Module):
    """What is exported: contract, network, calibration and map as one module."""

    slopes: Tensor
    intercepts: Tensor

    def __init__(self, model: TrainedModel, calibration: Calibration) -> None:
        super().__init__()
        self.normalise = Normalise(model.contract)
        self.network = model.network()
        self.register_buffer("slopes", torch.tensor(calibration.slopes))
        self.register_buffer("intercepts", torch.tensor(calibration.intercepts))
        self.eval()

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return probability, map and embedding of uint8 (n, 1, size, size)."""
        reading = self.network(self.normalise(pixels))
        probability = torch.sigmoid(reading.logits * self.slopes + self.intercepts)
        return probability, heat(self.network, reading), reading.embedding


@torch.inference_mode()
def answer(model: TrainedModel, calibration: Calibration, pictures: Pictures) -> Outputs:
    """Return torch's own answers to pictures (n, size, size): what an exported graph is held against."""
    stored = torch.from_numpy(np.array(pictures)).unsqueeze(1)
    probability, place, embedding = Served(model, calibration)(stored)
    return Outputs(probability=probability.numpy(), map=place.numpy(), embedding=embedding.numpy())


def export_onnx(model: TrainedModel, calibration: Calibration, path: Path) -> None:
    """Write the graph to `path`, one file: `pixels` uint8 (n, 1, size, size) in for any n, `OUTPUTS` out."""
    size = model.contract.size
    with warnings.catch_warnings(), torch.no_grad(), _attention_in_steps():
        warnings.simplefilter("ignore")  # torch's exporters speak to their own developers
        torch.onnx.export(
            Served(model, calibration),
            (torch.zeros(1, 1, size, size, dtype=torch.uint8),),
            path,
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            opset_version=OPSET,
            dynamic_axes={name: {0: "n"} for name in (INPUT, *OUTPUTS)},
            dynamo=False,  # traced: 0.3 s where the exporter by graph capture takes 6 s for the same graph
        )


@contextmanager
def _attention_in_steps() -> Iterator[None]:
    """Keep torch from its fused attention, which it takes without gradients and ONNX has no name for."""
    fused = mha.get_fastpath_enabled()
    mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        mha.set_fastpath_enabled(fused)
