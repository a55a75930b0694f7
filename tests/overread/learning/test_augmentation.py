"""Boxes go where their pixels go; a whole picture is never mirrored."""

import numpy as np
import pytest
import torch

from overread.learning.augmentation import Augmentation, expose, warp, warp_boxes

STRONG = Augmentation(degrees=8, scale=0.1, shift=0.08, gain=0.2, offset=0.2)


def test_a_box_still_encloses_its_square_after_any_transform() -> None:
    rng = np.random.default_rng(0)
    matrices = STRONG.draw(20, rng)
    pixels = torch.zeros(20, 1, 64, 64)
    pixels[:, :, 24:36, 30:40] = 1
    boxes = warp_boxes(np.tile(np.array([30, 24, 40, 36], np.float32) / 64, (20, 1)), matrices) * 64
    for picture, (x0, y0, x1, y1) in zip(warp(pixels, matrices)[:, 0].numpy(), boxes, strict=True):
        y, x = np.nonzero(picture > 0.5)
        assert x0 - 0.51 <= x.min() <= x.max() + 1 <= x1 + 0.51
        assert y0 - 0.51 <= y.min() <= y.max() + 1 <= y1 + 0.51
        assert (x1 - x0) * (y1 - y0) < 2 * 120 * 1.2


def test_no_transform_mirrors_a_picture() -> None:
    matrices = STRONG.draw(200, np.random.default_rng(1))
    assert (np.linalg.det(matrices) > 0).all()


def test_nothing_allowed_changes_nothing() -> None:
    still = Augmentation()
    rng = np.random.default_rng(2)
    pixels = torch.rand(3, 1, 16, 16)
    assert not still.moves
    torch.testing.assert_close(warp(pixels, still.draw(3, rng)), pixels)
    torch.testing.assert_close(expose(pixels, still.draw_exposures(3, rng)), pixels)


def test_exposure_changes_contrast_and_brightness_within_bounds() -> None:
    pixels = torch.tensor([-1.0, 1.0]).view(1, 1, 1, 2).repeat(50, 1, 1, 1)
    exposures = STRONG.draw_exposures(50, np.random.default_rng(3))
    dark, bright = expose(pixels, exposures).view(50, 2).unbind(1)
    assert ((bright - dark) / 2).numpy() == pytest.approx(np.ones(50), abs=0.2)
    assert ((bright + dark) / 2).numpy() == pytest.approx(np.zeros(50), abs=0.2)
    assert len(set((bright - dark).tolist())) == 50
