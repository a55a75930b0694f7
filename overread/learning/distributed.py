"""One training in several processes, one a GPU or a few on a CPU, started by `torchrun` on one machine.

Every process draws the very same batches from the same seed and learns its own share of each; the shares'
gradients are summed, and since each share is weighed as its part of the whole batch, the sum is the gradient
that one process would have had. So a recipe means the same however many processes follow it.

The exception is batch normalisation. On GPUs it is synchronised, and normalises by the whole batch as well.
On CPUs torch cannot: each process normalises by its own share, and the running statistics kept are those of
the first. Without batch normalisation the results agree up to the order of floating-point sums.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar, cast

import torch
from torch import distributed, nn

from overread.domain.errors import ConfigurationError

Module = TypeVar("Module", bound=nn.Module)
Word = TypeVar("Word")


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """The processes of a training, and which of them this is."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    def share(self, n: int) -> slice:
        """Return which of n studies this process learns; the shares differ by one study at most."""
        return slice(self.rank * n // self.size, (self.rank + 1) * n // self.size)

    def sum_gradients(self, network: nn.Module) -> None:
        """Add up the gradients of all processes, in one message; a process without a share adds nothing."""
        if self.size == 1:
            return
        parts = [part for part in network.parameters() if part.requires_grad]
        gradients = [torch.zeros_like(part) if part.grad is None else part.grad for part in parts]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(flat)
        first = 0
        for part, gradient in zip(parts, gradients, strict=True):
            summed = flat[first : first + part.numel()]
            part.grad = gradient.copy_(summed.view_as(gradient))
            first += part.numel()

    def sum(self, value: torch.Tensor) -> torch.Tensor:
        """Return the sum of a number of each process."""
        if self.size > 1:
            distributed.all_reduce(value)
        return value

    def told(self, value: Word) -> Word:
        """Return what the first process says, so that all decide alike."""
        if self.size == 1:
            return value
        words: list[object] = [value]
        distributed.broadcast_object_list(words, src=0)
        return cast("Word", words[0])

    def wait(self) -> None:
        """Return once every process is here."""
        if self.size > 1:
            distributed.barrier()


def current() -> Group:
    """Return the group this process has joined; alone, it is a group of one."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return Group()
    return Group(rank=distributed.get_rank(), size=distributed.get_world_size())


@contextmanager
def joined(device: str) -> Iterator[str]:
    """Join the processes that `torchrun` started, and yield the device of this one; a process entry calls it.

    Without `torchrun` there is nobody to join, and the device is the one given.

    Parameters
    ----------
    device : str
        `cpu`, or `cuda` for the GPU of this process's own number.
    """
    if "RANK" not in os.environ:
        yield device
        return
    gpu = device.startswith("cuda")
    own = f"cuda:{os.environ['LOCAL_RANK']}" if gpu else device
    if gpu:
        if int(os.environ["LOCAL_RANK"]) >= torch.cuda.device_count():
            raise ConfigurationError(
                f"torchrun started more processes than the {torch.cuda.device_count()} GPUs; "
                "give it --nproc-per-node of that many"
            )
        torch.cuda.set_device(own)
    distributed.init_process_group("nccl" if gpu else "gloo")
    try:
        yield own
    finally:
        distributed.destroy_process_group()


def synchronised(network: Module, group: Group, device: torch.device) -> Module:
    """Return the network with batch normalisation over all processes, where torch can: on GPUs."""
    if group.size == 1 or device.type != "cuda":
        return network
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]  # untyped in torch
    return cast("Module", converted)
