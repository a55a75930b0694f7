"""Random fields, drawn once for each size and used at random offsets: no normal draw for each pixel."""

from functools import lru_cache

import cv2
import numpy as np

from overread.simulation.canvas import Field

FIELDS, MARGIN = 6, 96


def blur(field: Field, sigma: float) -> Field:
    """Return the field blurred by `sigma` pixels."""
    return np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), np.float32)


def patch(kind: str, size: int, rng: np.random.Generator, *, sigma: float = 0.0) -> Field:
    """Return (size, size) of unit variance: `kind` "white", blurred by `sigma` pixels, or "texture"."""
    field = _fields(kind, size, round(sigma, 3))[rng.integers(FIELDS)]
    row, column = rng.integers(0, MARGIN, 2)
    piece = field[row : row + size, column : column + size]
    flip = rng.integers(4)
    return piece[:: -1 if flip & 1 else 1, :: -1 if flip & 2 else 1]


@lru_cache(maxsize=32)
def _fields(kind: str, size: int, sigma: float) -> tuple[Field, ...]:
    rng = np.random.default_rng(20240501)
    side = size + MARGIN
    made = []
    for _ in range(FIELDS):
        field: Field = rng.standard_normal((side, side), np.float32)
        if kind == "texture":
            field = blur(field, 0.004 * size) - blur(field, 0.012 * size)
        elif sigma > 0:
            field = blur(field, sigma)
        made.append(np.asarray(field / field.std(), np.float32))
    return tuple(made)
