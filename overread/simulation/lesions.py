"""Findings of the vocabulary as changes to one chest: planned from a seed of their own, boxed, then drawn.

A plan needs no pixels, so a study knows its truth boxes before anything is drawn. Planning starts from the
chest without findings; four of them change a measure of it, one forks a rib, the others are added.
`subtlety` runs from 0 (plain) to 1 (hardly visible).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from overread.domain.findings import Box
from overread.simulation.bones import Fork, fork_lines
from overread.simulation.canvas import Canvas, Field, Points, add, ellipse, ribbon, spline, turned
from overread.simulation.chest import LEFT, RIGHT, Chest
from overread.simulation.seeds import happens

TRIES = 60
EDGE = 0.006  # ends of strands stay this far inside the lung
FEWEST, MOST = 2, 4  # strands


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One outline to fill: `gain` nats where full, blurred by `sigma` (fraction of the picture)."""

    outline: Points
    gain: float
    sigma: float = 0.0
    in_lung: bool = False  # shows only where the lung does


@dataclass(frozen=True, kw_only=True)
class Lesion:
    """What one finding does: measures changed, a rib forked, or shapes added; `extent` encloses it all."""

    extent: Points
    measures: dict[str, float] = field(default_factory=dict)
    forked: Fork | None = None
    shapes: tuple[Shape, ...] = ()

    def box(self, tilt: float, margin: float = 0.006) -> Box:
        """Return the rectangle around the change in the tilted picture, in fractions of it."""
        placed = turned(self.extent, tilt)
        low = np.clip(placed.min(axis=0) - margin, 0.0, 0.97)
        high = np.clip(placed.max(axis=0) + margin, low + 0.01, 1.0)
        return Box(x0=float(low[0]), y0=float(low[1]), x1=float(high[0]), y1=float(high[1]))


def plan(code: str, chest: Chest, *, subtlety: float, seed: int) -> Lesion:
    """Return the lesion that `code` makes in `chest`; raise `KeyError` for a finding that cannot be drawn."""
    return PLANS[code](chest, subtlety, np.random.default_rng(seed))


def paint(canvas: Canvas, attenuation: Field, lesion: Lesion, open_lung: Field) -> None:
    """Add a lesion's shapes, in place."""
    for shape in lesion.shapes:
        if shape.in_lung:
            mask = canvas.mask()
            canvas.fill(mask, shape.outline)
            attenuation += canvas.blurred(mask, shape.sigma) * (open_lung * np.float32(shape.gain / 255))
        else:
            _paint_fine(canvas, attenuation, shape)


def _paint_fine(canvas: Canvas, attenuation: Field, shape: Shape, fine: int = 4) -> None:
    """Draw four times as fine and average: OpenCV's smooth edges alone make thin shapes a pixel wider."""
    corners = turned(shape.outline, canvas.tilt) * canvas.size
    reach = 3 * shape.sigma * canvas.size + 1
    low = np.maximum(np.floor(corners.min(axis=0) - reach), 0).astype(int)
    high = np.minimum(np.ceil(corners.max(axis=0) + reach), canvas.size).astype(int)
    if (high <= low).any():
        return
    mask = np.zeros(((high - low) * fine)[::-1], np.uint8)
    cv2.fillPoly(mask, [np.rint(((corners - low) * fine - 0.5) * 16).astype(np.int32)], 255, cv2.LINE_8, 4)
    if shape.sigma > 0:
        cv2.GaussianBlur(mask, (0, 0), shape.sigma * canvas.size * fine, dst=mask)
    mask = np.asarray(cv2.resize(mask, tuple((high - low).tolist()), interpolation=cv2.INTER_AREA), np.uint8)
    add(attenuation[low[1] : high[1], low[0] : high[0]], mask, shape.gain)


def _inside(chest: Chest, side: int, point: Points) -> float:
    """Return the distance from the lung's free edge, negative outside and over the heart."""
    at = (float(point[0]), float(point[1]))
    lung = cv2.pointPolygonTest(chest.lungs[side].astype(np.float32), at, True)  # noqa: FBT003 - measureDist; OpenCV's order
    heart = cv2.pointPolygonTest(chest.heart_outline.astype(np.float32), at, True)  # noqa: FBT003 - as above
    return min(float(lung), -float(heart))


def _lung_point(
    chest: Chest, rng: np.random.Generator, *, margin: float, zone: tuple[float, float] = (0.0, 1.0)
) -> tuple[Points, int]:
    """Return a point at least `margin` inside one lung, between two shares of its height, and the side."""
    best, best_side, depth = np.array([0.0, 0.0]), LEFT, -1.0
    for _ in range(TRIES):
        side = RIGHT if happens(rng, 0.54) else LEFT
        x = chest.midline + side * rng.uniform(0.12, 1.0) * chest.reach(side)
        y = chest.apex + rng.uniform(*zone) * chest.height
        inside = _inside(chest, side, np.array([x, y]))
        if inside > depth:
            best, best_side, depth = np.array([x, y]), side, inside
        if inside >= margin:
            break
    return best, best_side


