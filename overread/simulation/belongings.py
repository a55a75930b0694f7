"""What lies on the patient and is no finding: buttons, hooks, monitor wires, and the side letter.

Normal studies carry them as often as others, so that metal and bright dots alone say nothing.
"""

import cv2
import numpy as np

from overread.simulation.canvas import Canvas, Field, Mask, add, ellipse, ribbon, spline
from overread.simulation.chest import Chest
from overread.simulation.seeds import happens

LETTER = 0.85  # share of studies with a side letter
BUTTONS, WIRES, HOOKS = 0.10, 0.07, 0.12


def paint_belongings(canvas: Canvas, chest: Chest, attenuation: Field, rng: np.random.Generator) -> None:
    """Add what this patient wears today, in place."""
    mask = canvas.mask()
    if happens(rng, BUTTONS):
        _buttons(canvas, mask, chest, rng)
    if happens(rng, WIRES):
        _wires(canvas, mask, chest, rng)
    if chest.breast and happens(rng, HOOKS):
        x, y = chest.midline + rng.normal(0, 0.02), chest.dome(1) + rng.normal(-0.02, 0.02)
        for row in range(2):
            canvas.fill(mask, ellipse(x, y + 0.016 * row, (0.007, 0.003)), value=230)
    add(attenuation, canvas.blurred(mask, 0.0008), 1.3)
    if happens(rng, LETTER):
        _letter(canvas, attenuation, rng)


def _buttons(canvas: Canvas, mask: Mask, chest: Chest, rng: np.random.Generator) -> None:
    x, gap = chest.front + rng.normal(0, 0.02), rng.uniform(0.10, 0.16)
    radius, value = rng.uniform(0.011, 0.015), int(rng.uniform(70, 170))
    for number in range(int(rng.integers(1, 5))):
        at = (x + rng.normal(0, 0.004), 0.30 + number * gap + rng.normal(0, 0.006))
        canvas.fill(mask, ellipse(*at, (radius, radius)), value=value)
        canvas.fill(mask, ellipse(*at, (radius * 0.62, radius * 0.62)), value=int(value * 0.6))
        for hole in (-1, 1):
            canvas.fill(mask, ellipse(at[0] + 0.003 * hole, at[1], (0.0016, 0.0016), steps=8), value=0)


def _wires(canvas: Canvas, mask: Mask, chest: Chest, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 3))):
        side = rng.choice([-1, 1])
        x, y = chest.midline + side * rng.uniform(0.55, 1.05) * chest.half_width, rng.uniform(0.18, 0.62)
        leave = chest.midline + side * rng.uniform(-0.1, 0.4)
        line = spline(
            [(x, y), ((x + leave) / 2 + rng.normal(0, 0.05), (y + 1.05) / 2), (leave, 1.06)], steps=14
        )
        canvas.fill(mask, ribbon(line, 0.0035), value=int(rng.uniform(90, 160)))
        canvas.fill(mask, ellipse(x, y, (0.012, 0.012)), value=210)
        canvas.fill(mask, ellipse(x, y, (0.006, 0.006)), value=120)


def _letter(canvas: Canvas, attenuation: Field, rng: np.random.Generator) -> None:
    """Put a lead L on the right of the picture (the patient's left), or an R on the left."""
    left = happens(rng, 0.6)
    scale = canvas.size / 384 * rng.uniform(0.40, 0.75)
    x = rng.uniform(0.86, 0.93) if left else rng.uniform(0.05, 0.10)
    at = (round(x * canvas.size), round(rng.uniform(0.06, 0.14) * canvas.size))
    mask = canvas.mask()
    pen = max(1, round(canvas.size / 384 * 1.6))
    cv2.putText(mask, "L" if left else "R", at, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, pen, cv2.LINE_AA)
    add(attenuation, mask, 2.6)
