"""Grad-CAM by gradients: what the map in the exported graph is held against, and maps of other heads.

Slow (a forward and a backward pass with hooks), and never in a server. Of a head that is a mean over places
and one linear layer it equals the closed-form map (Selvaraju and others, 2017, section 3.1); of hidden layers
or one token for all places it is the only map there is, and such a network serves only once its map is in
its graph.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from model_registry.evaluation import Pictures
from model_registry.kept_scores import Floats
from overread.domain.errors import InputError
from overread.learning.architectures import Network, Normalise, Pooling
from overread.learning.checkpoints import TrainedModel
from overread.learning.operators import torchvision_models


class _Logits(nn.Module):
    """A network with its input contract, answering logits alone, as the library wants it."""

    def __init__(self, normalise: Normalise, network: Network) -> None:
        super().__init__()
        self.normalise, self.network = normalise, network

    def forward(self, stored: Tensor) -> Tensor:
        """Return (n, k) of uint8 (n, 1, size, size)."""
        logits: Tensor = self.network(self.normalise(stored)).logits
        return logits


def grad_cam(
    network: nn.Module,
    layer: nn.Module,
    pixels: Tensor,
    *,
    output: int = 0,
    by_place: Callable[[Tensor], Tensor] | None = None,
) -> Floats:
    """Return the Grad-CAM maps (n, h, w) in 0 to 1, each scaled to its own strongest place.

    Parameters
    ----------
    network : module
        Answers logits (n, k).
    layer : module
        The layer of `network` whose features (n, d, h, w) are looked at.
    pixels : (n, ...)
        What `network` takes.
    output : int
        The logit that is explained.
    by_place : callable, optional
        Brings a layer's features to (n, d, h, w) where they are not, such as `patch_places`.
    """
    torchvision_models()  # declares what a CPU build lacks, before the library imports torchvision
    from pytorch_grad_cam import GradCAM  # noqa: PLC0415 - for that reason

    targets: list[Callable[[Tensor], Tensor]] = [lambda logits: logits[output]] * len(pixels)
    with GradCAM(network, [layer], reshape_transform=by_place) as library:
        library.get_target_width_height = lambda _: None  # else a map is enlarged to its picture
        maps = library(input_tensor=pixels, targets=targets)
    return np.asarray(maps, np.float32)


def patch_places(tokens: Tensor) -> Tensor:
    """Return a vision transformer's tokens (n, 1 + h * w, d) without the class token, where they lie."""
    n, count, features = tokens.shape
    side = round((count - 1) ** 0.5)
    return tokens[:, 1:].transpose(1, 2).reshape(n, features, side, side)


def grad_cam_of(model: TrainedModel, pictures: Pictures) -> Floats:
    """Return what the library says of *any finding* in pictures (n, size, size): the oracle of the map.

    Raises
    ------
    InputError
        The map of this network answers by itself and is no class activation map.
    """
    network = model.network()
    if network.pooling is not Pooling.MEAN:
        raise InputError(
            f"the map of {model.architecture} is its answer by place; there is no Grad-CAM of it"
        )
    stored = torch.from_numpy(np.array(pictures)).unsqueeze(1)
    return grad_cam(_Logits(Normalise(model.contract), network), network.body, stored)
