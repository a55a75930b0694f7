"""Where a training computes: what a setting asks for, and what this machine has."""

import torch

from overread.domain.errors import ConfigurationError

AUTO = "auto"


def device_of(asked: str) -> str:
    """Return the device that `auto` stands for here, or the one asked for; raise where it is missing."""
    available = torch.cuda.is_available()
    if asked == AUTO:
        return "cuda" if available else "cpu"
    if asked.startswith("cuda") and not available:
        raise ConfigurationError(
            f"OVERREAD_DEVICE is {asked}, and torch sees no CUDA device; use auto or cpu"
        )
    return asked
