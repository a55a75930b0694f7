"""What may change in a radiograph that shows the same: a little turn, scale and shift, and the exposure.

Nothing is ever mirrored: the heart lies on the left. (Mirrored patches cost the demo .04 of its AUC, too.)
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from overread.learning.data import Floats

Matrices = NDArray[np.float64]  # (n, 3, 3), picture out -> picture in, both -1 to 1
Exposures = NDArray[np.float64]  # (n, 2): gain and offset of normalised grey


@dataclass(frozen=True, kw_only=True, slots=True)
class Augmentation:
    """The largest changes, each drawn evenly up to its bound on either side; 0 everywhere changes nothing."""

    degrees: float = 0.0
    scale: float = 0.0  # share of the size
    shift: float = 0.0  # share of the size
    gain: float = 0.0  # share of the contrast
    offset: float = 0.0  # of normalised grey

    def draw(self, n: int, rng: np.random.Generator) -> Matrices:
        """Return one transform a picture."""
        angle = np.deg2rad(rng.uniform(-self.degrees, self.degrees, n))
        scale = 1 + rng.uniform(-self.scale, self.scale, n)
        matrices = np.zeros((n, 3, 3))
        matrices[:, 0, 0] = matrices[:, 1, 1] = np.cos(angle) * scale
        matrices[:, 0, 1] = -np.sin(angle) * scale
        matrices[:, 1, 0] = np.sin(angle) * scale
        matrices[:, :2, 2] = rng.uniform(-2 * self.shift, 2 * self.shift, (n, 2))
        matrices[:, 2, 2] = 1
        return matrices

    def draw_exposures(self, n: int, rng: np.random.Generator) -> Exposures:
        """Return one gain and one offset a picture."""
        gain = 1 + rng.uniform(-self.gain, self.gain, n)
        return np.stack([gain, rng.uniform(-self.offset, self.offset, n)], axis=1)

    @property
    def moves(self) -> bool:
        """Whether a picture's geometry changes at all."""
        return bool(self.degrees or self.scale or self.shift)


def expose(pixels: Tensor, exposures: Exposures) -> Tensor:
    """Return normalised pixels (n, c, h, w) with another contrast and brightness, one a picture."""
    gain, offset = pixels.new_tensor(exposures).view(-1, 2, 1, 1, 1).unbind(1)
    return pixels * gain + offset


def warp(pixels: Tensor, matrices: Matrices) -> Tensor:
    """Return pixels (n, c, h, w) turned, scaled and shifted; the border repeats outwards."""
    height, width = pixels.shape[-2:]
    x, y = (_centres(n).to(pixels) for n in (width, height))
    turn = torch.as_tensor(matrices, dtype=pixels.dtype, device=pixels.device)[:, :, :, None, None]
    grid = torch.stack(
        [turn[:, row, 0] * x + (turn[:, row, 1] * y[:, None] + turn[:, row, 2]) for row in (0, 1)], dim=3
    )
    return functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)


def _centres(n: int) -> Tensor:
    """Return where the centres of n pixels lie between -1 and 1."""
    return (torch.arange(n) * 2 + 1) / n - 1


def warp_boxes(boxes: Floats, matrices: Matrices) -> Floats:
    """Return the upright boxes around unit boxes (m, 4) after `warp`, cut at the border; one matrix a box."""
    corners = boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]] * 2.0 - 1.0
    inverse = np.linalg.inv(matrices)
    moved = np.einsum("nij,ncj->nci", inverse[:, :2, :2], corners) + inverse[:, None, :2, 2]
    unit = np.clip((moved + 1) / 2, 0, 1)
    return np.concatenate([unit.min(axis=1), unit.max(axis=1)], axis=1).astype(np.float32)
