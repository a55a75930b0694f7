"""The stretches a training is made of: one pass over the studies each, or 16,000 patches."""

import math
from dataclasses import dataclass

from overread.learning.data import LabelledSet, batches_in_pass
from overread.learning.recipes import Recipe

PATCHES_IN_LEG = 16_000
PATCHES, IMAGES = "patches", "images"


@dataclass(frozen=True, kw_only=True, slots=True)
class Leg:
    """A stretch of one stage: steps `first` up to `last` of the stage's `steps`, at a share of `rate`."""

    number: int
    stage: str
    first: int
    last: int
    steps: int
    rate: float


def legs(recipe: Recipe, dataset: LabelledSet) -> list[Leg]:
    """Return the stretches of a training in order; each stage begins a new optimiser and a new cycle."""
    patches, images = recipe.patches, recipe.images
    steps = math.ceil(patches.count / patches.batch)
    stride = max(1, PATCHES_IN_LEG // patches.batch)
    bounds = [
        (PATCHES, first, min(first + stride, steps), steps, patches.rate) for first in range(0, steps, stride)
    ]
    in_pass = batches_in_pass(dataset, images.batch)
    steps = in_pass * images.passes
    bounds += [(IMAGES, first, first + in_pass, steps, images.rate) for first in range(0, steps, in_pass)]
    return [
        Leg(number=number, stage=stage, first=first, last=last, steps=steps, rate=rate)
        for number, (stage, first, last, steps, rate) in enumerate(bounds)
    ]
