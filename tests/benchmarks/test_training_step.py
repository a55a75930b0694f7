"""Both loops take steps over the same pictures, and a step has a length."""

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import training_step
from benchmarks.batch_gather import saved
from benchmarks.training_step import MEAN, STD, Files, Size, measured, ours
from overread.learning.determinism import single_thread

_SIZE = Size(architecture="resnet18", side=64, batch=4, steps=3)


def test_our_training_is_timed_without_its_first_step() -> None:
    single_thread()
    pictures = np.random.default_rng(4).integers(0, 256, (12, 64, 64), dtype=np.uint8)
    assert 0 < ours(_SIZE, pictures, [0, 1] * 6) < 60


def test_the_peer_reads_what_was_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DEGREES", "SCALE", "SHIFT"):
        monkeypatch.setattr(training_step, name, 0.0)
    picture = np.random.default_rng(4).integers(0, 256, (32, 32), dtype=np.uint8)
    pixels, label = Files(saved(tmp_path, [picture]), [1])[0]
    mean, std = (torch.tensor(channel).view(3, 1, 1) for channel in (MEAN, STD))
    assert label.tolist() == [1.0]
    assert torch.allclose(pixels * std + mean, torch.from_numpy(picture) / 255, atol=1e-5)


@pytest.mark.slow
def test_a_row_says_in_which_precision_it_was_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    single_thread()
    monkeypatch.setattr(training_step, "LONGEST", 0.0)
    monkeypatch.setattr(
        training_step, "WORKERS", 0
    )  # a fork of a test process with threads may fail as it ends
    made = measured(_SIZE, tmp_path)
    assert made.ratio > 0
    assert made.note.endswith("theirs in float32")
