"""The loop: patches, then whole pictures; after each leg a checkpoint from which it goes on exactly.

A leg is one pass over the studies, or 16,000 patches. Its draws come from a generator of (seed, leg) alone.
"""

import hashlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from overread.domain.errors import InputError, OverreadError
from overread.learning.architectures import Network, Normalise, Reading, build
from overread.learning.augmentation import warp, warp_boxes
from overread.learning.cache import Pictures
from overread.learning.checkpoints import (
    TrainedModel,
    Unfinished,
    Weights,
    load_unfinished,
    optimiser_tensors,
    restore_optimiser,
    save_unfinished,
)
from overread.learning.data import Floats, LabelledSet, batches, batches_in_pass
from overread.learning.determinism import generator, half_precision, seeded
from overread.learning.losses import reading_loss
from overread.learning.patches import PatchSampler
from overread.learning.recipes import Precision, Recipe
from overread.learning.schedule import adamw, one_cycle, set_rate
from overread.learning.targets import cell_targets, frame_targets

PATCHES_IN_LEG = 16_000
CHECKPOINT = "training.safetensors"


class DivergedError(OverreadError):
    """The loss is no number any more; the last checkpoint is from before."""

    code = "training-diverged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Where a training is: steps done of all, and the loss of the latest."""

    stage: str
    done: int
    of: int
    loss: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Leg:
    """A stretch of one stage between two checkpoints: steps `first` up to `last` of the stage's `steps`."""

    number: int
    stage: str
    first: int
    last: int
    steps: int
    rate: float


def train(
    recipe: Recipe,
    images: Pictures,
    dataset: LabelledSet,
    initial: Weights | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    checkpoint_dir: Path | None = None,
) -> TrainedModel:
    """Train a network on labelled pictures, or go on from `initial` weights (then this is a fine-tuning).

    Parameters
    ----------
    recipe : Recipe
        What to do.
    images : (n, size, size) uint8
        In memory or a cache's memory-map.
    dataset : LabelledSet
        Labels and boxes of the same n studies.
    initial : dict of tensors, optional
        All weights of this architecture, such as production's.
    on_progress : callable, optional
        Called after each step.
    checkpoint_dir : Path, optional
        A checkpoint is kept there after each leg, and found there by a second call.

    Raises
    ------
    InputError
        Pictures, labels and recipe do not fit together.
    ConflictError
        The folder holds the checkpoint of another training.
    DivergedError
        The loss became infinite or no number.
    """
    _check(recipe, images, dataset)
    run = _Run(recipe, images, dataset, initial, on_progress)
    place = None if checkpoint_dir is None else checkpoint_dir / CHECKPOINT
    if place is not None:
        run.resume(load_unfinished(place, of=run.digest))
    for leg in legs(recipe, dataset)[run.legs_done :]:
        run.walk(leg)
        if place is not None:
            save_unfinished(place, run.state())
    return run.model()


