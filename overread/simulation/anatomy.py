"""A chest drawn from its measures: how many nats each ray loses, before any finding and any scanner."""

import cv2
import numpy as np
from numpy.typing import NDArray

from overread.simulation.bones import Fork, paint_bones
from overread.simulation.canvas import Canvas, Field, Mask, Points, add, ellipse, ribbon, spline
from overread.simulation.chest import LEFT, RIGHT, Chest
from overread.simulation.noise import patch
from overread.simulation.seeds import stream
from overread.simulation.vessels import paint_vessels

AIR = 0.52  # share of the body's thickness that the lungs take away
HALF = 128  # of a full mask
BEHIND_HEART = 0.62  # share of that air which heart and mediastinum fill again


def attenuation_of(canvas: Canvas, chest: Chest, *, forked: Fork | None = None) -> tuple[Field, Field]:
    """Return the attenuation in nats, and how much lung each pixel shows (0 to 1); both (size, size)."""
    lungs, heart = _lung_mask(canvas, chest), _heart_mask(canvas, chest)
    attenuation = _soft_tissue(canvas, chest)
    thickness = attenuation.copy()
    open_lung = lungs.astype(np.float32) / 255.0
    covered = heart.astype(np.float32) / 255.0
    attenuation -= AIR * thickness * open_lung * _depth(canvas, lungs) * (1.0 - BEHIND_HEART * covered)
    attenuation += covered * _heart_depth(canvas, chest)
    open_lung *= 1.0 - 0.85 * covered
    _paint_airways(canvas, chest, attenuation)
    _paint_abdomen(canvas, chest, attenuation)
    paint_bones(canvas, chest, attenuation, forked=forked)
    _paint_lung_detail(canvas, chest, attenuation, open_lung)
    return np.maximum(attenuation, 0.0, out=attenuation), open_lung


def _soft_tissue(canvas: Canvas, chest: Chest) -> Field:
    rng = stream("soft tissue", chest.seed)
    x, y = canvas.coarse_grid()
    offset = (x - chest.midline) / (1.12 * (chest.half_width + 0.095))
    field = chest.thickness * np.sqrt(np.clip(1 - offset**2, 0.03, 1))
    field *= 0.66 + 0.34 * np.clip((y - 0.02) / 0.20, 0, 1)
    nodes = rng.normal(0, 0.12, (5, 5)).astype(np.float32)
    field += cv2.resize(nodes, field.shape, interpolation=cv2.INTER_CUBIC)
    field += rng.normal(0, 0.13) * 2 * (x - 0.5) + rng.normal(0, 0.11) * 2 * (y - 0.5)
    if chest.breast:
        field += _breasts(chest, x, y)
    soft = canvas.enlarged(field.astype(np.float32))
    mask = canvas.mask()
    outline = _body_outline(chest)
    canvas.fill(mask, outline)
    soft *= canvas.blurred(mask, 0.004) * np.float32(1 / 255)
    folds = canvas.mask()
    for side in (RIGHT, LEFT):
        shape = [(1.10, 0.20), (1.32, 0.16), (1.62, 0.24), (1.62, 0.60), (1.34, 0.52), (1.21, 0.38)]
        canvas.fill(folds, np.array([(chest.midline + side * a * chest.half_width, b) for a, b in shape]))
    inside = np.asarray(cv2.bitwise_and(canvas.blurred(folds, 0.010), mask), np.uint8)
    add(soft, inside, 0.35)
    return soft


def _body_outline(chest: Chest) -> Points:
    w = chest.half_width + 0.075
    side = [(0.105, -0.05), (0.10, 0.02), (0.125, 0.075), (0.26, 0.125), (w - 0.03, 0.165), (w + 0.06, 0.235)]
    side += [(w + 0.12, 0.36), (w + 0.11, 0.50), (w + 0.02, 0.60), (w - 0.005, 0.75), (w + 0.005, 1.08)]
    curve = spline([(chest.midline + x, y) for x, y in side])
    mirrored = curve[::-1] * (-1, 1) + (2 * chest.midline, 0)
    return np.concatenate([curve, mirrored])


def _breasts(chest: Chest, x: Field, y: Field) -> NDArray[np.float32]:
    """Return two discs with a soft upper and a sharp lower edge."""
    radius = 0.30 * chest.half_width / 0.345 * (0.8 + 0.4 * chest.breast)
    level = chest.apex + 0.66 * chest.height
    total = np.zeros_like(x)
    for side in (RIGHT, LEFT):
        across = (x - chest.midline - side * 0.60 * chest.half_width) / (0.62 * radius)
        down = (y - level) / (0.60 * radius)
        distance = np.sqrt(across**2 + down**2)
        soft = np.where(down > 0, 0.07, 0.45)
        total += chest.breast / (1 + np.exp(np.clip((distance - 1 + 0.3 * (down < 0)) / soft, -30, 30)))
    return total


