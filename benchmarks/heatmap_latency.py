"""Seconds for the probability and heatmap of ResNet152 at 512, and what the map adds to a forward pass.

Ours is the graph exported for serving, loaded and run as the server does. The peers are eager torch with
pytorch-grad-cam as its documentation shows it, and eager torch's plain forward pass of 8. Weights are random,
from a seed: speed does not depend on them. Both sides have as many threads as a server has by default.
"""

import hashlib
import importlib
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx.utils import Extractor
from torch import Tensor, nn

from benchmarks.recording import rounds, row, tell, timed
from model_registry.packaging import Contract
from overread.domain.identifiers import Digest, VersionKey
from overread.learning.architectures import InputContract, build
from overread.learning.calibration import identity
from overread.learning.checkpoints import TrainedModel
from overread.learning.data import ANY
from overread.learning.determinism import seeded
from overread.learning.export import INPUT, OUTPUTS, export_onnx
from overread.learning.operators import torchvision_models
from overread.settings.environment import Settings
from serving.inference import batching, heatmaps
from serving.inference.model_slot import LoadedModel, session_of

ARCHITECTURE, SIDE, SEED = "resnet152", 512, 1
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet
GRAD_CAM, MAP_ALONE, BATCH = 4.5, 1 / 1.05, 2.0  # targets
LONGEST = 100.0  # seconds a row

Grey = NDArray[np.uint8]


def exported() -> bytes:
    """Return the graph of a network with random weights."""
    contract = InputContract(size=SIDE, channels=3, mean=MEAN, std=STD)
    with seeded(SEED):
        weights = dict(build(ARCHITECTURE, contract, outputs=1).state_dict())
    model = TrainedModel(
        weights=weights, architecture=ARCHITECTURE, width=16, columns=(ANY,), contract=contract
    )
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "model.onnx"
        export_onnx(model, identity(1), place)
        return place.read_bytes()


def served(graph: bytes, *, threads: int) -> LoadedModel:
    """Return the graph as the server holds it."""
    contract = Contract(
        name="benchmark",
        architecture=ARCHITECTURE,
        size=SIDE,
        channels=3,
        mean=MEAN,
        std=STD,
        standardise=False,
        findings=(),
        threshold=0.5,
    )
    return LoadedModel(
        version=VersionKey("1"),
        digest=Digest(hashlib.sha256(graph).hexdigest()),
        contract=contract,
        session=session_of(graph, threads=threads),
    )


def without_map(graph: bytes, *, threads: int) -> Any:
    """Return the same graph cut to its probability."""
    cut = Extractor(onnx.load_from_string(graph)).extract_model([INPUT], list(OUTPUTS[:1]))
    return session_of(cut.SerializeToString(), threads=threads)


def explained(model: LoadedModel, picture: Grey) -> tuple[float, Grey]:
    """Return probability and coloured map, as the server makes them."""
    scores = batching.score(model, [picture])[0]
    return scores.probability, heatmaps.overlay(scores.map, SIDE, SIDE)


def by_gradients(network: Any, pixels: Tensor, shown: NDArray[np.float32]) -> tuple[float, Grey]:
    """Return probability and coloured map, as the documentation of pytorch-grad-cam makes them."""
    library = importlib.import_module("pytorch_grad_cam")
    targets = importlib.import_module("pytorch_grad_cam.utils.model_targets")
    image = importlib.import_module("pytorch_grad_cam.utils.image")
    with library.GradCAM(model=network, target_layers=[network.layer4[-1]]) as cam:
        grey = cam(input_tensor=pixels, targets=[targets.ClassifierOutputTarget(0)])[0]
        probability = torch.sigmoid(cam.outputs[0, 0])
    return float(probability.detach()), image.show_cam_on_image(shown, grey, use_rgb=True)


@torch.inference_mode()
def forward(network: nn.Module, pixels: Tensor) -> NDArray[np.float32]:
    """Return the probabilities of a batch."""
    return np.asarray(torch.sigmoid(network(pixels)).numpy(), np.float32)


def main() -> None:
    """Measure, print and keep the three rows."""
    threads = Settings().inference_threads
    torch.set_num_threads(threads)
    graph = exported()
    model, cut = served(graph, threads=threads), without_map(graph, threads=threads)
    with seeded(SEED):
        network = torchvision_models().resnet152(weights=None, num_classes=1).eval()
    pictures = np.random.default_rng(SEED).integers(0, 256, (batching.LARGEST, SIDE, SIDE), dtype=np.uint8)
    shown = (pictures[..., None] / 255).repeat(3, axis=3).astype(np.float32)
    pixels = torch.from_numpy((shown - MEAN) / STD).float().permute(0, 3, 1, 2).contiguous()
    one = {INPUT: pictures[:1, None]}
    sides: list[tuple[str, Callable[[], object], Callable[[], object], float]] = [
        (
            "probability and heatmap / eager torch with pytorch-grad-cam",
            partial(explained, model, pictures[0]),
            partial(by_gradients, network, pixels[:1], shown[0]),
            GRAD_CAM,
        ),
        (
            "probability and map / the same graph without the map",
            lambda: model.session.run(OUTPUTS, one),
            lambda: cut.run(OUTPUTS[:1], one),
            MAP_ALONE,
        ),
        (
            f"batch of {len(pictures)} with maps / eager torch's forward",
            partial(batching.score, model, list(pictures)),
            partial(forward, network, pixels),
            BATCH,
        ),
    ]
    for name, ours, theirs, target in sides:
        measured = rounds([timed(ours), timed(theirs)], seconds=LONGEST)
        made = row(f"ResNet152 at {SIDE}, {name}", *measured, target=target)
        tell([made], ("torch", "torchvision", "grad-cam", "onnxruntime", "numpy"))


if __name__ == "__main__":
    main()
