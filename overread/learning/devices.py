"""Where a training computes: what a setting asks for, and what this machine has."""

import os
from pathlib import Path

import torch

from overread.domain.errors import ConfigurationError
from overread.domain.resources import Device

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


def described(place: str) -> Device:
    """Return what there is to say of a device; of a card, in the process that computes on it."""
    if torch.device(place).type == "cuda":
        card = torch.cuda.get_device_properties(torch.device(place))
        return Device(place=place, name=card.name, memory=card.total_memory)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Device(place=place, name=_processor(), memory=memory)


def _processor() -> str:
    """Return the processor's name as Linux tells it; nothing elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
