"""Networks by name: a convolutional body, a map a finding, and a pooling of each map into one logit.

Both poolings put the linear weights *before* the pooling, as a 1 x 1 convolution. For the mean this equals
global average pooling followed by a linear layer, and the class activation map is there for nothing.
"""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from overread.domain.errors import ConfigurationError
from overread.learning.operators import torchvision_models

SHARPNESS = 4.0  # of log-sum-exp: 0 is the mean of a map, infinity its maximum
PRIOR_LOGIT = -2.0  # where a log-sum-exp map starts: most places show nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class InputContract:
    """What the exported graph does first: stored uint8 (n, 1, size, size) to float (n, channels, size, size).

    `mean` and `std` are on the scale 0 to 1, one a channel; with `standardise` each picture is brought to
    mean 0 and deviation 1 by itself instead.
    """

    size: int
    channels: int = 1
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    standardise: bool = False

    def __post_init__(self) -> None:
        """Refuse a contract that no picture could meet."""
        if self.size < 1 or len(self.mean) != self.channels or len(self.std) != self.channels:
            raise ConfigurationError(
                "an input contract needs a size, and one mean and one std for each channel"
            )
        if min(self.std) <= 0:
            raise ConfigurationError("the std of an input contract must be above 0")


class Normalise(nn.Module):
    """Stored greys to network input, as the contract says."""

    mean: Tensor
    std: Tensor

    def __init__(self, contract: InputContract) -> None:
        super().__init__()
        self.contract = contract
        self.register_buffer("mean", torch.tensor(contract.mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(contract.std).view(1, -1, 1, 1))

    def forward(self, stored: Tensor) -> Tensor:
        """Return float32 (n, channels, h, w) of uint8 (n, 1, h, w)."""
        pixels = stored.float() / 255
        if not self.contract.standardise:
            return (pixels - self.mean) / self.std
        centred = pixels - pixels.mean(dim=(1, 2, 3), keepdim=True)
        spread = centred.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        return (centred / spread.clamp(min=1e-3)).expand(-1, self.contract.channels, -1, -1)


class Pooling(StrEnum):
    """How a map becomes a logit."""

    MEAN = "mean"
    LOG_SUM_EXP = "log-sum-exp"


class Reading(NamedTuple):
    """What a network says of a batch; the first column is *any finding*, the others are the vocabulary's."""

    logits: Tensor  # (n, k)
    maps: Tensor  # (n, k, h, w): logits by place
    embedding: Tensor  # (n, d): pooled features


class Network(nn.Module):
    """A body of convolutions, one map for each output, and the pooling."""

    def __init__(self, body: nn.Module, *, features: int, outputs: int, pooling: Pooling) -> None:
        super().__init__()
        self.body = body
        self.head = nn.Conv2d(features, outputs, kernel_size=1)
        self.pooling = pooling
        if pooling is Pooling.LOG_SUM_EXP:
            nn.init.constant_(_bias(self.head), PRIOR_LOGIT)

    def forward(self, pixels: Tensor) -> Reading:
        """Read normalised pixels (n, channels, h, w)."""
        features = self.body(pixels)
        maps = self.head(features)
        return Reading(self._pooled(maps.float()), maps, features.mean(dim=(2, 3)).float())

    def _pooled(self, maps: Tensor) -> Tensor:
        if self.pooling is Pooling.MEAN:
            return maps.mean(dim=(2, 3))
        summed = torch.logsumexp(SHARPNESS * maps.flatten(2), dim=2)
        return (summed - math.log(maps.shape[2] * maps.shape[3])) / SHARPNESS


class Block(nn.Module):
    """Two convolutions and a shortcut (He and others, 2016), without a shift where it halves the size."""

    def __init__(self, inward: int, outward: int, stride: int) -> None:
        super().__init__()
        self.first = _convolution(inward, outward, stride)
        self.second = _convolution(outward, outward, 1)
        shortcut: list[nn.Module] = [nn.AvgPool2d(stride)] if stride > 1 else []
        if inward != outward:
            shortcut += [nn.Conv2d(inward, outward, 1, bias=False), nn.BatchNorm2d(outward)]
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, outward, h / stride, w / stride)."""
        return functional.relu(self.second(functional.relu(self.first(x))) + self.shortcut(x))


def _convolution(inward: int, outward: int, stride: int) -> nn.Sequential:
    """Return 3 x 3, or 4 x 4 of stride 2: with an even kernel the cells of a map divide its picture evenly.

    A 3 x 3 of stride 2 looks half a pixel up and left of its cell; at stride 16 a map is off by 8 pixels.
    """
    kernel = 3 if stride == 1 else 2 * stride
    return nn.Sequential(
        nn.Conv2d(inward, outward, kernel, stride, padding=1, bias=False), nn.BatchNorm2d(outward)
    )


def _bias(layer: nn.Conv2d) -> Tensor:
    if layer.bias is None:  # pragma: no cover - the head is built with one
        raise TypeError("this layer has no bias")
    return layer.bias


def _small(contract: InputContract, outputs: int, width: int) -> Network:
    """Ten layers, output stride 16, 0.33 million weights at width 16: what a CPU trains in a minute."""
    body = nn.Sequential(
        nn.Conv2d(contract.channels, width, 6, 2, 2, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.MaxPool2d(2),
        Block(width, width, 1),
        Block(width, 2 * width, 2),
        Block(2 * width, 4 * width, 2),
        Block(4 * width, 8 * width, 1),
    )
    return Network(body, features=8 * width, outputs=outputs, pooling=Pooling.LOG_SUM_EXP)


def _residual(name: str) -> Callable[[InputContract, int, int], Network]:
    """Return the builder of torchvision's ResNet of that name; its body's state keeps torchvision's names."""

    def build_one(contract: InputContract, outputs: int, width: int) -> Network:
        del width  # these networks have one width
        whole = getattr(torchvision_models(), name)(weights=None)
        features = whole.fc.in_features
        if contract.channels != whole.conv1.in_channels:
            raise ConfigurationError(
                f"{name} reads {whole.conv1.in_channels} channels, not {contract.channels}"
            )
        parts = [(part, layer) for part, layer in whole.named_children() if part not in {"avgpool", "fc"}]
        body = nn.Sequential(OrderedDict(parts))
        return Network(body, features=features, outputs=outputs, pooling=Pooling.MEAN)

    return build_one


ARCHITECTURES: dict[str, Callable[[InputContract, int, int], Network]] = {
    "resnet10-lse": _small,
    **{f"resnet{depth}": _residual(f"resnet{depth}") for depth in (18, 34, 50, 101, 152)},
}


def build(name: str, contract: InputContract, *, outputs: int, width: int = 16) -> Network:
    """Return a new network with random weights; `width` is of the small network's first layer."""
    if name not in ARCHITECTURES:
        raise ConfigurationError(f"no architecture {name!r}; there are {', '.join(sorted(ARCHITECTURES))}")
    return ARCHITECTURES[name](contract, outputs, width)
