"""All sides of the gather give batches of one shape, from the pictures that were written."""

from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from benchmarks import batch_gather
from benchmarks.batch_gather import BATCH, drawn, from_cache, from_files, from_monai, read, saved
from benchmarks.recording import installed_version
from overread.learning.cache import write_cache

_RNG = np.random.default_rng(3)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_gather, "SIDE", 16)


def test_the_cache_gives_every_picture_once_before_any_comes_again(tmp_path: Path) -> None:
    pictures = [np.full((16, 16), number, np.uint8) for number in range(2 * BATCH)]
    gather = from_cache(write_cache(tmp_path, 16, ((str(n), one) for n, one in enumerate(pictures))), _RNG)
    batches = [gather(), gather()]
    seen: list[int] = []
    for batch in batches:
        assert isinstance(batch, Tensor)
        assert batch.shape == (BATCH, 1, 16, 16)
        seen += batch[:, 0, 0, 0].tolist()
    assert sorted(seen) == list(range(2 * BATCH))


def test_files_are_decoded_and_reduced_to_the_same_shape(tmp_path: Path) -> None:
    large = drawn(_RNG, 48, 32)
    (file,) = saved(tmp_path, [large])
    assert np.abs(read(file).astype(int) - large.reshape(16, 3, 16, 2).mean(axis=(1, 3))).max() <= 1
    batch = from_files([file], _RNG)()
    assert isinstance(batch, Tensor)
    assert batch.shape == (BATCH, 1, 16, 16)


@pytest.mark.skipif(not installed_version("monai"), reason="monai is not installed; pip install .[bench]")
@pytest.mark.filterwarnings("ignore")  # MONAI warns of optional readers while it is imported
def test_monai_gives_the_same_shape_as_its_tutorials_have_it(tmp_path: Path) -> None:
    files = saved(tmp_path, [drawn(_RNG, 16, 16)] * BATCH)
    batch = from_monai(files, 0)()
    assert isinstance(batch, Tensor)
    assert (batch.shape, str(batch.dtype)) == ((BATCH, 1, 16, 16), "torch.float32")
