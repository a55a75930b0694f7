"""Seconds to gather one batch of 32 pictures, 512 x 512, in random order, as a training step waits for it.

Ours is the memory-mapped cache, read as training on a CPU reads it: uint8 (32, 1, 512, 512), made float on
the device. The peers are MONAI's CacheDataset with the transforms its tutorials begin with, all of it cached,
behind its DataLoader with and without workers; and files decoded on the fly: PNG at 512, and PNG at the size
of the detector, reduced as it is read. MONAI's transforms give float32, four times the bytes; told to keep
uint8 it comes much closer.
"""

import importlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from benchmarks.recording import Row, installed_version, left_out, rounds, row, tell, timed
from overread.learning.cache import PixelCache, write_cache
from overread.learning.data import Indices
from overread.learning.resident import source_of

SIDE, ROWS, COLUMNS = 512, 3000, 2500
PICTURES, ORIGINALS, BATCH = 256, 32, 32
AT_ONCE = 20  # batches in one measurement of a fast side
WITHOUT_WORKERS, TWO_WORKERS, PNG, FULL_SIZE = 5, 15, 70, 1000  # targets
REST, LONGEST = 0.5, 40.0  # seconds: a round, a row
PACKAGES = ("torch", "numpy", "pillow", "opencv-python-headless", "monai")

Grey = NDArray[np.uint8]
Batches = Callable[[], object]


def drawn(rng: np.random.Generator, rows: int, columns: int) -> Grey:
    """Return a picture as compressible as a radiograph: smooth shapes under a little noise."""
    shapes = cv2.resize(rng.normal(size=(12, 10)).astype(np.float32), (columns, rows))
    noisy = 128 + 40 * shapes + rng.normal(0, 2, shapes.shape)
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


def from_cache(cache: PixelCache, rng: np.random.Generator) -> Batches:
    """Return what gives the next batch as a training on a CPU is given it."""

    def order() -> Iterator[Tensor]:
        source = source_of(cache.pictures, torch.device("cpu"))
        while True:
            shuffled: Indices = rng.permutation(len(cache.keys))
            yield from source.batches(np.array_split(shuffled, len(shuffled) // BATCH))

    return partial(next, order())


def from_monai(files: Sequence[Path], workers: int) -> Batches:
    """Return what gives the next batch of MONAI's CacheDataset, all of which is in memory."""
    library: Any = importlib.import_module("monai.data")
    transforms: Any = importlib.import_module("monai.transforms")
    load, scale = transforms.LoadImage(image_only=True), transforms.ScaleIntensity()
    steps = [load, transforms.EnsureChannelFirst(), scale]
    dataset = library.CacheDataset(
        data=list(map(str, files)), transform=transforms.Compose(steps), cache_rate=1.0, progress=False
    )
    loader = library.DataLoader(
        dataset, batch_size=BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0
    )
    return partial(next, chain.from_iterable(repeat(loader)))


def from_files(files: Sequence[Path], rng: np.random.Generator) -> Batches:
    """Return what decodes the next batch from its files, and reduces what is larger."""

    def batch() -> Tensor:
        rows = [read(files[number]) for number in rng.integers(len(files), size=BATCH)]
        return torch.from_numpy(np.stack(rows)).unsqueeze(1)

    return batch


def read(file: Path) -> Grey:
    """Return one PNG file at 512."""
    with Image.open(file) as picture:
        decoded = np.asarray(picture)
    return np.asarray(cv2.resize(decoded, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def saved(folder: Path, pictures: Sequence[Grey]) -> list[Path]:
    """Write pictures as PNG files."""
    files = [folder / f"{len(pictures[0])}-{number}.png" for number in range(len(pictures))]
    for file, picture in zip(files, pictures, strict=True):
        Image.fromarray(picture).save(file)
    return files


def compared(ours: Batches, name: str, theirs: Batches, target: float, *, times: int = 1) -> Row:
    """Return the row of the cache against one peer, whose workers first come to rest."""
    alone = timed(ours, times=AT_ONCE)

    def rested() -> float:
        time.sleep(REST)
        return alone()

    sides = [rested, timed(theirs, times=times)]
    milliseconds = [[1000 * second for second in side] for side in rounds(sides, seconds=LONGEST)]
    return row(f"batch of {BATCH} at {SIDE} from the cache / {name}", *milliseconds, target=target, unit="ms")


def main() -> None:
    """Measure, print and keep the rows; those of MONAI only where it is installed."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    rng = np.random.default_rng(1)
    pictures = np.stack([drawn(rng, SIDE, SIDE) for _ in range(PICTURES)])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cache = write_cache(folder / "cache", SIDE, ((str(row), one) for row, one in enumerate(pictures)))
        ours = from_cache(cache, rng)
        small = saved(folder, list(pictures))
        for words, workers, target in (("no workers", 0, WITHOUT_WORKERS), ("two workers", 2, TWO_WORKERS)):
            said = f"MONAI CacheDataset, {words}"
            if installed_version("monai"):
                tell([compared(ours, said, from_monai(small, workers), target, times=AT_ONCE)], PACKAGES)
            else:
                left_out(said, "monai")
        tell([compared(ours, f"PNG of {SIDE}", from_files(small, rng), PNG)], PACKAGES)
        large = saved(folder, [drawn(rng, ROWS, COLUMNS) for _ in range(ORIGINALS)])
        full = f"PNG of {ROWS} x {COLUMNS}"
        tell([compared(ours, full, from_files(large, rng), FULL_SIZE)], PACKAGES)


if __name__ == "__main__":
    main()
