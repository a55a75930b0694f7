"""The patch stage: small squares of pictures, half of them around findings, teach what a finding looks like.

Image labels alone do not train a small network in a minute (AUC .54), and boxes do (.95): most of a picture
shows nothing, and a patch is mostly finding.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from overread.learning.architectures import InputContract
from overread.learning.augmentation import Augmentation, Exposures, expose
from overread.learning.cache import Pictures
from overread.learning.data import Floats, Indices, LabelledSet


@dataclass(frozen=True, kw_only=True, slots=True)
class PatchStage:
    """How many patches, how large, and at which peak rate; no patches, no stage.

    `side` is in pixels, best a multiple of the network's stride: cells divide it as they do a picture.
    A finding larger than a patch is sampled inside its box; one in `at_borders` is told by its outline,
    so there.
    """

    count: int = 0
    side: int = 48
    batch: int = 64
    rate: float = 5e-3
    at_borders: tuple[str, ...] = ()
    augment: Augmentation = field(default_factory=lambda: Augmentation(gain=0.15, offset=0.15))


@dataclass(frozen=True, kw_only=True, slots=True)
class PatchBatch:
    """Patches, and what `overread.learning.targets` needs to say what they show.

    `pixels` returns those of a part of the batch, (part, channels, side, side), as they are cut.
    """

    pixels: Callable[[slice], Tensor]
    known: Floats
    boxes: Floats
    positions: Indices
    columns: Indices
    weights: Floats


class PatchSampler:
    """Draws batches of patches from pictures (n, size, size) and their labels."""

    def __init__(
        self, pictures: Pictures, dataset: LabelledSet, contract: InputContract, stage: PatchStage
    ) -> None:
        if stage.side > contract.size:
            raise ValueError("a patch is larger than the picture")
        self._pictures, self._dataset, self._contract, self._stage = pictures, dataset, contract, stage
        self._mean, self._std = _exposure(pictures, contract)
        self._known = dataset.placeable()
        study_odds = dataset.repeats.astype(np.float64)
        self._study_odds = study_odds / study_odds.sum()
        self._box_odds = _box_odds(dataset)
        self._bordered = np.array([code in stage.at_borders for code in dataset.columns])

    def draw(self, rng: np.random.Generator) -> PatchBatch:
        """Return the next batch, half of it around boxes."""
        studies, corners = self._places(rng)
        exposures = self._stage.augment.draw_exposures(len(studies), rng)
        positions, rows = self._dataset.boxes_of(studies)
        scale, side = np.float32(self._contract.size), np.float32(self._stage.side)
        return PatchBatch(
            pixels=lambda part: self._cut(studies[part], corners[part], exposures[part]),
            known=self._known[studies],
            boxes=(self._dataset.boxes[rows] * scale - np.tile(corners, 2)[positions].astype(np.float32))
            / side,
            positions=positions,
            columns=self._dataset.box_columns[rows],
            weights=self._dataset.weights[studies],
        )

    def _places(self, rng: np.random.Generator) -> tuple[Indices, Indices]:
        """Return studies (b,) and the upper left pixels (b, 2; x, y) of their patches."""
        batch, side, size = self._stage.batch, self._stage.side, self._contract.size
        around = batch // 2 if len(self._box_odds) else 0
        boxes = (
            rng.choice(len(self._dataset.boxes), around, p=self._box_odds)
            if around
            else np.zeros(0, np.int64)
        )
        anywhere = rng.choice(len(self._dataset), batch - around, p=self._study_odds)
        studies = np.concatenate([self._dataset.box_studies[boxes], anywhere])
        centres = np.concatenate([self._centres(boxes, rng), rng.random((batch - around, 2)) * size])
        return studies, np.clip(np.rint(centres - side / 2), 0, size - side).astype(np.int64)

    def _centres(self, rows: Indices, rng: np.random.Generator) -> Floats:
        """Return where to look for each box: at it with some jitter; if large, in it or at its outline."""
        size, side = self._contract.size, self._stage.side
        boxes = self._dataset.boxes[rows] * size
        middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
        inside = rng.uniform(-1, 1, middle.shape)
        edge = inside / np.maximum(np.abs(inside).max(axis=1, keepdims=True), 1e-6)
        bordered = self._bordered[self._dataset.box_columns[rows]][:, None]
        reach = np.maximum(half - side / 4, 0)
        jitter = rng.uniform(-0.25, 0.25, middle.shape) * side
        large = np.where(bordered, edge * half, inside * reach)
        return np.asarray(
            middle + np.where((half * 2 > side).any(axis=1, keepdims=True), large, 0) + jitter, np.float32
        )

    def _cut(self, studies: Indices, corners: Indices, exposures: Exposures) -> Tensor:
        """Return normalised, exposed patches (b, channels, side, side)."""
        across, down = (corners[:, axis, None] + np.arange(self._stage.side) for axis in (0, 1))
        stored = self._pictures[studies[:, None, None], down[:, :, None], across[:, None, :]]
        pixels = torch.from_numpy(stored.astype(np.float32)).unsqueeze(1) / 255
        mean, std = torch.from_numpy(self._mean[studies]), torch.from_numpy(self._std[studies])
        normalised = (pixels - mean[:, :, None, None]) / std[:, :, None, None]
        return expose(normalised.expand(-1, self._contract.channels, -1, -1), exposures)


def _box_odds(dataset: LabelledSet) -> NDArray[np.float64]:
    """Return the odds of each box: by its study's repeats, rare findings somewhat more often than they come.

    Empty where no study that comes at all has a box.
    """
    if not dataset.repeats[dataset.box_studies].any():
        return np.zeros(0)
    counts = np.bincount(dataset.box_columns, minlength=len(dataset.columns))
    odds = dataset.repeats[dataset.box_studies] / np.sqrt(counts[dataset.box_columns])
    return np.asarray(odds / odds.sum())


def _exposure(pictures: Pictures, contract: InputContract) -> tuple[Floats, Floats]:
    """Return mean and deviation, each (n, 1 or channels), that bring a picture's patches to network input."""
    n = len(pictures)
    if not contract.standardise:
        return (
            np.tile(np.array(contract.mean, np.float32), (n, 1)),
            np.tile(np.array(contract.std, np.float32), (n, 1)),
        )
    mean, std = np.empty((n, 1), np.float32), np.empty((n, 1), np.float32)
    for row, picture in enumerate(pictures):
        mean[row], std[row] = picture.mean() / 255, max(picture.std() / 255, 1e-3)
    return mean, std
