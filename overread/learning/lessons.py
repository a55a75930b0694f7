"""Batches as they are learned from: drawn whole, so that all processes draw alike; computed part by part."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from overread.learning.architectures import Normalise
from overread.learning.augmentation import expose, warp, warp_boxes
from overread.learning.data import Floats, Indices, Studies, batches
from overread.learning.distributed import Group
from overread.learning.legs import PATCHES, Leg
from overread.learning.losses import Answers, answers
from overread.learning.patches import PatchBatch, PatchSampler
from overread.learning.recipes import Recipe
from overread.learning.resident import Source, source_of
from overread.learning.targets import cell_targets, frame_targets


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """One batch of b pictures or patches.

    `pixels` returns the network's input for a part of it, on the device, `places` what maps of so many cells
    should answer, (b, k, cells, cells); `labels` is (b, k), `weights` (b,).
    """

    pixels: Callable[[slice], Tensor]
    labels: Floats
    weights: Floats
    places: Callable[[int], Floats]

    def __len__(self) -> int:
        """Return the number of pictures or patches."""
        return len(self.labels)

    def answers(self, cells: int, device: torch.device) -> Answers:
        """Return what the whole batch should answer, on the device."""
        parts = (self.labels, self.places(cells), self.weights)
        return answers(*(torch.from_numpy(part).to(device) for part in parts))


class Lessons:
    """Gives the lessons of a training, leg by leg; a process computes the pixels of its own share alone."""

    def __init__(self, recipe: Recipe, studies: Studies, device: torch.device, group: Group) -> None:
        self._recipe, self._device, self._group = recipe, device, group
        self._pictures, self._dataset = studies
        self._known = self._dataset.placeable()
        self._normalise = Normalise(recipe.contract).to(device)
        self._sampler: PatchSampler | None = None
        self._source: Source | None = None

    def of(self, leg: Leg, rng: np.random.Generator, order: Sequence[Indices]) -> Iterator[Lesson]:
        """Yield the lessons of a leg, or the last ones of it: those of `order` (see `order`)."""
        return self._patches(rng, len(order)) if leg.stage == PATCHES else self._images(rng, order)

    def order(self, leg: Leg, rng: np.random.Generator) -> list[Indices]:
        """Return the studies of each step of a leg; patches draw theirs at each step."""
        if leg.stage == PATCHES:
            return [np.zeros(0, np.int64)] * (leg.last - leg.first)
        return batches(self._dataset, self._recipe.images.batch, rng)

    def _patches(self, rng: np.random.Generator, steps: int) -> Iterator[Lesson]:
        if self._sampler is None:
            stage, contract = self._recipe.patches, self._recipe.contract
            self._sampler = PatchSampler(self._pictures, self._dataset, contract, stage)
        for _ in range(steps):
            yield self._patch_lesson(self._sampler.draw(rng))

    def _patch_lesson(self, batch: PatchBatch) -> Lesson:
        where = (batch.known, batch.boxes, batch.positions, batch.columns)
        return Lesson(
            pixels=lambda part: batch.pixels(part).to(self._device),
            labels=frame_targets(*where),
            weights=batch.weights,
            places=lambda cells: cell_targets(*where, cells=cells),
        )

    def _images(self, rng: np.random.Generator, order: Sequence[Indices]) -> Iterator[Lesson]:
        if self._source is None:
            self._source = source_of(self._pictures, self._device)
        mine = [studies[self._group.share(len(studies))] for studies in order]
        for studies, stored in zip(order, self._source.batches(mine), strict=True):
            yield self._image_lesson(studies, stored, rng)

    def _image_lesson(self, studies: Indices, stored: Tensor, rng: np.random.Generator) -> Lesson:
        augment, dataset = self._recipe.images.augment, self._dataset
        matrices = augment.draw(len(studies), rng)
        exposures = augment.draw_exposures(len(studies), rng)
        positions, rows = dataset.boxes_of(studies)
        boxes = warp_boxes(dataset.boxes[rows], matrices[positions])
        first = self._group.share(len(studies)).start

        def pixels(part: slice) -> Tensor:
            held = self._normalise(stored[part.start - first : part.stop - first])
            return expose(warp(held, matrices[part]) if augment.moves else held, exposures[part])

        return Lesson(
            pixels=pixels,
            labels=dataset.labels[studies],
            weights=dataset.weights[studies],
            places=lambda cells: cell_targets(
                self._known[studies], boxes, positions, dataset.box_columns[rows], cells=cells
            ),
        )