def _lung_mask(canvas: Canvas, chest: Chest) -> Mask:
    mask = canvas.mask()
    canvas.fill(mask, *chest.lungs.values())
    return canvas.blurred(mask, 0.0028)


def _depth(canvas: Canvas, lungs: Mask) -> Field:
    """Return how deep the air is, rising with the distance to the lung's edge."""
    small = cv2.resize(lungs, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    distance = cv2.distanceTransform((small >= HALF).astype(np.uint8), cv2.DIST_L2, 3) / small.shape[0]
    return canvas.enlarged((0.25 + 0.75 * (1 - np.exp(-distance / 0.045))).astype(np.float32))


def _heart_mask(canvas: Canvas, chest: Chest) -> Mask:
    """Return heart and mediastinum, faded out below the dome and towards the neck."""
    mask = canvas.mask()
    canvas.fill(mask, chest.heart_outline)
    _, y = canvas.coarse_grid()
    fade = 255 / (1 + np.exp(np.clip((y - chest.dome(LEFT) - 0.022) / 0.016, -30, 30)))
    fade *= np.clip((y - chest.apex + 0.07) / 0.13, 0, 1)
    full = cv2.resize(fade.astype(np.uint8), mask.shape, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.multiply(canvas.blurred(mask, 0.0032), full, scale=1 / 255), np.uint8)


def _heart_depth(canvas: Canvas, chest: Chest) -> Field:
    x, y = canvas.coarse_grid()
    width = 2 * chest.half_width * chest.heart
    middle = np.exp(-(((x - chest.midline) / 0.075) ** 2))
    centre_x, centre_y = chest.front + 0.16 * width, chest.dome(LEFT) - 0.09
    centre = np.exp(-(((x - centre_x) / (0.42 * width)) ** 2) - ((y - centre_y) / 0.13) ** 2)
    depth = 0.55 * chest.density * (0.62 + 0.30 * middle + 0.28 * centre) * chest.thickness / 2.25
    return canvas.enlarged(depth.astype(np.float32))


def _paint_airways(canvas: Canvas, chest: Chest, attenuation: Field) -> None:
    m, carina = chest.front, chest.apex + 0.375 * chest.height
    mask = canvas.mask()
    canvas.fill(mask, ribbon(spline([(m, -0.03), (m - 0.002, carina / 2), (m + 0.001, carina)]), 0.036))
    right = spline([(m, carina - 0.01), (m - 0.035, carina + 0.035), (m - 0.060, carina + 0.075)])
    left = spline([(m, carina - 0.01), (m + 0.035, carina + 0.026), (m + 0.062, carina + 0.046)])
    canvas.fill(mask, ribbon(right, np.linspace(0.025, 0.008, len(right))))
    canvas.fill(mask, ribbon(left, np.linspace(0.022, 0.006, len(left))))
    add(attenuation, canvas.blurred(mask, 0.004), -0.38)


def _paint_abdomen(canvas: Canvas, chest: Chest, attenuation: Field) -> None:
    if not chest.bubble:
        return
    rng = stream("bubble", chest.seed)
    x = chest.midline + rng.uniform(0.40, 0.60) * chest.half_width
    shape = ellipse(
        x, chest.dome(LEFT) + rng.uniform(0.035, 0.055), (rng.uniform(0.035, 0.065), 0.020), angle=-0.08
    )
    mask = canvas.mask()
    canvas.fill(mask, shape)
    add(attenuation, canvas.blurred(mask, 0.005), -0.50)


def _paint_lung_detail(canvas: Canvas, chest: Chest, attenuation: Field, open_lung: Field) -> None:
    vessels, hila = paint_vessels(canvas, chest)
    attenuation += vessels * (open_lung * np.float32(0.36 * chest.markings / 255))
    x, _ = canvas.coarse_grid()
    swell = np.where(x < chest.midline, chest.hilum_right, chest.hilum_left).astype(np.float32)
    attenuation += hila * (canvas.enlarged(swell) * np.float32(0.30 / 255))
    attenuation += (
        patch("texture", canvas.size, stream("texture", chest.seed))
        * open_lung
        * np.float32(0.016 * chest.markings)
    )
    if chest.fissure:
        _paint_fissure(canvas, chest, attenuation)


def _paint_fissure(canvas: Canvas, chest: Chest, attenuation: Field) -> None:
    """Add the minor fissure of the right lung: a hair line from the hilum to the wall."""
    x, y = chest.hilum(RIGHT)
    end = chest.midline - 0.95 * chest.width_at(RIGHT, y + 0.01)
    line = spline([(x - 0.03, y + 0.012), ((x + end) / 2, y - 0.004), (end, y + 0.012)])
    mask = canvas.mask()
    canvas.stroke(mask, [line], width=0.0022)
    add(attenuation, canvas.blurred(mask, 0.001), 0.10)
