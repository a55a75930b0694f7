"""Where the network looked, to lay over the radiograph: violet, orange, yellow, and see-through."""

import cv2
import numpy as np
from numpy.typing import NDArray

LONGEST_SIDE = 512
_LEVELS = (0.0, 0.5, 1.0)
_RAMP = ((84, 39, 143), (241, 105, 19), (255, 237, 111))  # RGB; dark to bright, also for colour-blind readers
_CLEAR_BELOW, _MOST_OPAQUE = 0.15, 170

Map = NDArray[np.float32]
Rgba = NDArray[np.uint8]


def overlay(place: Map, rows: int, columns: int, *, longest: int = LONGEST_SIDE) -> Rgba:
    """Return a map (h, w) in 0 to 1 as colour and opacity, shaped as a picture of `rows` by `columns`.

    No side is longer than `longest`.
    """
    scale = min(1.0, longest / max(rows, columns))
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    level = np.clip(cv2.resize(place, size, interpolation=cv2.INTER_CUBIC), 0.0, 1.0)
    colours = [np.interp(level, _LEVELS, channel) for channel in zip(*_RAMP, strict=True)]
    opacity = _MOST_OPAQUE * np.clip((level - _CLEAR_BELOW) / (1 - _CLEAR_BELOW), 0.0, 1.0)
    return np.stack([*colours, opacity], axis=-1).round().astype(np.uint8)


def png(picture: NDArray[np.uint8]) -> bytes:
    """Return a grey, RGB or RGBA picture as a PNG file."""
    if picture.ndim == 3:  # noqa: PLR2004 - (rows, columns, channels)
        order = cv2.COLOR_RGBA2BGRA if picture.shape[2] == 4 else cv2.COLOR_RGB2BGR  # noqa: PLR2004 - RGBA
        picture = np.asarray(cv2.cvtColor(picture, order), dtype=np.uint8)
    done, encoded = cv2.imencode(".png", picture)
    if not done:
        raise ValueError("not a picture")
    return bytes(encoded)
