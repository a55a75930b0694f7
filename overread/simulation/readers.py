"""Simulated radiologists: what each perceives of a study, and never more than that.

A reader is handed the truth by whoever plays the reader, and gives back a perception: findings missed by
their subtlety, others imagined. Everything done afterwards (a report, a button, a read) comes from the
perception alone. Chances are those that were measured to make the story learnable, not those of any real
person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from overread.domain.findings import Box, Finding, Label, Side, Zone
from overread.domain.identifiers import FindingCode, PersonKey
from overread.simulation.population import MIX, SimulatedStudy, TrueFinding
from overread.simulation.seeds import happens, stream

SLIGHT = frozenset(
    {
        "fibrous_strand",
        "calcification",
        "full_heart",
        "aortic_knob",
        "heavy_hilum",
        "lung_markings",
        "rib_variant",
    }
)
MIDLINE = frozenset({"full_heart", "aortic_knob", "lung_markings"})  # no side is named
MIDDLE, UPPER, LOWER = 0.5, 0.30, 0.47  # where a reader draws the line between sides and zones
IMAGINED = ("fibrous_strand", "calcification", "heavy_hilum", "lung_markings", "nodule")
# What the department's reports used to name: strands and small calcifications were thought not worth a word.
OLD_HABITS: Mapping[str, float] = {
    "fibrous_strand": 0.15,
    "calcification": 0.15,
    "full_heart": 0.75,
    "aortic_knob": 0.75,
    "heavy_hilum": 0.70,
    "lung_markings": 0.70,
    "rib_variant": 0.60,
    "nodule": 0.93,
    "effusion": 0.97,
    "consolidation": 0.97,
    "pacemaker": 0.99,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """One radiologist; a chance to see a finding is `(plain, fall)`: plain - fall × subtlety."""

    key: PersonKey
    language: str = "en"
    slight: tuple[float, float] = (0.97, 0.35)
    other: tuple[float, float] = (0.99, 0.12)
    false_calls: float = 0.035  # studies with something imagined
    habits: Mapping[str, float] = field(default_factory=dict)  # flat chances by code, in place of skill
    careless: float = 0.0  # studies answered with the opposite
    box_jitter: float = 0.08  # sd of each drawn edge, as a share of the box
    presses: float = 0.6  # how often a disagreement is filed with the button rather than by the report alone

    def chance(self, code: str, subtlety: float) -> float:
        """Return the chance to call a finding that is there."""
        if code in self.habits:
            return self.habits[code]
        plain, fall = self.slight if code in SLIGHT else self.other
        return plain - fall * subtlety


@dataclass(frozen=True, kw_only=True, slots=True)
class Perceived:
    """One finding as a reader saw it; `box` in fractions of the picture."""

    code: FindingCode
    box: Box
    side: Side | None
    zone: Zone | None

    def finding(self, size: int) -> Finding:
        """Return it as a finding with its box in pixels of a picture of `size`."""
        x0, y0, x1, y1 = (edge * size for edge in self.box.corners)
        return Finding(code=self.code, box=Box(x0=x0, y0=y0, x1=x1, y1=y1), side=self.side, zone=self.zone)


@dataclass(frozen=True, kw_only=True, slots=True)
class Perception:
    """What one reader made of one study; the only thing their report, button and read may come from."""

    findings: tuple[Perceived, ...] = ()

    @property
    def label(self) -> Label:
        """The reader's answer."""
        return Label.HAS_FINDING if self.findings else Label.NO_FINDING

    @property
    def codes(self) -> frozenset[str]:
        """What the reader calls."""
        return frozenset(finding.code for finding in self.findings)


def historical(key: str) -> Reader:
    """Return a reader of the old reports: habits instead of skill, 2 % false calls, exact marks."""
    return Reader(key=PersonKey(key), habits=OLD_HABITS, false_calls=0.02, box_jitter=0.02, presses=0.0)


def resident(key: str, *, language: str = "en") -> Reader:
    """Return a reader of today, who signs reports and reads cases."""
    return Reader(key=PersonKey(key), language=language)


def senior(key: str, *, language: str = "en") -> Reader:
    """Return a reader who breaks ties."""
    skill = (0.99, 0.10)
    return Reader(
        key=PersonKey(key), language=language, slight=skill, other=skill, false_calls=0.02, box_jitter=0.05
    )


def look(reader: Reader, study: SimulatedStudy, *, occasion: str = "") -> Perception:
    """Return what a reader sees in a study; the same reader sees the same on the same occasion."""
    return perceive(reader, study.findings, stream("eyes", reader.key, study.study_uid, occasion))


def perceive(reader: Reader, truth: tuple[TrueFinding, ...], rng: np.random.Generator) -> Perception:
    """Return what a reader makes of what is truly there."""
    seen = [
        _marked(found.code, found.box, reader.box_jitter, rng)
        for found in truth
        if happens(rng, reader.chance(found.code, found.subtlety))
    ]
    if happens(rng, reader.false_calls):
        seen.append(_imagined(rng, beside={finding.code for finding in seen}))
    if happens(rng, reader.careless):
        seen = [] if seen else [_imagined(rng, beside=set())]
    return Perception(findings=tuple(seen))


def _imagined(rng: np.random.Generator, *, beside: set[FindingCode]) -> Perceived:
    codes = [code for code in IMAGINED if code not in beside]
    shares = np.array([MIX[code] for code in codes])
    code = FindingCode(str(rng.choice(codes, p=shares / shares.sum())))
    x = 0.5 + float(rng.choice([-1, 1]) * rng.uniform(0.10, 0.28))
    y, half = float(rng.uniform(0.20, 0.58)), float(rng.uniform(0.03, 0.07))
    return _marked(code, Box(x0=x - half, y0=y - half, x1=x + half, y1=y + half), 0.0, rng)


def _marked(code: FindingCode, box: Box, jitter: float, rng: np.random.Generator) -> Perceived:
    spread = np.array([box.x1 - box.x0, box.y1 - box.y0] * 2) * np.clip(rng.normal(0, jitter, 4), -0.3, 0.3)
    x0, y0, x1, y1 = (float(edge) for edge in np.clip(np.array(box.corners) + spread, 0.0, 1.0))
    middle, level = (x0 + x1) / 2, (y0 + y1) / 2
    side = None if code in MIDLINE else Side.RIGHT if middle < MIDDLE else Side.LEFT
    zone = Zone.UPPER if level < UPPER else Zone.MIDDLE if level < LOWER else Zone.LOWER
    return Perceived(code=code, box=Box(x0=x0, y0=y0, x1=x1, y1=y1), side=side, zone=zone)
