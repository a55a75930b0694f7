"""What learns: the network, its optimiser, and the average of its weights; one step at a time.

Where a batch does not fit into the device's memory it is learned in micro-batches whose gradients add up to
the batch's (`overread.learning.losses`), so the result is the same up to the order of sums. Not so with batch
normalisation: each micro-batch is normalised by itself and moves the running statistics, so they are noisier
than the whole batch's. A smaller batch in the recipe is then the more honest choice.
"""

import copy
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress

import torch
from torch import Tensor, nn

from overread.domain.errors import OverreadError
from overread.learning.architectures import Network, Reading
from overread.learning.averaging import Average
from overread.learning.checkpoints import Weights
from overread.learning.determinism import half_precision
from overread.learning.distributed import Group, synchronised
from overread.learning.lessons import Lesson
from overread.learning.losses import reading_loss
from overread.learning.recipes import Precision, Recipe
from overread.learning.resuming import restore_optimiser
from overread.learning.schedule import adamw, set_rate

_log = logging.getLogger(__name__)


class MemoryShortError(OverreadError):
    """Not even one study at a time fits into the device's memory."""

    code = "out-of-memory"


class Learner:
    """A network that learns by a recipe, on one device, as one of a group of processes."""

    def __init__(self, network: Network, recipe: Recipe, device: torch.device, group: Group) -> None:
        self._recipe, self.device, self._group = recipe, device, group
        self.network = synchronised(network.to(device), group, device)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's types
        self._reader: Callable[[Tensor], Reading] = self.network
        if recipe.compiled and device.type == "cuda":
            # Anew for each size of batch: a graph for all sizes learned 487 images a second, these 601.
            self._reader = torch.compile(self.network, dynamic=False)
        self._half = recipe.precision is Precision.HALF or (
            recipe.precision is Precision.AUTO and half_precision(device)
        )
        self.micro: int | None = None
        self.average: Average | None = None
        self.optimiser: torch.optim.Optimizer
        self.begin_stage()

    def begin_stage(self) -> None:
        """Forget all that an optimiser remembers; a stage begins anew."""
        self.optimiser = adamw(self.network.parameters(), rate=0.0, decay=self._recipe.weight_decay)
        self.average = Average(self.network, self._recipe.ema) if self._recipe.ema else None

    def restore(self, *, network: Weights, optimiser: Weights, average: Weights) -> None:
        """Stand where a checkpoint was taken."""
        self.network.load_state_dict(network)
        restore_optimiser(self.optimiser, optimiser)
        if self.average is not None:
            self.average.restore(average)

    def learned(self) -> Network:
        """Return the network as it would be kept now, to be scored with."""
        if self.average is None:
            return self.network
        network = copy.deepcopy(self.network)
        network.load_state_dict(self.average.weights)
        return network

    def weights(self) -> Weights:
        """Return a copy of what has been learned, on the CPU: the average where there is one."""
        state = self.network.state_dict() if self.average is None else self.average.weights
        return {
            name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, tensor in state.items()
        }

    def gradients(self, lesson: Lesson) -> float:
        """Leave the gradients of a lesson in the network and return its loss.

        Raises
        ------
        MemoryShortError
            A single study does not fit into memory.
        """
        share = self._group.share(len(lesson))
        while True:
            with suppress(torch.OutOfMemoryError):  # its traceback holds the activations: leave it first
                loss = self._accumulated(lesson, parts(share, self.micro))
                break
            self._halve(share.stop - share.start)
        self._group.sum_gradients(self.network)
        return float(self._group.sum(loss))

    def step(self, step: int, rate: float) -> None:
        """Move the weights along the gradients; `step` counts from the beginning of the stage."""
        set_rate(self.optimiser, rate)
        nn.utils.clip_grad_norm_(self.network.parameters(), self._recipe.clip)
        self.optimiser.step()
        if self.average is not None:
            self.average.follow(self.network, step)

    def _accumulated(self, lesson: Lesson, shares: Iterable[slice]) -> Tensor:
        self.optimiser.zero_grad()
        loss, expected = torch.zeros((), device=self.device), None
        for part in shares:
            reading = self._read(lesson.pixels(part))
            if expected is None:
                expected = lesson.answers(reading.maps.shape[-1], self.device)
            piece = reading_loss(reading, expected.part(part), self._recipe.loss)
            piece.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            loss += piece.detach()
        return loss

    def _read(self, pixels: Tensor) -> Reading:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._half):
            reading: Reading = self._reader(pixels.contiguous(memory_format=torch.channels_last))
        return reading

    def _halve(self, share: int) -> None:
        before = min(share, self.micro or share)
        if self._group.size > 1 and self.device.type == "cuda":
            raise MemoryShortError(
                f"{before} studies do not fit into the memory of one of {self._group.size} GPUs; their batch "
                "normalisation goes in step, so none can split its share alone: lower images.batch"
            )
        if before <= 1:
            raise MemoryShortError(
                f"one study does not fit into the memory of {self.device}; "
                "lower contract.size in the recipe, or end what else holds the memory"
            )
        self.micro = (before + 1) // 2
        self.optimiser.zero_grad()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        _log.warning(
            "%s studies at once do not fit into memory: going on with %s, and adding up their gradients",
            before,
            self.micro,
        )


def parts(share: slice, micro: int | None) -> list[slice]:
    """Return a share of a batch in micro-batches; None leaves it whole, and an empty share has no part."""
    size = micro or max(1, share.stop - share.start)
    return [slice(first, min(first + size, share.stop)) for first in range(share.start, share.stop, size)]
