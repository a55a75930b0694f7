"""Weights on disk: whole or absent, and nothing that is not ours is taken."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from overread.domain.errors import ConfigurationError, InputError, NotFoundError
from overread.learning.architectures import InputContract, build
from overread.learning.checkpoints import (
    TrainedModel,
    load_model,
    save_model,
)

CONTRACT = InputContract(size=64, standardise=True)


def a_model() -> TrainedModel:
    """Return a small model with random weights."""
    network = build("resnet10-lse", CONTRACT, outputs=2, width=4)
    return TrainedModel(
        weights=network.state_dict(),
        architecture="resnet10-lse",
        width=4,
        columns=("any", "a"),
        contract=CONTRACT,
        history=({"stage": "images", "loss": 0.5},),
    )


def test_a_model_comes_back_as_it_went(tmp_path: Path) -> None:
    model = a_model()
    save_model(tmp_path / "deep" / "model.safetensors", model)
    back = load_model(tmp_path / "deep" / "model.safetensors")
    assert (back.contract, back.columns, back.history) == (model.contract, model.columns, model.history)
    pixels = torch.randn(1, 1, 64, 64)
    torch.testing.assert_close(back.network()(pixels).logits, model.network()(pixels).logits)


def test_a_failed_write_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.safetensors"
    save_model(path, a_model())
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="full"):
        save_model(path, a_model())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_cut_file_a_foreign_file_and_no_file_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with pytest.raises(NotFoundError, match=f"no weights at {path}; give the path"):
        load_model(path)
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(ConfigurationError, match="not written by Overread"):
        load_model(path)
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(InputError, match=f"{path} is not a whole .* delete it and fetch or train it again"):
        load_model(path)
