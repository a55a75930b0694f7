"""The learning rate as a pure function of the step, so that a resumed training needs no scheduler state."""

import math
from collections.abc import Iterable
from enum import StrEnum

import torch
from torch import nn

from overread.domain.errors import ConfigurationError

WARM_UP = 0.25  # share of the steps spent rising
START = 1 / 25
END = 1e-3
COSINE_WARM_UP = 0.05


class Schedule(StrEnum):
    """The shape of a stage's learning rate.

    `one-cycle` learns most in few passes; `cosine` holds near its peak for longer, and a stage that stops
    early has lost less of it.
    """

    ONE_CYCLE = "one-cycle"
    COSINE = "cosine"

    def share(self, step: int, steps: int) -> float:
        """Return the share of the peak rate at `step` of `steps`."""
        return one_cycle(step, steps) if self is Schedule.ONE_CYCLE else warm_cosine(step, steps)


def one_cycle(step: int, steps: int) -> float:
    """Return the share of the peak rate at `step` of `steps`: up and down along cosines (Smith, 2018)."""
    _check(step, steps)
    rise = max(1.0, WARM_UP * steps)
    if step < rise:
        return START + (1 - START) * (1 - math.cos(math.pi * step / rise)) / 2
    fall = (step - rise) / max(1.0, steps - rise)
    return END + (1 - END) * (1 + math.cos(math.pi * fall)) / 2


def warm_cosine(step: int, steps: int) -> float:
    """Return the share of the peak rate: a straight rise, then half a cosine (Loshchilov, Hutter, 2017)."""
    _check(step, steps)
    rise = max(1, round(COSINE_WARM_UP * steps))
    if step < rise:
        return (step + 1) / rise
    fall = (step - rise) / max(1, steps - rise)
    return END + (1 - END) * (1 + math.cos(math.pi * fall)) / 2


def _check(step: int, steps: int) -> None:
    if not 0 <= step < steps:
        raise ConfigurationError(f"step {step} is outside a cycle of {steps}")


def adamw(weights: Iterable[nn.Parameter], *, rate: float, decay: float) -> torch.optim.AdamW:
    """Return AdamW, one kernel for all weights on a GPU; the loop sets the rate of each step."""
    parts = list(weights)
    fused = all(part.is_cuda for part in parts)
    return torch.optim.AdamW(parts, lr=rate, weight_decay=decay, fused=fused, foreach=not fused)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of the coming step."""
    for group in optimiser.param_groups:
        group["lr"] = rate
