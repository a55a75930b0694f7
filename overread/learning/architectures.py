"""Networks by name: a body of features by place, a map a finding, and a pooling of each map into one logit.

Both poolings put the linear weights *before* the pooling, as a 1 x 1 convolution. For the mean this equals
global average pooling followed by a linear layer, and the class activation map is there for nothing. Some
published heads are other than that; `overread.learning.bodies` says which, and what stands in their place.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import torch
from torch import Tensor, nn

from overread.domain.errors import ConfigurationError
from overread.learning.bodies import BODIES, CHANNELS
from overread.learning.small_body import small_body

SMALL = "resnet10-lse"
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
    """A body, one map for each output, and the pooling."""

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


def _bias(layer: nn.Conv2d) -> Tensor:
    if layer.bias is None:  # pragma: no cover - the head is built with one
        raise TypeError("this layer has no bias")
    return layer.bias


ARCHITECTURES = (SMALL, *BODIES)


def check_architecture(name: str, contract: InputContract) -> None:
    """Raise a `ConfigurationError` where there is no such network, or it cannot read such pictures."""
    if name not in ARCHITECTURES:
        raise ConfigurationError(f"no architecture {name!r}; there are {', '.join(sorted(ARCHITECTURES))}")
    if name == SMALL:
        return
    body = BODIES[name]
    if contract.channels != CHANNELS:
        raise ConfigurationError(f"{name} reads {CHANNELS} channels, not {contract.channels}")
    if not body.fits(contract.size):
        raise ConfigurationError(
            f"{name} reads pictures of {body.smallest} pixels or more in steps of {body.step}, "
            f"not {contract.size}"
        )


def reads_one_size(name: str) -> bool:
    """Whether a network reads pictures of its contract's size alone, and no patches of them."""
    return name in BODIES and BODIES[name].one_size


def build(name: str, contract: InputContract, *, outputs: int, width: int = 16) -> Network:
    """Return a new network with random weights; `width` is of the small network's first layer."""
    check_architecture(name, contract)
    if name == SMALL:
        layers = small_body(contract.channels, width)
        return Network(layers, features=8 * width, outputs=outputs, pooling=Pooling.LOG_SUM_EXP)
    body = BODIES[name]
    return Network(body.make(contract.size), features=body.features, outputs=outputs, pooling=Pooling.MEAN)
