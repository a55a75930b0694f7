"""What a patch, and each cell of a map, should answer, from the boxes of its study.

Boxes come in the unit coordinates of the frame looked at: a whole picture as augmented, or a patch. Cells
divide a frame evenly.
"""

import numpy as np
from numpy.typing import NDArray

from overread.learning.data import Floats, Indices

INSIDE = 0.5  # a window shows a finding when it holds more than this share of its box,
FILLED = 0.35  # or when the box fills more than this share of the window
LARGEST = 0.2  # of cells that share a small box, the one that holds most shows it, if it holds this much
TOUCHED = 0.15  # between this and the above nobody could say: not read


def frame_targets(known: Floats, boxes: Floats, positions: Indices, columns: Indices) -> Floats:
    """Return (b, k): what each frame shows.

    Parameters
    ----------
    known : (b, k)
        0 where a study was read for a finding and its places are known, else NaN.
    boxes : (m, 4)
        Where findings are, x0, y0, x1, y1; parts outside 0 to 1 are outside the frame.
    positions, columns : (m,)
        The frame and the output that each box belongs to; it counts for output 0, any finding, too.
    """
    return cell_targets(known, boxes, positions, columns, cells=1)[:, :, 0, 0]


def cell_targets(known: Floats, boxes: Floats, positions: Indices, columns: Indices, *, cells: int) -> Floats:
    """Return (b, k, cells, cells): 1 where a map should answer, 0 where not, NaN where nobody knows."""
    targets = np.repeat(known[:, :, None], cells * cells, axis=2).astype(np.float32)
    inside, filled = _covered(boxes[:, None], _grid(cells)[None])
    shows = (inside > INSIDE) | (filled > FILLED)
    if cells > 1 and len(boxes):
        shows |= (inside >= LARGEST) & (inside == inside.max(axis=1, keepdims=True))
    touched = (inside > TOUCHED) | (filled > TOUCHED)
    for where, value in ((touched, np.nan), (shows, 1.0)):
        box, cell = np.nonzero(where)
        targets[positions[box], columns[box], cell] = value
        targets[positions[box], 0, cell] = value
    return targets.reshape(*known.shape, cells, cells)


def _covered(boxes: Floats, windows: Floats) -> tuple[Floats, Floats]:
    """Return the share of each box inside its window, and of the window under the box; (..., 4) broadcast."""
    low, high = np.maximum(boxes[..., :2], windows[..., :2]), np.minimum(boxes[..., 2:], windows[..., 2:])
    common = np.clip(high - low, 0, None).prod(axis=-1)
    return common / np.maximum(_area(boxes), 1e-9), common / np.maximum(_area(windows), 1e-9)


def _area(boxes: Floats) -> NDArray[np.float32]:
    return np.asarray((boxes[..., 2:] - boxes[..., :2]).prod(axis=-1), np.float32)


def _grid(cells: int) -> Floats:
    """Return the (cells * cells, 4) unit boxes of a map, row by row."""
    y, x = np.divmod(np.arange(cells * cells), cells)
    return np.stack([x, y, x + 1, y + 1], axis=1, dtype=np.float32) / np.float32(cells)
