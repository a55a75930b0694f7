"""The moving average of a network's weights: what wobbles from step to step cancels out (Polyak, 1992)."""

import torch
from torch import nn

from overread.learning.checkpoints import Weights


class Average:
    """The exponential moving average of all weights and running statistics, on the network's device.

    Its first steps count more: at step n of a stage no more than (1 + n) / (10 + n) of the average is kept,
    so that it forgets where the stage began. Counters, which are whole numbers, are the latest ones.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._decay = decay
        self.weights: Weights = {
            name: tensor.detach().clone() for name, tensor in network.state_dict().items()
        }

    @torch.no_grad()
    def follow(self, network: nn.Module, step: int) -> None:
        """Move towards the network after its `step`-th step, counted from 0."""
        towards = 1 - min(self._decay, (1 + step) / (10 + step))
        for name, latest in network.state_dict().items():
            kept = self.weights[name]
            if kept.is_floating_point():
                kept.lerp_(latest, towards)
            else:
                kept.copy_(latest)

    def restore(self, weights: Weights) -> None:
        """Go on from an average that was kept."""
        for name, tensor in self.weights.items():
            tensor.copy_(weights[name])