def _strands(chest: Chest, subtlety: float, rng: np.random.Generator) -> Lesion:
    zone = (0.05, 0.45) if happens(rng, 0.6) else (0.3, 0.95)
    centre, side = _lung_point(chest, rng, margin=0.05, zone=zone)
    direction = rng.uniform(0, np.pi)
    lines: list[Points] = []
    for _ in range(TRIES):
        angle, length = direction + rng.uniform(-0.3, 0.3), rng.uniform(0.08, 0.16)
        along = np.array([np.cos(angle), np.sin(angle)])
        across = np.array([-along[1], along[0]])
        middle = centre + across * rng.normal(0, 0.018) + along * rng.normal(0, 0.012)
        bend = across * rng.normal(0, 0.10) * length
        line = spline([middle - along * length / 2, middle + bend, middle + along * length / 2], steps=7)
        if min(_inside(chest, side, line[0]), _inside(chest, side, line[-1])) > EDGE:
            lines.append(line)
        if len(lines) == MOST or (len(lines) >= FEWEST and happens(rng, 0.4)):
            break
    if not lines:
        lines = [centre + np.stack([np.linspace(-0.04, 0.04, 15), np.zeros(15)], axis=1)]
    taper = 0.50 + 0.50 * np.sqrt(np.sin(np.linspace(0, np.pi, len(lines[0]))))
    gain = 0.58 - 0.26 * subtlety
    shapes = (Shape(outline=ribbon(line, rng.uniform(0.0055, 0.0090) * taper), gain=gain) for line in lines)
    return Lesion(extent=np.concatenate(lines), shapes=tuple(shapes))


def _calcifications(chest: Chest, subtlety: float, rng: np.random.Generator) -> Lesion:
    centre, _ = _lung_point(chest, rng, margin=0.03)
    shapes = []
    for number in range(int(rng.integers(1, 4))):
        radius = rng.uniform(0.0085, 0.0135) * (1 - 0.25 * subtlety)
        at = centre + (rng.normal(0, 0.018, 2) if number else 0.0)
        rim = ellipse(0, 0, (radius, radius * rng.uniform(0.75, 1.0)), angle=rng.uniform(0, 3), steps=12)
        rim = rim * rng.uniform(0.86, 1.12, (12, 1)) + at
        shapes.append(Shape(outline=rim, gain=1.05 - 0.40 * subtlety, sigma=0.0010))
    return Lesion(extent=np.concatenate([shape.outline for shape in shapes]), shapes=tuple(shapes))


def _nodule(chest: Chest, subtlety: float, rng: np.random.Generator) -> Lesion:
    radius = rng.uniform(0.024, 0.045)
    (x, y), _ = _lung_point(chest, rng, margin=radius * 0.8)
    rim = ellipse(x, y, (radius, radius * rng.uniform(0.8, 1.0)), angle=rng.uniform(0, 3))
    shape = Shape(outline=rim, gain=0.66 - 0.22 * subtlety, sigma=0.0060)
    return Lesion(extent=rim, shapes=(shape,))


def _consolidation(chest: Chest, subtlety: float, rng: np.random.Generator) -> Lesion:
    centre, _ = _lung_point(chest, rng, margin=0.06, zone=(0.2, 0.98))
    gain, shapes = 0.62 - 0.32 * subtlety, []
    for number in range(7):
        at = centre + (rng.normal(0, 0.030, 2) if number else 0.0)
        rim = ellipse(
            at[0], at[1], (rng.uniform(0.025, 0.055), rng.uniform(0.025, 0.045)), angle=rng.uniform(0, 3)
        )
        share = 0.55 if number == 0 else 0.32
        shapes.append(Shape(outline=rim, gain=gain * share, sigma=0.008, in_lung=True))
    return Lesion(extent=np.concatenate([shape.outline for shape in shapes[:4]]), shapes=tuple(shapes))


