"""A training under way on disk: all that it takes to go on at the very step where it was killed."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from overread.domain.errors import ConflictError
from overread.learning.checkpoints import Weights, read_tensors, write_tensors

CHECKPOINT = "training.safetensors"
_TENSORS = ("network", "optimiser", "average", "best")
_FACTS = ("of", "leg", "losses", "cpu_seconds", "draws", "best_auc", "waited", "micro", "history")


@dataclass(frozen=True, kw_only=True)
class Unfinished:
    """Where a training stands, between two steps.

    `of` names recipe, studies and initial weights. `leg` is the leg under way, `losses` are of the steps
    taken of it; `draws` is the state of its random generator, None at its start. `best` are the weights at
    the best tuning AUC so far, `waited` passes ago; `average` and `best` are empty where the recipe has none.
    """

    of: str
    leg: int
    losses: tuple[float, ...] = ()
    cpu_seconds: float = 0.0
    draws: Mapping[str, Any] | None = None
    best_auc: float | None = None
    waited: int = 0
    micro: int | None = None
    history: tuple[dict[str, float | str], ...] = ()
    network: Weights
    optimiser: Weights
    average: Weights = field(default_factory=dict)
    best: Weights = field(default_factory=dict)


@dataclass(kw_only=True, slots=True)
class Checkpoints:
    """Where a training keeps its checkpoint: one file, replaced after each leg, and within legs in time.

    `seconds` bounds what a killed training has to repeat, beside the step it was in.
    """

    folder: Path
    seconds: float = 300.0
    clock: Callable[[], float] = time.monotonic
    _saved: float = field(init=False)

    def __post_init__(self) -> None:
        self._saved = self.clock()

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / CHECKPOINT

    def due(self) -> bool:
        """Say whether the latest checkpoint is old."""
        return self.clock() - self._saved >= self.seconds

    def save(self, state: Unfinished) -> None:
        """Replace the checkpoint by a newer one, atomically."""
        tensors = {
            f"{part}.{name}": tensor for part in _TENSORS for name, tensor in getattr(state, part).items()
        }
        write_tensors(self.path, tensors, {name: getattr(state, name) for name in _FACTS})
        self._saved = self.clock()

    def load(self, *, of: str) -> Unfinished | None:
        """Return what was saved, None where nothing was.

        Raises
        ------
        ConflictError
            It is the checkpoint of another training.
        """
        if not self.path.exists():
            return None
        tensors, facts = read_tensors(self.path)
        if facts["of"] != of:
            raise ConflictError(
                f"{self.path} is a checkpoint of another training; give this one a folder of its own"
            )
        facts |= {"losses": tuple(facts["losses"]), "history": tuple(facts["history"])}
        facts |= {part: _part(tensors, f"{part}.") for part in _TENSORS}
        return Unfinished(**facts)

    def clear_drafts(self) -> None:
        """Delete what a writer left that was killed while it wrote; nobody else may be writing."""
        for draft in self.folder.glob(f".{CHECKPOINT}-*"):
            draft.unlink()


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> Weights:
    """Return the moments of an optimiser, flat; its rates are the schedule's and are not kept."""
    state = optimiser.state_dict()["state"]
    return {f"{number}.{name}": value for number, values in state.items() for name, value in values.items()}


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give back to a new optimiser over the same weights what `optimiser_tensors` returned.

    A moment is laid out in memory as its weight is: fused kernels want them alike.
    """
    weights = [weight for group in optimiser.param_groups for weight in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, name = key.split(".", 1)
        weight = weights[int(number)]
        laid = torch.empty_like(weight).copy_(value) if value.shape == weight.shape else value
        state.setdefault(int(number), {})[name] = laid
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def _part(tensors: Weights, prefix: str) -> Weights:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
