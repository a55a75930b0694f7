"""Seeds and threads: what makes a training give the same weights again on one machine, and what it costs.

Every random draw comes from a generator made of (seed, stage, leg), so there is no hidden state to keep: a
resumed training draws what the unbroken one would have drawn. Two threads cost determinism nothing, but on a
busy machine of two cores they wait for each other: 118 images a CPU second with one thread, 14 with two.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def single_thread() -> None:
    """Give this process one compute thread and flush denormals to zero; a process entry calls it first."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def generator(seed: int, *parts: int) -> np.random.Generator:
    """Return the generator of one part of a training; the same numbers give the same draws."""
    return np.random.default_rng([seed, *parts])


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch inside the block (new weights are drawn there) and leave its global state as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def half_precision(device: torch.device) -> bool:
    """Say whether bfloat16 is native here: any CUDA device, or a CPU with AVX512-BF16 or AMX."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()  # older torch lacks it
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
