"""Seconds of one training step on a CPU, ResNet18 at 128 and ResNet152 at 512, from pictures to new weights.

Ours is `train` with the published recipe's changes over the memory-mapped cache, in the precision that the
recipe takes here. The peer is the loop one would write: a Dataset of PNG files with torchvision's random
affine, a DataLoader with two workers, AdamW, float32. Both have one compute thread, as a training has by
default, and learn one label in batches of one size. The first step of a training is left out.
"""

import importlib
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from benchmarks.batch_gather import saved
from benchmarks.recording import Row, rounds, row, tell, timed
from overread.learning.architectures import InputContract
from overread.learning.augmentation import Augmentation
from overread.learning.cache import write_cache
from overread.learning.data import ANY, LabelledStudy, Studies, labelled_set
from overread.learning.determinism import half_precision, single_thread
from overread.learning.operators import torchvision_models
from overread.learning.progress import Progress
from overread.learning.recipes import ImageStage, Recipe
from overread.learning.training import train

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet
DEGREES, SCALE, SHIFT, RATE, DECAY = 10.0, 0.10, 0.05, 3e-4, 1e-4  # configs/paper.toml
AUGMENT = Augmentation(degrees=DEGREES, scale=SCALE, shift=SHIFT)
WORKERS, TARGET = 2, 1.2
LONGEST = 100.0  # seconds a row

Grey = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """What is trained: `steps` a measurement, the first of which is not counted."""

    architecture: str
    side: int
    batch: int
    steps: int


SIZES = (
    Size(architecture="resnet18", side=128, batch=16, steps=9),
    Size(architecture="resnet152", side=512, batch=2, steps=3),
)


def ours(size: Size, pictures: Grey, truth: Sequence[int]) -> float:
    """Return the seconds of a step of our own training."""
    recipe = Recipe(
        name="benchmark",
        architecture=size.architecture,
        contract=InputContract(size=size.side, channels=3, mean=MEAN, std=STD),
        weight_decay=DECAY,
        images=ImageStage(passes=1, batch=size.batch, rate=RATE, augment=AUGMENT),
    )
    labels = labelled_set((ANY,), [LabelledStudy(any_finding=float(label)) for label in truth])
    ended: list[float] = []

    def note(_: Progress) -> None:
        ended.append(time.perf_counter())

    train(recipe, Studies(pictures, labels), on_progress=note)
    return (ended[-1] - ended[0]) / (len(ended) - 1)


class Files(Dataset[tuple[Tensor, Tensor]]):
    """PNG files and their labels, each file decoded and moved when it is asked for."""

    def __init__(self, files: Sequence[Path], truth: Sequence[int]) -> None:
        torchvision_models()  # declares what a CPU build lacks
        library: Any = importlib.import_module("torchvision.transforms")
        self._files, self._truth = files, truth
        affine = library.RandomAffine(DEGREES, translate=(SHIFT, SHIFT), scale=(1 - SCALE, 1 + SCALE))
        steps = [affine, library.ToTensor(), library.Normalize(MEAN, STD)]
        self._transform = library.Compose(steps)

    def __len__(self) -> int:
        """Return the number of files."""
        return len(self._files)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        """Return a picture as three channels, and its label."""
        with Image.open(self._files[number]) as picture:
            return self._transform(picture.convert("RGB")), torch.tensor([float(self._truth[number])])


def plain(size: Size, files: Sequence[Path], truth: Sequence[int]) -> Iterator[None]:
    """Take a step of a plain loop each time it is asked."""
    network = getattr(torchvision_models(), size.architecture)(weights=None, num_classes=1)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    loader = DataLoader(
        Files(files, truth),
        batch_size=size.batch,
        shuffle=True,
        num_workers=WORKERS,
        persistent_workers=WORKERS > 0,
    )
    for pixels, labels in chain.from_iterable(repeat(loader)):
        optimiser.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(network(pixels), labels)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimiser.step()
        yield


def theirs(steps: Iterator[None], count: int) -> float:
    """Return the seconds of a step of the plain loop, the mean of `count`."""
    return timed(partial(next, steps), times=count)()


def measured(size: Size, folder: Path) -> Row:
    """Return the row of one size."""
    drawn = np.random.default_rng(1).integers(
        0, 256, (size.batch * size.steps, size.side, size.side), dtype=np.uint8
    )
    truth = [number % 2 for number in range(len(drawn))]
    cache = write_cache(folder, size.side, ((str(number), one) for number, one in enumerate(drawn)))
    steps = plain(size, saved(folder, list(drawn)), truth)
    sides = [partial(ours, size, cache.pictures, truth), partial(theirs, steps, size.steps - 1)]
    name = f"training step of {size.architecture} at {size.side}, batch of {size.batch} / plain torch loop"
    precision = "bfloat16" if half_precision(torch.device("cpu")) else "float32"
    note = f"ours in {precision}, theirs in float32"
    return row(name, *rounds(sides, fewest=4, seconds=LONGEST), target=TARGET, note=note)


def main() -> None:
    """Measure, print and keep the rows."""
    single_thread()
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            tell([measured(size, Path(folder))], ("torch", "torchvision", "pillow", "numpy"))


if __name__ == "__main__":
    main()
