"""JPEG 2000 at a fraction of its size: the coarser wavelet levels alone, the finer ones never decoded."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from overread.imaging.codestreams import Shape, shape_of

_WHOLE = {"L": 8, "I;16": 16}  # Pillow's modes of one grey channel, and the bits it scales values up to


def reduced(stream: bytes, side: int) -> NDArray[np.integer] | None:
    """Return a picture at 1/2, 1/4 ... of its size, neither side below `side`; None where that cannot be.

    A value stands for its neighbourhood much as their mean does, and for a place 1/2, 3/2 ... pixels before
    the middle of theirs.

    It cannot where the picture is small, holds fewer levels, or is broken: the full decoder says which.
    """
    shape = shape_of(stream)
    level = _level(shape, side)
    if level == 0:
        return None
    try:
        with Image.open(BytesIO(stream), formats=("JPEG2000",)) as picture:
            picture.reduce = level  # type: ignore[method-assign, assignment]  # this format's property
            picture.load()
            bits, values = _WHOLE.get(picture.mode), np.asarray(picture)
    except (OSError, ValueError, SyntaxError):
        return None
    if bits is None:
        return None
    values = values >> (bits - shape.bits)
    return values.astype(np.int32) - (1 << (shape.bits - 1)) if shape.signed else values


def _level(shape: Shape, side: int) -> int:
    """Return how often both sides can be halved; Pillow rounds a side where the standard goes up (B-15)."""
    level = 0
    while all(
        -(-n >> level + 1) >= side and (n + (1 << level)) >> level + 1 == -(-n >> level + 1)
        for n in (shape.rows, shape.columns)
    ):
        level += 1
    return level
