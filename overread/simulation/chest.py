"""One patient's chest in one pose: its measures, and the outlines that follow from them.

Coordinates are fractions of the picture, y down, before the tilt; the patient's right lies at small x.
What belongs to the patient comes from the patient's seed and returns in every study; pose and breath do not.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from overread.simulation.canvas import Points, spline
from overread.simulation.seeds import happens, stream

RIGHT, LEFT = -1, 1  # the patient's sides, as directions in the picture


@dataclass(frozen=True, kw_only=True)
class Chest:
    """Everything that decides how one chest looks; lengths in fractions of the picture's width."""

    seed: int
    midline: float
    rotation: float
    tilt: float
    half_width: float
    apex: float
    height: float
    right_dome: float  # how much higher the right dome stands
    thickness: float  # nats through the middle of the body
    heart: float  # widest heart over widest thorax
    density: float  # of heart and mediastinum, about 1
    knob: float
    markings: float
    hilum_right: float
    hilum_left: float
    rib_contrast: float
    breast: float  # nats, 0 for none
    fissure: bool
    bubble: bool

    @property
    def front(self) -> float:
        """Midline of what lies in front: a turned patient's heart and clavicles move against the spine."""
        return self.midline + 0.6 * self.rotation

    def dome(self, side: int) -> float:
        """Height of one dome of the diaphragm."""
        return self.apex + self.height - (self.right_dome if side == RIGHT else 0.0)

    def reach(self, side: int) -> float:
        """Half width of the thorax on one side."""
        return self.half_width * (1.0 + side * self.rotation)

    def hilum(self, side: int) -> tuple[float, float]:
        """Centre of one hilum; the left one lies higher."""
        level = 0.47 if side == RIGHT else 0.43
        return self.front + side * 0.098, self.apex + level * self.height

    @cached_property
    def wall(self) -> dict[int, Points]:
        """Lateral border of each lung, from the medial apex over the top down to the costophrenic angle."""
        shape = [(0.17, 0.13), (0.22, 0.05), (0.34, 0.003), (0.48, 0.003), (0.62, 0.05), (0.75, 0.145)]
        shape += [(0.86, 0.30), (0.935, 0.49), (0.975, 0.70), (0.995, 0.90)]
        return {side: spline([*self._at(side, shape), self.angle(side)]) for side in (RIGHT, LEFT)}

    @cached_property
    def lungs(self) -> dict[int, Points]:
        """Outline of each lung, with sharp angles where its borders meet."""
        return {side: self._lung(side) for side in (RIGHT, LEFT)}

    @cached_property
    def heart_outline(self) -> Points:
        """Outline of heart and mediastinum, from the superior vena cava round to the knob."""
        m, low, top, height = self.front, self.dome(LEFT), self.apex, self.height
        width = 2 * self.half_width * self.heart
        level = top + 0.325 * height
        return spline(
            [
                (m - 0.044, top - 0.09),
                (m - 0.052, top + 0.16 * height),
                (m - 0.056, top + 0.40 * height),
                (m - 0.26 * width, low - 0.215),
                (m - 0.335 * width, low - 0.115),
                (m - 0.28 * width, low - 0.01),
                (m - 0.05 * width, low + 0.06),
                (m + 0.45 * width, low + 0.05),
                (m + 0.64 * width, low - 0.02),
                (m + 0.655 * width, low - 0.085),
                (m + 0.53 * width, low - 0.185),
                (m + 0.37 * width, low - 0.255),
                (m + 0.068, top + 0.50 * height),
                (m + 0.054, top + 0.425 * height),
                (m + 0.044 + 0.75 * self.knob, level + 0.7 * self.knob + 0.004),
                (m + 0.045 + self.knob, level),
                (m + 0.042 + 0.62 * self.knob, level - 0.8 * self.knob - 0.006),
                (m + 0.045, top + 0.17 * height),
                (m + 0.044, top - 0.09),
            ],
            closed=True,
        )

    def angle(self, side: int) -> tuple[float, float]:
        """Costophrenic angle."""
        return self.midline + side * self.reach(side), self.dome(side) + 0.098

    def width_at(self, side: int, y: float) -> float:
        """Distance from the midline to the chest wall at height `y`."""
        below = self.wall[side][24:]
        return float(np.interp(y, below[:, 1], np.abs(below[:, 0] - self.midline)))

    def _at(self, side: int, shape: list[tuple[float, float]]) -> list[tuple[float, float]]:
        reach, base = self.reach(side), self.dome(side)
        return [(self.midline + side * x * reach, self.apex + y * (base - self.apex)) for x, y in shape]

    def _lung(self, side: int) -> Points:
        reach, base = self.reach(side), self.dome(side)
        floor = [(0.90, 0.046), (0.74, 0.011), (0.54, 0.0), (0.34, 0.010), (0.13, 0.042)]
        floor = [(self.midline + side * x * reach, base + y) for x, y in floor]
        medial = self._at(side, [(0.11, 0.65), (0.12, 0.35), (0.17, 0.13)])
        under = spline([self.angle(side), *floor])
        return np.concatenate([self.wall[side], under[1:], spline([floor[-1], *medial])[1:-1]])


def chest_of(*, patient_seed: int, pose_seed: int, female: bool) -> Chest:
    """Return the chest of one patient (always the same) in one pose (this study's)."""
    body, pose = stream("body", patient_seed), stream("pose", pose_seed)
    return Chest(
        seed=patient_seed,
        midline=0.5 + float(np.clip(pose.normal(0, 0.015), -0.035, 0.035)),
        rotation=float(np.clip(pose.normal(0, 0.022), -0.05, 0.05)),
        tilt=float(np.deg2rad(np.clip(pose.normal(0, 1.3), -3, 3))),
        half_width=float(np.clip(body.normal(0.345, 0.024), 0.29, 0.39)),
        apex=float(np.clip(body.normal(0.115, 0.020) + pose.normal(0, 0.016), 0.06, 0.18)),
        height=float(np.clip(body.normal(0.56, 0.042) + pose.normal(0, 0.016), 0.46, 0.66)),
        right_dome=float(np.clip(body.normal(0.035, 0.014), 0.005, 0.07)),
        thickness=float(np.clip(body.normal(2.25, 0.28), 1.6, 3.0)),
        heart=float(np.clip(body.normal(0.455, 0.031) + pose.normal(0, 0.006), 0.38, 0.508)),
        density=float(np.clip(body.normal(1, 0.08), 0.75, 1.25)),
        knob=float(np.clip(body.normal(0.030, 0.004), 0.020, 0.041)),
        markings=float(np.clip(body.normal(1, 0.18), 0.6, 1.45)),
        hilum_right=float(np.clip(body.normal(1, 0.12), 0.7, 1.3)),
        hilum_left=float(np.clip(body.normal(1, 0.12), 0.7, 1.3)),
        rib_contrast=float(body.uniform(0.7, 1.3)),
        breast=float(body.uniform(0.18, 0.53)) if female else 0.0,
        fissure=happens(body, 0.45),
        bubble=happens(pose, 0.60),
    )
