"""torchvision's bodies: a map of features each, weights by torchvision's names, sizes that are taken."""

from collections.abc import Iterator

import pytest
import torch
from torch import nn

from overread.domain.errors import ConfigurationError
from overread.learning.architectures import InputContract, build, check_architecture
from overread.learning.bodies import BODIES, Body
from overread.learning.determinism import seeded
from overread.learning.operators import torchvision_models
from overread.learning.recipes import recipe_of

SIZE = 64
LIGHT = ("resnet18", "densenet121", "googlenet", "convnext_tiny")
STRIDES = {"vit_b_16": 16, "alexnet": 64}  # AlexNet's windows lose the border: one cell is left of 64 pixels


def colour(size: int = SIZE) -> InputContract:
    return InputContract(size=size, channels=3, mean=(0.0,) * 3, std=(1.0,) * 3)


@pytest.fixture(scope="module", params=[name for name in BODIES if name not in {"resnet101", "resnet152"}])
def made(request: pytest.FixtureRequest) -> Iterator[tuple[str, Body, nn.Module]]:
    """Give each body once; the two deepest are the third one's, only longer."""
    with seeded(0):
        yield request.param, BODIES[request.param], BODIES[request.param].make(SIZE).eval()


def test_it_answers_the_features_it_says_by_place(made: tuple[str, Body, nn.Module]) -> None:
    name, body, layers = made
    with torch.inference_mode():
        features = layers(torch.rand(2, 3, SIZE, SIZE))
    cells = SIZE // STRIDES.get(name, 32)
    assert features.shape == (2, body.features, cells, cells)
    assert bool(features.isfinite().all())


@pytest.mark.parametrize("name", LIGHT)
def test_its_weights_have_torchvisions_names(name: str) -> None:
    options = {"aux_logits": True, "init_weights": True} if name == "googlenet" else {}
    whole = getattr(torchvision_models(), name)(weights=None, **options).state_dict()
    expected = {key: tensor.shape for key, tensor in whole.items() if not key.startswith(BODIES[name].head)}
    assert {key: t.shape for key, t in BODIES[name].make(SIZE).state_dict().items()} == expected


@pytest.mark.parametrize("name", ["resnet18", "densenet121", "googlenet"])
def test_where_the_head_is_the_published_one_the_whole_network_is(name: str) -> None:
    options = {"aux_logits": False, "init_weights": True} if name == "googlenet" else {}
    whole = getattr(torchvision_models(), name)(weights=None, num_classes=4, **options).eval()
    network = build(name, colour(), outputs=4).eval()
    bare = {key: t for key, t in whole.state_dict().items() if not key.startswith(BODIES[name].head)}
    network.body.load_state_dict(bare)
    linear = whole.classifier if name == "densenet121" else whole.fc
    network.head.load_state_dict({"weight": linear.weight[:, :, None, None], "bias": linear.bias})
    pixels = torch.rand(2, 3, SIZE, SIZE)
    assert BODIES[name].published_head
    with torch.inference_mode():
        torch.testing.assert_close(network(pixels).logits, whole(pixels), atol=1e-5, rtol=1e-4)


def test_vgg_starts_as_torchvision_starts_it() -> None:
    with seeded(3):
        state = BODIES["vgg16"].make(SIZE).state_dict()
    fan_out = 64 * 3 * 3
    assert float(state["features.0.weight"].std()) == pytest.approx((2 / fan_out) ** 0.5, rel=0.1)
    assert not state["features.0.bias"].any()


@pytest.mark.parametrize(
    ("name", "size", "words"),
    [("vit_b_16", 72, "steps of 16"), ("alexnet", 48, "63 pixels"), ("resnet18", 16, "32 pixels")],
)
def test_a_size_that_a_body_cannot_read_is_refused(name: str, size: int, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        check_architecture(name, colour(size))


def test_a_network_of_one_size_is_taught_no_patches() -> None:
    table = {
        "name": "t",
        "architecture": "vit_b_16",
        "contract": {"size": 64, "channels": 3, "mean": [0.0] * 3, "std": [1.0] * 3},
        "patches": {"count": 10, "side": 32},
    }
    with pytest.raises(ConfigurationError, match="take no patches"):
        recipe_of(table)
