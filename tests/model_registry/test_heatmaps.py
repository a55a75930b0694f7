"""Grad-CAM is the oracle of the exported map, and the map of heads that have none."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from model_registry.evaluation import answers
from model_registry.heatmaps import grad_cam, grad_cam_of, patch_places
from model_registry.packaging import open_package
from model_registry.parity import packaged
from model_registry.sessions import session_of
from overread.domain.errors import InputError
from overread.learning.architectures import InputContract, Network, Normalise, build
from overread.learning.bodies import BODIES
from overread.learning.calibration import Calibration, identity
from overread.learning.checkpoints import TrainedModel
from overread.learning.determinism import seeded
from overread.learning.export import answer
from overread.learning.operators import torchvision_models

SIZE = 96
COLUMNS = ("any", "nodule")
IMAGENET = InputContract(size=SIZE, channels=3, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
PICTURES = np.random.default_rng(3).integers(0, 256, (3, SIZE, SIZE), dtype=np.uint8)
EXPORTED = ("resnet18", "densenet121", "googlenet", "vgg16", "alexnet", "convnext_tiny", "vit_b_16")
DEEPER = ("resnet34", "resnet50", "resnet101", "resnet152")  # of the parts that ResNet-18 and -50 export
CLOSE = 1e-5


def settled(network: Network) -> None:
    """Give an untrained network the statistics of its features, and one place to point at."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None  # the next batch alone counts
    pixels = Normalise(IMAGENET)(torch.from_numpy(PICTURES).unsqueeze(1))
    with torch.no_grad():
        network.train()(pixels)
        features = network.eval().body(pixels)
        towards = features[0, :, 0, 0] - features.mean(dim=(0, 2, 3))
        network.head.weight[0, :, 0, 0] = towards / towards.norm()


def untrained(architecture: str) -> TrainedModel:
    with seeded(0):
        network = build(architecture, IMAGENET, outputs=len(COLUMNS))
        settled(network)
    return TrainedModel(
        weights=network.state_dict(), architecture=architecture, width=16, columns=COLUMNS, contract=IMAGENET
    )


def test_every_architecture_is_held_against_the_oracle() -> None:
    assert set(EXPORTED) | set(DEEPER) == set(BODIES)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", EXPORTED)
def test_the_exported_map_is_grad_cam(architecture: str) -> None:
    model = untrained(architecture)
    content, parity = packaged(model, identity(2), name="t", threshold=0.5, pictures=PICTURES)
    exported = answers(session_of(open_package(content).onnx), PICTURES).map
    assert max(parity.probability, parity.map, parity.embedding) <= 1e-4
    assert exported.max() == pytest.approx(1, abs=1e-3)
    assert np.abs(exported - grad_cam_of(model, PICTURES)).max() <= CLOSE


@pytest.mark.slow
@pytest.mark.parametrize("architecture", DEEPER)
def test_the_closed_form_map_of_a_deeper_network_is_grad_cam(architecture: str) -> None:
    model = untrained(architecture)
    closed_form = answer(model, identity(2), PICTURES[:1]).map
    assert closed_form.max() == pytest.approx(1, abs=1e-3)
    assert np.abs(closed_form - grad_cam_of(model, PICTURES[:1])).max() <= CLOSE


def test_calibration_does_not_move_the_map() -> None:
    model = untrained("resnet18")
    calibrated = Calibration(slopes=(0.3, 1.0), intercepts=(-2.0, 0.0))
    assert np.array_equal(answer(model, calibrated, PICTURES).map, answer(model, identity(2), PICTURES).map)


def test_a_map_that_is_the_answer_by_place_has_no_oracle() -> None:
    contract = InputContract(size=SIZE, standardise=True)
    network = build("resnet10-lse", contract, outputs=2, width=4)
    model = TrainedModel(
        weights=network.state_dict(), architecture="resnet10-lse", width=4, columns=COLUMNS, contract=contract
    )
    with pytest.raises(InputError, match="no Grad-CAM"):
        grad_cam_of(model, PICTURES)


def by_hand(
    network: nn.Module, layer: nn.Module, pixels: Tensor, places: Callable[[Tensor], Tensor]
) -> Tensor:
    """Return Grad-CAM as its paper defines it, for logit 1, scaled to 0 to 1."""
    kept: list[Tensor] = []
    hook = layer.register_forward_hook(lambda _layer, _given, answered: kept.append(answered))
    logits = network(pixels)
    hook.remove()
    (slope,) = torch.autograd.grad(logits[:, 1].sum(), kept)
    features, slopes = places(kept[0]), places(slope)
    cam = (slopes.mean(dim=(2, 3), keepdim=True) * features).sum(dim=1).relu()
    above = cam - cam.amin(dim=(1, 2), keepdim=True)
    return (above / above.amax(dim=(1, 2), keepdim=True).clamp(min=1e-7)).detach()


@pytest.mark.parametrize("name", ["alexnet", "vit_b_16"])
def test_heads_without_a_closed_form_have_their_map_by_gradients(name: str) -> None:
    options = {"image_size": SIZE} if name == "vit_b_16" else {}
    with seeded(4):
        whole = getattr(torchvision_models(), name)(weights=None, num_classes=3, **options).eval()
        pixels = torch.rand(2, 3, SIZE, SIZE)
        last = whole.heads.head if name == "vit_b_16" else whole.classifier[-1]
        nn.init.normal_(last.weight)  # a network that has learned nothing has hardly a slope
    transformer = name == "vit_b_16"
    layer = whole.encoder.layers[-1].ln_1 if transformer else whole.features
    places = patch_places if transformer else lambda features: features
    maps = grad_cam(whole, layer, pixels, output=1, by_place=patch_places if transformer else None)
    assert maps == pytest.approx(by_hand(whole, layer, pixels, places).numpy(), abs=1e-4)
    assert maps.max() == pytest.approx(1, abs=1e-3)
