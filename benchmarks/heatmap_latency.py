"""Seconds for the probability and heatmap of ResNet152 at 512, and what the map adds to a forward pass.

Ours is the graph exported for serving, run as the server does. The peers are pytorch-grad-cam as its
documentation shows it, and the plain forward pass of eager torch. Weights are random, from a seed: speed does
not depend on them. Both sides have as many threads as a server has by default.
"""

import importlib
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx.utils
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.recording import rounds, row, tell, timed
from model_registry.packaging import Contract, Precision
from model_registry.sessions import session_of
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
from serving.inference.model_slot import LoadedModel

ARCHITECTURE, SIDE, SEED = "resnet152", 512, 1
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet
GRAD_CAM, MAP_ALONE, BATCH, LONGEST = 4.5, 1 / 1.05, 2.0, 100.0  # targets; seconds a row
PACKAGES = ("torch", "torchvision", "grad-cam", "onnxruntime", "numpy")

Grey = NDArray[np.uint8]


def exported(folder: Path) -> Path:
    """Write the graph of a network with random weights."""
    contract = InputContract(size=SIDE, channels=3, mean=MEAN, std=STD)
    with seeded(SEED):
        weights = dict(build(ARCHITECTURE, contract, outputs=1).state_dict())
    model = TrainedModel(
        weights=weights, architecture=ARCHITECTURE, width=16, columns=(ANY,), contract=contract
    )
    export_onnx(model, identity(1), folder / "model.onnx")
    return folder / "model.onnx"


def served(graph: Path, *, threads: int) -> LoadedModel:
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
        digest=Digest("0" * 64),
        contract=contract,
        precision=Precision.FLOAT32,
        session=session_of(graph, threads=threads),
    )


def without_map(graph: Path, *, threads: int) -> Any:
    """Return the same graph cut to its probability."""
    onnx.utils.extract_model(str(graph), str(cut := graph.with_name("cut.onnx")), [INPUT], list(OUTPUTS[:1]))
    return session_of(cut, threads=threads)


def in_turn(model: LoadedModel, pictures: Sequence[Grey]) -> list[batching.Scores]:
    """Return the scores of pictures, as many at once as the server takes."""
    most = batching.most_at_once(SIDE)
    batches = [pictures[first : first + most] for first in range(0, len(pictures), most)]
    return [scores for batch in batches for scores in batching.score(model, batch)]


def explained(model: LoadedModel, picture: Grey) -> tuple[float, Grey]:
    """Return probability and coloured map, as the server makes them."""
    scores = batching.score(model, [picture])[0]
    return scores.probability, heatmaps.overlay(scores.map, SIDE, SIDE)


def by_gradients(network: Any, pixels: Tensor, shown: NDArray[np.float32]) -> tuple[float, Grey]:
    """Return probability and coloured map, as the documentation of pytorch-grad-cam makes them."""
    library = importlib.import_module("pytorch_grad_cam")
    targets, image = library.utils.model_targets, library.utils.image
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
    torch.set_num_threads(threads := Settings().inference_threads)
    with tempfile.TemporaryDirectory() as folder:
        graph = exported(Path(folder))
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
            f"{len(pictures)} with maps, in the batches served / eager torch's forward",
            partial(in_turn, model, list(pictures)),
            partial(forward, network, pixels),
            BATCH,
        ),
    ]
    for name, ours, theirs, target in sides:
        measured = rounds([timed(ours), timed(theirs)], seconds=LONGEST)
        tell([row(f"ResNet152 at {SIDE}, {name}", *measured, target=target)], PACKAGES)


if __name__ == "__main__":
    main()
