"""torchvision's networks without their heads: pictures in, one map of features out, weights by its names.

A body ends where its published head begins. Where that head is a mean over places and one linear layer
(ResNet, DenseNet, GoogLeNet), nothing is changed. The heads of VGG, AlexNet, ConvNeXt and the vision
transformer have no closed-form map: there are hidden layers, a normalisation after the mean, or one token for
all places. They are replaced by a mean and one linear layer, so that each place of the picture has an
answer of its own; such a network is not quite the published one, and `Body.published_head` says so.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from overread.learning.operators import torchvision_models

CHANNELS = 3  # all of these were published for colour
PATCH = 16  # pixels a side, of the vision transformer


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """How one body is made of a picture's size, and what its published network is like.

    A picture has `smallest` pixels a side or more, in steps of `step`; a body of `one_size` reads the size
    that it was made for alone, since it knows places by heart. A checkpoint's tensors under `head` are not of
    the body.
    """

    make: Callable[[int], nn.Module]
    features: int
    head: tuple[str, ...]
    published_head: bool = True
    smallest: int = 32
    step: int = 1
    one_size: bool = False

    def fits(self, size: int) -> bool:
        """Whether it reads pictures of `size` pixels a side."""
        return size >= self.smallest and size % self.step == 0


class PatchTokens(nn.Module):
    """The encoder of a vision transformer; the class token takes part in it and is then left out."""

    def __init__(self, size: int) -> None:
        super().__init__()
        whole = _whole("vit_b_16", image_size=size)
        self.conv_proj, self.class_token, self.encoder = whole.conv_proj, whole.class_token, whole.encoder

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the last layer's tokens (n, 768, h / 16, w / 16) where their patches lie."""
        patches = self.conv_proj(pixels)
        tokens = patches.flatten(2).transpose(1, 2)
        first = self.class_token.expand(tokens.shape[0], -1, -1)
        seen = self.encoder(torch.cat([first, tokens], dim=1))
        places: Tensor = seen[:, 1:].transpose(1, 2).reshape(patches.shape)
        return places


def _whole(name: str, **options: Any) -> Any:
    return getattr(torchvision_models(), name)(weights=None, **options)


def _before_pooling(name: str, **options: Any) -> nn.Module:
    """Return the layers in front of `avgpool`, in the order in which they are called."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for part, layer in _whole(name, **options).named_children():
        if part == "avgpool":
            break
        layers[part] = layer
    return nn.Sequential(layers)


def _dense() -> nn.Module:
    layers = [("features", _whole("densenet121").features), ("relu", nn.ReLU(inplace=True))]
    return nn.Sequential(OrderedDict(layers))


def _vgg() -> nn.Module:
    """Return VGG's convolutions, drawn as torchvision draws them, without its 124 million other weights."""
    vgg = torchvision_models().vgg
    features: nn.Module = vgg.make_layers(vgg.cfgs["D"])
    for layer in features.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return nn.Sequential(OrderedDict(features=features))


def _convnext() -> nn.Module:
    """Return the stages and the head's normalisation, here of each place and not of their mean."""
    whole = _whole("convnext_tiny")
    norm = nn.Sequential(OrderedDict([("0", whole.classifier[0])]))
    return nn.Sequential(OrderedDict(features=whole.features, classifier=norm))


def _residual(name: str, features: int) -> Body:
    return Body(make=lambda _: _before_pooling(name), features=features, head=("fc.",))


BODIES: dict[str, Body] = {
    "resnet18": _residual("resnet18", 512),
    "resnet34": _residual("resnet34", 512),
    "resnet50": _residual("resnet50", 2048),
    "resnet101": _residual("resnet101", 2048),
    "resnet152": _residual("resnet152", 2048),
    "densenet121": Body(make=lambda _: _dense(), features=1024, head=("classifier.",)),
    "googlenet": Body(
        make=lambda _: _before_pooling("googlenet", aux_logits=False, init_weights=True),
        features=1024,
        head=("fc.", "aux1.", "aux2."),
    ),
    "vgg16": Body(make=lambda _: _vgg(), features=512, head=("classifier.",), published_head=False),
    "alexnet": Body(
        make=lambda _: _before_pooling("alexnet"),
        features=256,
        head=("classifier.",),
        published_head=False,
        smallest=63,
    ),
    "convnext_tiny": Body(
        make=lambda _: _convnext(), features=768, head=("classifier.2.",), published_head=False
    ),
    "vit_b_16": Body(
        make=PatchTokens,
        features=768,
        head=("heads.",),
        published_head=False,
        smallest=PATCH,
        step=PATCH,
        one_size=True,
    ),
}
