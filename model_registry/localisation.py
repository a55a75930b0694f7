"""Do the maps point at what is there? Against truth boxes, beside what needs no model to be guessed.

Two questions (Zhang and others, 2018; Wang and others, 2020): does the hottest place lie in a box, and which
share of the heat lies in boxes? Both are asked of a point at the picture's centre and of the mean of all maps
too: findings lie where findings lie, and a map that beats neither has explained nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model_registry.evaluation import DRAWS
from model_registry.kept_scores import Floats
from model_registry.test_set import TestCase, UnitBox
from overread.domain.errors import InputError
from overread.domain.estimates import Estimate
from overread.measures.counted_resampling import mean_bootstrap
from overread.measures.proportion import clustered_paired_difference, clustered_proportion

_FINE = 8  # parts of a cell's side, in which it is said what a box covers
_CENTRE = 1 / 8  # deviation of the heat around the centre, as a share of the picture's side


@dataclass(frozen=True, kw_only=True, slots=True)
class Pointed:
    """How often the hottest place lies in a box, and the mean share of heat in boxes, by patients."""

    pointing: Estimate
    energy: Estimate


@dataclass(frozen=True, kw_only=True, slots=True)
class Localisation:
    """The maps of one model on the studies that have truth boxes, called or missed.

    `covered` is the mean share of the picture under boxes: what an even map's energy would be. `beyond_mean`
    is how much more often a study's own map points at a box than the mean map does, on the same studies.
    """

    n: int
    n_patients: int
    covered: float
    model: Pointed
    centre: Pointed
    mean_map: Pointed
    beyond_mean: Estimate


def localise(cases: Sequence[TestCase], maps: Floats) -> Localisation | None:
    """Hold the maps (n, h, w) of n cases against their truth boxes; None where no case has one.

    Raises
    ------
    InputError
        There is not one map for each case, or a map holds a number below 0 or none at all.
    """
    if maps.ndim != 3 or len(maps) != len(cases):  # noqa: PLR2004 - n, h, w
        raise InputError(f"{len(cases)} studies and maps of shape {maps.shape} do not go together")
    rows = [row for row, case in enumerate(cases) if case.boxes]
    if not rows:
        return None
    own, boxes = np.asarray(maps[rows], np.float64), [cases[row].boxes for row in rows]
    if not (own >= 0).all():
        raise InputError("heat is a number from 0 up")
    patients = [str(cases[row].patient) for row in rows]
    under = np.stack([covered(each, own.shape[1:]) for each in boxes])
    mean = np.broadcast_to(own.mean(axis=0), own.shape)
    centre = np.broadcast_to(centre_map(*own.shape[1:]), own.shape)
    return Localisation(
        n=len(rows),
        n_patients=len(set(patients)),
        covered=float(under.mean()),
        model=_pointed(points_at(own, boxes), energy_inside(own, under), patients),
        centre=_pointed(points_at(centre, boxes), energy_inside(centre, under), patients),
        mean_map=_pointed(points_at(mean, boxes), energy_inside(mean, under), patients),
        beyond_mean=clustered_paired_difference(points_at(own, boxes), points_at(mean, boxes), patients),
    )


def points_at(maps: NDArray[np.float64], boxes: Sequence[Sequence[UnitBox]]) -> NDArray[np.bool_]:
    """Return where the hottest place of a map (n, h, w) touches a box of its study.

    The place is a cell, and touches a box when its middle is no more than half a cell outside. A map that is
    hottest at several cells points at the middle of them; an even one therefore at the picture's centre.
    """
    hits = [_touches(hottest(each), near, each.shape) for each, near in zip(maps, boxes, strict=True)]
    return np.array(hits, bool)


def energy_inside(maps: NDArray[np.float64], under: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of each map's heat that lies in boxes, 0 where there is no heat.

    Both are (n, h, w); `under` is the share of each cell that lies under a box of its study.
    """
    inside, heat = (maps * under).sum(axis=(1, 2)), maps.sum(axis=(1, 2))
    return np.where(heat > 0, inside, 0.0) / np.where(heat > 0, heat, 1.0)


def covered(boxes: Sequence[UnitBox], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the share of each cell (h, w) that lies under any box, in steps of 1/64."""
    height, width = shape
    y, x = (((np.arange(n * _FINE) + 0.5) / (n * _FINE)) for n in (height, width))
    under = np.zeros((height * _FINE, width * _FINE), bool)
    for x0, y0, x1, y1 in boxes:
        under |= ((y >= y0) & (y < y1))[:, None] & ((x >= x0) & (x < x1))
    return np.asarray(under.reshape(height, _FINE, width, _FINE).mean(axis=(1, 3)), np.float64)


def hottest(heat: NDArray[np.float64]) -> tuple[float, float]:
    """Return where one map (h, w) is hottest, as shares (x, y) of the picture."""
    height, width = heat.shape
    y, x = np.nonzero(heat == heat.max())
    return float((x.mean() + 0.5) / width), float((y.mean() + 0.5) / height)


def centre_map(height: int, width: int) -> NDArray[np.float64]:
    """Return heat (h, w) that falls off from the picture's centre, knowing nothing of the picture."""
    y, x = ((np.arange(n) + 0.5) / n - 0.5 for n in (height, width))
    return np.asarray(np.exp(-(y[:, None] ** 2 + x**2) / (2 * _CENTRE**2)), np.float64)


def _touches(place: tuple[float, float], boxes: Sequence[UnitBox], shape: tuple[int, ...]) -> bool:
    (x, y), (half_y, half_x) = place, (0.5 / n for n in shape)
    return any(
        x0 - half_x <= x <= x1 + half_x and y0 - half_y <= y <= y1 + half_y for x0, y0, x1, y1 in boxes
    )


def _pointed(hits: NDArray[np.bool_], energy: NDArray[np.float64], patients: Sequence[str]) -> Pointed:
    return Pointed(
        pointing=clustered_proportion(hits, patients),
        energy=mean_bootstrap(energy, cluster=patients, draws=DRAWS),
    )