def _effusion(chest: Chest, subtlety: float, rng: np.random.Generator) -> Lesion:
    side = RIGHT if happens(rng, 0.5) else LEFT
    corner_x, corner_y = chest.angle(side)
    height = rng.uniform(0.15, 0.23) * (1 - 0.35 * subtlety)
    inward = rng.uniform(0.50, 0.70) * chest.reach(side) * (1 - 0.25 * subtlety)
    low = corner_y + 0.005
    meniscus = [(0.0, height), (0.10 * inward, 0.72 * height), (0.40 * inward, 0.58 * height)]
    surface = spline([(corner_x - side * x, corner_y - y) for x, y in [*meniscus, (inward, 0.44 * height)]])
    rim = np.concatenate([surface, [(corner_x - side * inward, low), (corner_x, low)]])
    shape = Shape(outline=rim, gain=0.95 - 0.35 * subtlety, sigma=0.005, in_lung=True)
    return Lesion(extent=rim, shapes=(shape,))


def _pacemaker(chest: Chest, subtlety: float, rng: np.random.Generator) -> Lesion:
    side = LEFT if happens(rng, 0.8) else RIGHT
    x, y = (
        chest.midline + side * rng.uniform(0.68, 0.84) * chest.reach(side),
        chest.apex + rng.uniform(0.06, 0.14),
    )
    turn = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    corner = np.stack([np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** 0.6, np.sin(turn)], axis=1)
    can = corner * (0.034, 0.039) * rng.uniform(0.9, 1.1) + (x, y)
    m, width = chest.front, 2 * chest.half_width * chest.heart
    way = [(x - side * 0.01, y + 0.03), (x - side * 0.05, y + 0.01), (m + side * 0.10, chest.apex + 0.045)]
    way += [(m - 0.035, chest.apex + 0.15), (m - 0.045, chest.dome(LEFT) - 0.22)]
    way += [(m - 0.03, chest.dome(LEFT) - 0.08), (m + 0.10, chest.dome(LEFT) - 0.015)]
    lead = spline([*way, (m + rng.uniform(0.42, 0.52) * width, chest.dome(LEFT) - 0.035)], steps=10)
    tip = lead[-5:]
    shapes = (
        Shape(outline=can, gain=1.9 - 0.5 * subtlety, sigma=0.0015),
        Shape(outline=ribbon(lead, 0.0052), gain=1.0 - 0.3 * subtlety),
        Shape(outline=ribbon(tip, 0.0090), gain=0.9),
    )
    return Lesion(extent=np.concatenate([can, lead]), shapes=shapes)


def _full_heart(chest: Chest, subtlety: float, rng: np.random.Generator) -> Lesion:
    heart = 0.585 - 0.050 * subtlety + rng.normal(0, 0.004)
    larger = replace(chest, heart=heart).heart_outline
    seen = (larger[:, 1] > chest.apex + 0.45 * chest.height) & (larger[:, 1] < chest.dome(LEFT) + 0.03)
    return Lesion(extent=larger[seen], measures={"heart": heart})


def _knob(chest: Chest, subtlety: float, rng: np.random.Generator) -> Lesion:
    knob = 0.060 - 0.013 * subtlety + rng.normal(0, 0.001)
    x, y = chest.front + 0.045, chest.apex + 0.325 * chest.height
    return Lesion(extent=ellipse(x, y, (knob + 0.004, 1.05 * knob)), measures={"knob": knob})


def _hilum(chest: Chest, subtlety: float, rng: np.random.Generator) -> Lesion:
    side = RIGHT if happens(rng, 0.55) else LEFT
    name = "hilum_right" if side == RIGHT else "hilum_left"
    x, y = chest.hilum(side)
    swollen = getattr(chest, name) * (2.20 - 0.35 * subtlety)
    return Lesion(extent=ellipse(x + side * 0.012, y, (0.048, 0.075)), measures={name: swollen})


def _markings(chest: Chest, subtlety: float, rng: np.random.Generator) -> Lesion:
    markings = chest.markings * (1.75 - 0.28 * subtlety) + rng.normal(0, 0.02)
    outline = np.concatenate(list(chest.lungs.values()))
    return Lesion(
        extent=outline[outline[:, 1] > chest.apex + 0.25 * chest.height], measures={"markings": markings}
    )


def _forked_rib(chest: Chest, subtlety: float, rng: np.random.Generator) -> Lesion:
    side = RIGHT if happens(rng, 0.55) else LEFT
    fork = Fork(side=side, number=int(rng.integers(1, 5)), spread=0.062 - 0.018 * subtlety)
    return Lesion(extent=np.concatenate(fork_lines(chest, fork)), forked=fork)


PLANS: dict[str, Callable[[Chest, float, np.random.Generator], Lesion]] = {
    "fibrous_strand": _strands,
    "calcification": _calcifications,
    "nodule": _nodule,
    "effusion": _effusion,
    "consolidation": _consolidation,
    "full_heart": _full_heart,
    "aortic_knob": _knob,
    "heavy_hilum": _hilum,
    "lung_markings": _markings,
    "pacemaker": _pacemaker,
    "rib_variant": _forked_rib,
}
