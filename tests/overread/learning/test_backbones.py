"""Initial weights: the right file or none, and a sentence for the model card."""

import hashlib
from pathlib import Path

import pytest
import torch

from overread.domain.errors import InputError, NotFoundError
from overread.learning.architectures import InputContract, Network, build
from overread.learning.backbones import Backbone, start_from

CONTRACT = InputContract(size=64, channels=3, mean=(0.0,) * 3, std=(1.0,) * 3)


def kept(network: Network, path: Path) -> Backbone:
    """Write a body as torchvision would, with a classifier of its own, and return it."""
    torch.save({**network.body.state_dict(), "fc.weight": torch.zeros(1000, 512)}, path)
    return Backbone(path=path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_body_starts_from_a_checkpoint_and_the_head_does_not(tmp_path: Path) -> None:
    giver, taker = (build("resnet18", CONTRACT, outputs=2) for _ in range(2))
    head = taker.head.weight.detach().clone()
    backbone = kept(giver, tmp_path / "body.pth")
    start_from(taker, backbone)
    state = taker.body.state_dict()
    assert all(torch.equal(weight, state[name]) for name, weight in giver.body.state_dict().items())
    assert torch.equal(taker.head.weight, head)
    assert backbone.sha256 in backbone.statement


def test_another_file_under_that_name_is_refused(tmp_path: Path) -> None:
    network = build("resnet18", CONTRACT, outputs=2)
    kept(network, tmp_path / "body.pth")
    with pytest.raises(InputError, match="another checkpoint"):
        start_from(network, Backbone(path=tmp_path / "body.pth", sha256="0" * 64))


def test_a_missing_and_an_unfitting_checkpoint_are_refused(tmp_path: Path) -> None:
    network = build("resnet18", CONTRACT, outputs=2)
    backbone = kept(network, tmp_path / "body.pth")
    with pytest.raises(InputError, match="does not fit"):
        start_from(build("resnet34", CONTRACT, outputs=2), backbone)
    with pytest.raises(NotFoundError):
        start_from(network, Backbone(path=tmp_path / "none.pth", sha256="0" * 64))
