"""Vessels and hila: trees that fan out from each hilum, all branches of a generation at once."""

import numpy as np

from overread.simulation.canvas import Canvas, Mask, Points, ellipse
from overread.simulation.chest import LEFT, RIGHT, Chest
from overread.simulation.seeds import stream

STEMS = 8
GENERATIONS = 5
FORKING = 0.75  # share of branches with a side branch
MOST = 160  # branches of one generation
VALUES = (220, 200, 175, 150, 130)  # how dense each generation is, of 255


def paint_vessels(canvas: Canvas, chest: Chest) -> tuple[Mask, Mask]:
    """Return the masks of the vessels and of the hila; both still lie over heart and chest wall too."""
    vessels, hila = canvas.mask(), canvas.mask()
    for side in (RIGHT, LEFT):
        rng = stream("vessels", chest.seed, side)
        _grow(canvas, vessels, hila, chest=chest, side=side, rng=rng)
    return canvas.blurred(vessels, 0.0018), canvas.blurred(hila, 0.006)


def _grow(
    canvas: Canvas, vessels: Mask, hila: Mask, *, chest: Chest, side: int, rng: np.random.Generator
) -> None:
    x, y = chest.hilum(side)
    _swell(canvas, hila, centre=(x, y), side=side, rng=rng)
    start = np.array([x, y]) + rng.normal(0, (0.006, 0.020), (STEMS, 2))
    angle = np.linspace(-1.25, 1.35, STEMS) + rng.normal(0, 0.10, STEMS)
    length = rng.uniform(0.080, 0.125, STEMS) * (chest.half_width / 0.345)
    width = rng.uniform(0.0060, 0.0095, STEMS)
    for generation in range(GENERATIONS):
        lines = _lines(start, angle, length, side=side, rng=rng)
        for pen in np.unique(np.maximum(1, np.rint(width * canvas.size))):
            chosen = np.maximum(1, np.rint(width * canvas.size)) == pen
            value = round(VALUES[generation] * min(1.0, float(width[chosen].mean()) * canvas.size))
            canvas.stroke(vessels, lines[chosen], width=float(pen) / canvas.size, value=value)
        if generation == 0:
            canvas.stroke(hila, lines[:, :3], width=0.016, value=150)
        start, angle, length, width = _branch(lines, angle, length, width, rng=rng)


def _lines(start: Points, angle: Points, length: Points, *, side: int, rng: np.random.Generator) -> Points:
    """Return slightly bent branches, (branches, 5, 2)."""
    step = np.linspace(0, 1, 5)
    bend = angle[:, None] + rng.normal(0, 0.22, len(angle))[:, None] * step
    x = side * length[:, None] * step * np.cos(bend)
    y = length[:, None] * step * np.sin(bend)
    return start[:, None, :] + np.stack([x, y], axis=-1)


def _branch(
    lines: Points, angle: Points, length: Points, width: Points, *, rng: np.random.Generator
) -> tuple[Points, Points, Points, Points]:
    """Return the next generation: two branches at each end, and mostly one from the side."""
    count = len(angle)
    side = rng.random(count) < FORKING
    parent = np.concatenate([np.arange(count), np.arange(count), np.flatnonzero(side)])
    spread = np.concatenate(
        [np.full(count, 0.36), np.full(count, -0.36), rng.choice([-0.75, 0.75], side.sum())]
    )
    node = np.concatenate([np.full(2 * count, 4), rng.integers(2, 4, side.sum())])
    if len(parent) > MOST:
        kept = np.sort(rng.choice(len(parent), MOST, replace=False))
        parent, spread, node = parent[kept], spread[kept], node[kept]
    return (
        lines[parent, node],
        angle[parent] + spread * rng.uniform(0.6, 1.4, len(parent)),
        length[parent] * rng.uniform(0.55, 0.85, len(parent)),
        width[parent] * rng.uniform(0.66, 0.82, len(parent)),
    )


def _swell(
    canvas: Canvas, hila: Mask, *, centre: tuple[float, float], side: int, rng: np.random.Generator
) -> None:
    for _ in range(6):
        x = centre[0] + side * rng.normal(0.004, 0.012)
        y = centre[1] + rng.normal(0.004, 0.028)
        radii = (rng.uniform(0.010, 0.019), rng.uniform(0.014, 0.028))
        canvas.fill(
            hila, ellipse(x, y, radii, angle=side * rng.uniform(-0.5, 0.2)), value=int(rng.uniform(110, 190))
        )
