"""The learning rate as a pure function of the step, so that a resumed training needs no scheduler state."""

import math
from collections.abc import Iterable

import torch
from torch import nn

from overread.domain.errors import ConfigurationError

WARM_UP = 0.25  # share of the steps spent rising
START = 1 / 25
END = 1e-3


def one_cycle(step: int, steps: int) -> float:
    """Return the share of the peak rate at `step` of `steps`: up and down along cosines (Smith, 2018)."""
    if not 0 <= step < steps:
        raise ConfigurationError(f"step {step} is outside a cycle of {steps}")
    rise = max(1.0, WARM_UP * steps)
    if step < rise:
        return START + (1 - START) * (1 - math.cos(math.pi * step / rise)) / 2
    fall = (step - rise) / max(1.0, steps - rise)
    return END + (1 - END) * (1 + math.cos(math.pi * fall)) / 2


def adamw(weights: Iterable[nn.Parameter], *, rate: float, decay: float) -> torch.optim.AdamW:
    """Return AdamW; the loop sets the rate of each step by `set_rate`."""
    return torch.optim.AdamW(list(weights), lr=rate, weight_decay=decay, foreach=True)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of the coming step."""
    for group in optimiser.param_groups:
        group["lr"] = rate
