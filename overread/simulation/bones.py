"""Spine, ribs, clavicles and scapulae."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from overread.simulation.canvas import Canvas, Field, Mask, Points, add, ellipse, ribbon, spline
from overread.simulation.chest import LEFT, RIGHT, Chest
from overread.simulation.seeds import stream

POSTERIOR, ANTERIOR = 10, 6
RIB_WIDTH, CORTEX = 0.027, 0.0085
TURN = np.linspace(0.0, 1.0, 22)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fork:
    """A rib that divides in front: its side, its number from above, and how far the ends part."""

    side: int
    number: int
    spread: float


def paint_bones(canvas: Canvas, chest: Chest, attenuation: Field, *, forked: Fork | None = None) -> None:
    """Add all bones, in place; `forked` is a rib whose front end divides."""
    back, front = canvas.mask(), canvas.mask()
    for side in (RIGHT, LEFT):
        lines = rib_lines(chest, side)
        _tubes(canvas, back, lines[:POSTERIOR])
        _tubes(canvas, front, lines[POSTERIOR:])
        if forked is not None and forked.side == side:
            _tubes(canvas, front, [fork_lines(chest, forked)[1]])
    for layer in (back, front):  # two layers, so that crossings add up
        add(attenuation, canvas.blurred(layer, 0.0016), 0.46 * chest.rib_contrast)
    girdle = canvas.mask()
    for side in (RIGHT, LEFT):
        _shoulder(canvas, girdle, chest, side)
    add(attenuation, canvas.blurred(girdle, 0.0022), 0.42 * chest.rib_contrast)
    _spine(canvas, chest, attenuation)


def rib_lines(chest: Chest, side: int) -> list[Points]:
    """Return the ribs' middle lines, the ten at the back first, then the six in front."""
    rng = stream("ribs", chest.seed, side)
    step = (chest.dome(LEFT) - chest.apex + 0.045) / (POSTERIOR - 1)
    lines, turns = [], []
    for number in range(POSTERIOR):
        start = chest.apex - 0.008 + number * step + rng.normal(0, 0.003)
        drop = 0.050 + 0.0165 * number + rng.normal(0, 0.004)
        end = start + drop - 0.010
        reach = chest.width_at(side, end) + 0.004
        x = 0.036 + (reach - 0.036) * np.sin(TURN * np.pi / 2)
        y = start - (0.020 + 0.0015 * number) * np.sin(TURN * np.pi) + drop * TURN**2.6
        lines.append(np.stack([chest.midline + side * x, y], axis=1))
        turns.append((reach, float(y[-1])))
    return lines + [_front_line(chest, side, number, turns[number], rng) for number in range(ANTERIOR)]


def fork_lines(chest: Chest, fork: Fork) -> tuple[Points, Points]:
    """Return both branches of a rib that divides: its own end, and the second one above it."""
    rib = rib_lines(chest, fork.side)[POSTERIOR + fork.number]
    own = rib[len(rib) // 3 :]
    second = own.copy()
    second[:, 1] -= np.linspace(0, 1, len(own)) ** 0.9 * fork.spread
    return own, second


def _front_line(
    chest: Chest, side: int, number: int, turn: tuple[float, float], rng: np.random.Generator
) -> Points:
    reach, y0 = turn
    end = (0.46 + 0.045 * number + rng.normal(0, 0.015)) * chest.reach(side)
    fall = 0.085 + 0.014 * number + rng.normal(0, 0.005)
    x = reach - max(reach - end, 0.02) * (1 - np.cos(TURN * np.pi / 2))
    y = y0 + fall * (0.62 * np.sin(TURN * np.pi / 2) + 0.38 * TURN)
    return np.stack([chest.midline + side * x, y], axis=1)


def _tubes(canvas: Canvas, mask: Mask, lines: list[Points]) -> None:
    """Draw tubes with a dense rim: full width first, then a fainter core."""
    canvas.fill(mask, *(ribbon(line, RIB_WIDTH - 1 / canvas.size) for line in lines), value=150)
    canvas.fill(mask, *(ribbon(line, RIB_WIDTH - CORTEX - 1 / canvas.size) for line in lines), value=95)


def _shoulder(canvas: Canvas, mask: Mask, chest: Chest, side: int) -> None:
    rng = stream("shoulder", chest.seed, side)
    lift = rng.normal(0, 0.008)
    m, top, reach = chest.front, chest.apex, chest.reach(side)
    points = [
        (0.035, 0.105),
        (0.11, 0.085),
        (0.20, 0.055 + lift),
        (0.29, 0.030 + lift),
        (0.385, 0.022 + lift),
    ]
    line = spline([(m + side * x * reach / 0.345, top + y) for x, y in points])
    blade = [
        (0.89, 0.11),
        (1.02, 0.06),
        (1.24, 0.09),
        (1.20, 0.17),
        (1.16, 0.30),
        (1.09, 0.40),
        (0.99, 0.33),
        (0.91, 0.2),
    ]
    outline = spline([(m + side * x * reach, top + y + lift) for x, y in blade], closed=True, steps=5)
    canvas.fill(mask, outline, value=62)
    canvas.stroke(mask, [np.concatenate([outline[-12:], outline[:6]])], width=0.007, value=105)
    canvas.fill(mask, ribbon(line, 0.030), value=150)
    canvas.fill(mask, ribbon(line, 0.019), value=100)


def _spine(canvas: Canvas, chest: Chest, attenuation: Field) -> None:
    rng = stream("spine", chest.seed)
    mask, m = canvas.mask(), chest.midline
    sway = spline([(m + rng.normal(0, 0.004), y) for y in np.linspace(-0.05, 1.05, 6)], steps=8)
    tops = np.cumsum(np.linspace(0.044, 0.066, 20)) - 0.06
    for top, below in pairwise(tops):
        centre = float(np.interp(top, sway[:, 1], sway[:, 0]))
        half, height = 0.030 + 0.010 * float(np.clip(top, 0, 1)), below - top - 0.007
        side = [(half, 0.0), (half * 0.87, 0.5), (half, 1.0)]
        outline = [(centre + x, top + y * height) for x, y in side]
        outline += [(centre - x, top + y * height) for x, y in reversed(side)]
        canvas.fill(mask, np.array(outline), value=165)
        canvas.fill(mask, ellipse(centre, top + 0.8 * height, (0.0055, 0.013), steps=10), value=235)
    add(attenuation, canvas.blurred(mask, 0.0024), 0.40)
