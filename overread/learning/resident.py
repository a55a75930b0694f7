"""Where the pictures of a training lie while it runs: in memory, whole on the GPU, or on their way to it.

All three give the same batches in the same order; they differ in who waits for whom.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from overread.learning.cache import Pictures
from overread.learning.data import Indices

RESIDENT_SHARE = 0.25  # of the GPU's free memory: the rest is for weights and activations
_CHUNK = 512  # pictures carried to the GPU at a time


class Source(Protocol):
    """Gives stored pictures by index."""

    def batches(self, order: Sequence[Indices]) -> Iterator[Tensor]:
        """Yield uint8 (b, 1, size, size) on the device for each array of indices."""
        ...


def source_of(pictures: Pictures, device: torch.device) -> Source:
    """Return the fastest source that this device has room for."""
    if device.type != "cuda":
        return InMemory(pictures)
    free, _ = torch.cuda.mem_get_info(device)
    if pictures.nbytes <= RESIDENT_SHARE * free:
        return OnDevice(pictures, device)
    return Prefetched(pictures, device)


class InMemory:
    """Gathered where they are used: a CPU has nobody to hand them to."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures

    def batches(self, order: Sequence[Indices]) -> Iterator[Tensor]:
        """Yield the batches of `order`."""
        for rows in order:
            yield torch.from_numpy(self._pictures[rows]).unsqueeze(1)


class OnDevice:
    """The whole set is carried over once; a batch is an index on the device."""

    def __init__(self, pictures: Pictures, device: torch.device) -> None:
        self._held = torch.empty(pictures.shape, dtype=torch.uint8, device=device)
        for first in range(0, len(pictures), _CHUNK):
            chunk = np.array(pictures[first : first + _CHUNK])  # a copy: a mapped file cannot be written to
            self._held[first : first + _CHUNK] = torch.from_numpy(chunk)

    def batches(self, order: Sequence[Indices]) -> Iterator[Tensor]:
        """Yield the batches of `order`."""
        for rows in order:
            yield self._held[torch.from_numpy(rows).to(self._held.device)].unsqueeze(1)


class Prefetched:
    """One thread gathers the next batch into pinned memory while the device works on this one."""

    def __init__(self, pictures: Pictures, device: torch.device) -> None:
        self._pictures, self._device = pictures, device

    def batches(self, order: Sequence[Indices]) -> Iterator[Tensor]:
        """Yield the batches of `order`; the thread ends with the last one, or when nobody asks any more."""
        if not order:
            return
        with ThreadPoolExecutor(max_workers=1) as reader:
            coming = reader.submit(self._gathered, order[0])
            for after in (*order[1:], None):
                batch = coming.result()
                if after is not None:
                    coming = reader.submit(self._gathered, after)
                yield batch.to(self._device, non_blocking=True)

    def _gathered(self, rows: Indices) -> Tensor:
        batch = torch.from_numpy(self._pictures[rows]).unsqueeze(1)
        return batch.pin_memory() if self._device.type == "cuda" else batch