def legs(recipe: Recipe, dataset: LabelledSet) -> list[Leg]:
    """Return the stretches of a training in order; each stage begins a new optimiser and a new cycle."""
    bounds: list[tuple[str, int, int, int, float]] = []
    patches, images = recipe.patches, recipe.images
    steps = math.ceil(patches.count / patches.batch)
    stride = max(1, PATCHES_IN_LEG // patches.batch)
    bounds += [
        ("patches", first, min(first + stride, steps), steps, patches.rate)
        for first in range(0, steps, stride)
    ]
    in_pass = batches_in_pass(dataset, images.batch)
    steps = in_pass * images.passes
    bounds += [("images", first, first + in_pass, steps, images.rate) for first in range(0, steps, in_pass)]
    return [
        Leg(number=number, stage=stage, first=first, last=last, steps=steps, rate=rate)
        for number, (stage, first, last, steps, rate) in enumerate(bounds)
    ]


class _Run:
    """One training under way: the network, its optimiser, and how far it is."""

    def __init__(
        self,
        recipe: Recipe,
        images: Pictures,
        dataset: LabelledSet,
        initial: Weights | None,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._recipe, self._images, self._dataset, self._tell = recipe, images, dataset, on_progress
        self.digest = _digest(recipe, images, dataset, initial)
        self.legs_done = 0
        self._history: list[dict[str, float | str]] = []
        self._device = torch.device(recipe.device)
        self._half = recipe.precision is Precision.HALF or (
            recipe.precision is Precision.AUTO and half_precision(self._device)
        )
        with seeded(recipe.seed):
            network = _built(recipe, dataset)
        if initial is not None:
            network.load_state_dict(initial)
        self._network = network.to(self._device)
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's types
        self._normalise = Normalise(recipe.contract).to(self._device)
        self._optimiser = adamw(self._network.parameters(), rate=0.0, decay=recipe.weight_decay)
        self._sampler: PatchSampler | None = None

    def resume(self, kept: Unfinished | None) -> None:
        """Stand where a checkpoint was taken."""
        if kept is None:
            return
        self._network.load_state_dict(kept.weights)
        restore_optimiser(self._optimiser, kept.optimiser)
        self.legs_done, self._history = kept.legs_done, list(kept.history)

    def state(self) -> Unfinished:
        """Return a checkpoint of where it stands."""
        return Unfinished(
            of=self.digest,
            legs_done=self.legs_done,
            weights=dict(self._network.state_dict()),
            optimiser=optimiser_tensors(self._optimiser),
            history=tuple(self._history),
        )

    def model(self) -> TrainedModel:
        """Return what has been learned."""
        weights = {
            name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, tensor in self._network.state_dict().items()
        }
        return TrainedModel(
            weights=weights,
            architecture=self._recipe.architecture,
            width=self._recipe.width,
            columns=self._dataset.columns,
            contract=self._recipe.contract,
            history=tuple(self._history),
        )

    def walk(self, leg: Leg) -> None:
        """Take the steps of one leg."""
        if leg.first == 0:
            self._optimiser = adamw(self._network.parameters(), rate=0.0, decay=self._recipe.weight_decay)
        rng = generator(self._recipe.seed, leg.number)
        losses = self._patch_losses(leg, rng) if leg.stage == "patches" else self._image_losses(rng)
        self._network.train()
        began, seen = time.process_time(), []
        for step, loss in enumerate(losses, start=leg.first):
            seen.append(self._step(loss, leg.rate * one_cycle(step, leg.steps)))
            if self._tell is not None:
                self._tell(Progress(stage=leg.stage, done=step + 1, of=leg.steps, loss=seen[-1]))
        self.legs_done = leg.number + 1
        self._history.append(
            {"stage": leg.stage, "loss": float(np.mean(seen)), "cpu_seconds": time.process_time() - began}
        )

    def _step(self, loss: Tensor, rate: float) -> float:
        value = float(loss.detach())
        if not math.isfinite(value):
            raise DivergedError(f"the loss is {value}; lower the rate, or look at the latest studies")
        set_rate(self._optimiser, rate)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        nn.utils.clip_grad_norm_(self._network.parameters(), self._recipe.clip)
        self._optimiser.step()
        return value

    def _patch_losses(self, leg: Leg, rng: np.random.Generator) -> Iterator[Tensor]:
        if self._sampler is None:
            self._sampler = PatchSampler(
                self._images, self._dataset, self._recipe.contract, self._recipe.patches
            )
        for _ in range(leg.first, leg.last):
            batch = self._sampler.draw(rng)
            reading = self._read(batch.pixels.to(self._device))
            where = (batch.known, batch.boxes, batch.positions, batch.columns)
            places = cell_targets(*where, cells=reading.maps.shape[-1])
            yield self._loss(reading, frame_targets(*where), places, batch.weights)

    def _image_losses(self, rng: np.random.Generator) -> Iterator[Tensor]:
        augment, dataset, known = self._recipe.images.augment, self._dataset, self._dataset.placeable()
        for studies in batches(dataset, self._recipe.images.batch, rng):
            matrices = augment.draw(len(studies), rng)
            pixels = self._normalise(torch.from_numpy(self._images[studies]).unsqueeze(1).to(self._device))
            reading = self._read(augment.expose(warp(pixels, matrices) if augment.moves else pixels, rng))
            positions, rows = dataset.boxes_of(studies)
            boxes = warp_boxes(dataset.boxes[rows], matrices[positions])
            cells = reading.maps.shape[-1]
            places = cell_targets(known[studies], boxes, positions, dataset.box_columns[rows], cells=cells)
            yield self._loss(reading, dataset.labels[studies], places, dataset.weights[studies])

    def _read(self, pixels: Tensor) -> Reading:
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._half):
            reading: Reading = self._network(pixels.contiguous(memory_format=torch.channels_last))
        return reading

    def _loss(self, reading: Reading, labels: Floats, places: Floats, weights: Floats) -> Tensor:
        return reading_loss(
            reading, *(torch.from_numpy(part).to(self._device) for part in (labels, places, weights))
        )


def _built(recipe: Recipe, dataset: LabelledSet) -> Network:
    return build(recipe.architecture, recipe.contract, outputs=len(dataset.columns), width=recipe.width)


def _check(recipe: Recipe, images: Pictures, dataset: LabelledSet) -> None:
    size = recipe.contract.size
    if images.dtype != np.uint8 or images.shape != (len(dataset), size, size):
        raise InputError(
            f"the recipe and {len(dataset)} studies need uint8 {(len(dataset), size, size)} pictures, "
            f"not {images.dtype} {images.shape}"
        )
    first = dataset.labels[dataset.repeats > 0, 0]
    if not ((first == 0).any() and (first == 1).any()):
        raise InputError("a training needs studies with and without findings; one of the two is missing")


def _digest(recipe: Recipe, images: Pictures, dataset: LabelledSet, initial: Weights | None) -> str:
    """Return what a checkpoint must agree on; of the pictures a sample, they are too many to read again."""
    digest = hashlib.sha256(recipe.digest.encode())
    for part in (dataset.labels, dataset.boxes, dataset.box_studies, dataset.box_columns, dataset.weights):
        digest.update(part.tobytes())
    digest.update(dataset.repeats.tobytes())
    digest.update(np.ascontiguousarray(images[:: max(1, len(images) // 16)]).tobytes())
    for name, tensor in sorted((initial or {}).items()):
        digest.update(name.encode() + tensor.numpy().tobytes())
    return digest.hexdigest()
