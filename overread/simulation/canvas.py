"""Drawing in fractions of the picture: curves, 8-bit masks with smooth edges, and the tilt of the patient.

OpenCV smooths edges on 8-bit canvases only, so shapes are masks, blurred and added to the attenuation. The
tilt turns the coordinates, never the finished picture: no border needs to be invented.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Mask = NDArray[np.uint8]
Field = NDArray[np.float32]
Points = NDArray[np.float64]

SHIFT = 4  # OpenCV takes corners in sixteenths of a pixel
COARSE = 4  # smooth fields are computed on a grid this much coarser than the picture


@dataclass(frozen=True, kw_only=True, slots=True)
class Canvas:
    """A square picture of `size` pixels; the chest lies turned in it by `tilt` radians about the centre."""

    size: int
    tilt: float

    def mask(self) -> Mask:
        """Return an empty mask."""
        return np.zeros((self.size, self.size), np.uint8)

    def pixels(self, points: Points) -> NDArray[np.int32]:
        """Return chest coordinates (..., 2) as the fixed-point pixel corners that OpenCV draws."""
        placed = turned(points, self.tilt) * self.size - 0.5
        return np.rint(placed * (1 << SHIFT)).astype(np.int32)

    def fill(self, mask: Mask, *shapes: Points, value: int = 255) -> None:
        """Fill each closed outline (n, 2) in turn."""
        for shape in shapes:
            cv2.fillPoly(mask, [self.pixels(shape)], value, cv2.LINE_AA, SHIFT)

    def stroke(self, mask: Mask, lines: Points | list[Points], *, width: float, value: int = 255) -> None:
        """Draw open lines (n, k, 2) with one pen; a pen thinner than a pixel is drawn fainter instead."""
        pen = max(1, round(width * self.size))
        faint = min(1.0, width * self.size)
        drawn = list(self.pixels(np.asarray(lines)))
        cv2.polylines(mask, drawn, False, round(value * faint), pen, cv2.LINE_AA, SHIFT)  # noqa: FBT003 - not closed; OpenCV's own order

    def blurred(self, mask: Mask, sigma: float) -> Mask:
        """Return the mask blurred by `sigma`, a fraction of the picture."""
        return np.asarray(cv2.GaussianBlur(mask, (0, 0), max(sigma * self.size, 0.3)), np.uint8)

    def coarse_grid(self) -> tuple[Field, Field]:
        """Return the chest coordinates x and y of the coarse grid's points."""
        count = self.size // COARSE
        axis = (np.arange(count) + 0.5) / count
        x, y = np.meshgrid(axis, axis)
        back = turned(np.stack([x, y], axis=-1), -self.tilt).astype(np.float32)
        return back[..., 0], back[..., 1]

    def enlarged(self, coarse: Field) -> Field:
        """Return a coarse field at the size of the picture."""
        return np.asarray(
            cv2.resize(coarse, (self.size, self.size), interpolation=cv2.INTER_LINEAR), np.float32
        )


def turned(points: Points, angle: float) -> Points:
    """Return points turned by `angle` radians about the centre of the picture."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.asarray((points - 0.5) @ np.array([[cosine, sine], [-sine, cosine]]) + 0.5)


def add(attenuation: Field, mask: Mask, gain: float) -> None:
    """Add `gain` nats where the mask is full, in place."""
    cv2.addWeighted(attenuation, 1.0, mask, gain / 255.0, 0.0, dst=attenuation, dtype=cv2.CV_32F)


def spline(points: ArrayLike, *, steps: int = 8, closed: bool = False) -> Points:
    """Return the Catmull-Rom curve through `points` (n, 2)."""
    knots = np.asarray(points, float)
    if closed:
        knots = np.concatenate([knots[-1:], knots, knots[:2]])
    else:
        knots = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    t = np.arange(steps)[:, None, None] / steps
    before, start, end, after = knots[:-3], knots[1:-2], knots[2:-1], knots[3:]
    curve = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    flat = curve.transpose(1, 0, 2).reshape(-1, 2)
    return flat if closed else np.concatenate([flat, knots[-2:-1]])


def ribbon(line: Points, widths: NDArray[np.float64] | float) -> Points:
    """Return the outline of a band around `line` (n, 2), as wide as `widths` says at each point."""
    along = np.empty_like(line)
    along[1:-1] = line[2:] - line[:-2]
    along[0], along[-1] = line[1] - line[0], line[-1] - line[-2]
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) * (np.asarray(widths) / 2).reshape(-1, 1)
    return np.concatenate([line + across, (line - across)[::-1]])


def ellipse(x: float, y: float, radii: tuple[float, float], *, angle: float = 0.0, steps: int = 24) -> Points:
    """Return the outline of an ellipse around (x, y)."""
    turn = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    points = np.stack([radii[0] * np.cos(turn), radii[1] * np.sin(turn)], axis=1)
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.asarray(points @ np.array([[cosine, sine], [-sine, cosine]]) + (x, y))
