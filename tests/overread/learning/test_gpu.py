"""What a GPU does differently, held against a CPU: run on a machine with a CUDA device, skipped elsewhere."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from overread.learning.checkpoints import TrainedModel
from overread.learning.devices import described
from overread.learning.progress import Progress
from overread.learning.recipes import Recipe
from overread.learning.resuming import Checkpoints
from overread.learning.scoring import auc, score
from overread.learning.training import train
from tests.overread.learning.toys import toy_recipe, toy_studies

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


@pytest.fixture(autouse=True)
def _exact() -> Iterator[None]:
    """Keep the GPU's convolutions from rounding to 10 bits: they are held against a CPU's."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32 = before


def test_a_card_has_a_name_and_the_memory_that_it_says_is_its_own() -> None:
    found = described("cuda")
    assert found.name == torch.cuda.get_device_name()
    assert found.memory == torch.cuda.mem_get_info()[1]


def recipe(**changes: Any) -> Recipe:
    return replace(toy_recipe(**changes), device="cuda")


def losses(model: TrainedModel) -> list[float]:
    return [float(leg["loss"]) for leg in model.history]


def test_it_learns_what_a_cpu_learns() -> None:
    studies, table = toy_studies(64), {"images": {"passes": 2, "batch": 16, "augment": {"degrees": 4.0}}}
    here, there = (train(each, studies) for each in (recipe(**table), toy_recipe(**table)))
    assert losses(here) == pytest.approx(losses(there), rel=0.05)


def test_half_precision_learns_and_scores_on_a_cpu() -> None:
    table = {"precision": "bfloat16", "patches": {"count": 3200, "side": 24, "batch": 32}}
    model = train(recipe(**table), toy_studies(160))
    pictures, dataset = toy_studies(100, seed=9)
    assert all(not weight.is_cuda for weight in model.weights.values())
    assert auc(dataset.labels[:, 0], score(model.network(), model.contract, pictures).logits[:, 0]) > 0.95


@pytest.mark.filterwarnings("ignore:.*jit.*:DeprecationWarning")  # torch's compiler loads its older one
def test_a_compiled_network_learns_what_a_plain_one_learns_also_from_batches_of_two_sizes() -> None:
    table: dict[str, Any] = {"patches": {}, "images": {"passes": 2, "batch": 16}}
    studies = toy_studies(46)  # batches of 16, 15 and 15
    plain, compiled = (train(recipe(**table, compiled=on), studies) for on in (False, True))
    assert losses(compiled) == pytest.approx(losses(plain), rel=0.01)
    assert set(compiled.weights) == set(plain.weights)


def test_a_killed_training_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    class KilledError(Exception):
        pass

    def kill(progress: Progress) -> None:
        if progress.stage == "images" and progress.done == 3:
            raise KilledError

    studies, whole = toy_studies(48), train(recipe(ema=0.9), toy_studies(48))
    with pytest.raises(KilledError):
        train(recipe(ema=0.9), studies, checkpoints=Checkpoints(folder=tmp_path, seconds=0), on_progress=kill)
    resumed = train(recipe(ema=0.9), studies, checkpoints=Checkpoints(folder=tmp_path))
    assert losses(resumed) == pytest.approx(losses(whole), rel=0.01)


def test_a_batch_that_does_not_fit_is_learned_in_parts_and_it_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    table = {
        "architecture": "resnet18",
        "contract": {"size": 256, "channels": 3, "mean": [0.5] * 3, "std": [0.2] * 3},
        "patches": {},
        "images": {"passes": 1, "batch": 64},
    }
    studies = toy_studies(128, size=256)
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(2e9 / total)
    try:
        with caplog.at_level(logging.WARNING):
            model = train(recipe(**table), studies)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        torch.cuda.empty_cache()
    assert model.history[-1]["micro_batch"] in {32, 16, 8}
    assert np.isfinite(losses(model)).all()
    assert "studies at once do not fit into memory" in caplog.text
