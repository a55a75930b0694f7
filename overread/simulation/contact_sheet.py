"""Many studies on one sheet, for a person to look at."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from overread.simulation.pictures import boxes_in_pixels, draw, rendered
from overread.simulation.population import SimulatedStudy


def sheet(
    studies: Sequence[SimulatedStudy], *, columns: int = 4, size: int = 256, boxes: bool = True
) -> NDArray[np.uint8]:
    """Return the studies side by side, (rows, columns, 3) uint8 RGB, with truth boxes and codes if wanted."""
    tiles = [_tile(study, size, boxes=boxes) for study in studies]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.concatenate(tiles[start : start + columns], axis=1) for start in range(0, len(tiles), columns)]
    return np.concatenate(rows)


def _tile(study: SimulatedStudy, size: int, *, boxes: bool) -> NDArray[np.uint8]:
    tile = np.repeat(rendered(draw(study), size)[..., None], 3, axis=2)
    for code, box in boxes_in_pixels(study, size) if boxes else ():
        corners = [round(edge) for edge in box.corners]
        cv2.rectangle(tile, corners[:2], corners[2:], (255, 200, 0), 1)
        cv2.putText(tile, code, (4, size - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 255, 0), 1, cv2.LINE_AA)
    return tile
