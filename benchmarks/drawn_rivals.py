"""Candidate and production drawn at random with a known truth about both, as the gate is given them.

Each class has its share of discordant pairs; within what is called a finding, and within what is not, the
order of scores separates the classes as well as is asked. So sensitivity, specificity and area are exact.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import scipy
from numpy.typing import NDArray

from model_registry.comparison import Contender
from model_registry.test_set import TestCase
from overread.domain.findings import Label
from overread.domain.identifiers import Digest, FindingCode, PatientKey, StudyUid, VersionKey

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
THRESHOLD = 0.5
BOX = (0.0, 0.0, 0.4, 1.0)  # the left half, to a map of two cells
_BAND = 0.15  # width of the scores of what is called a finding, at 1, and of what is not, at 0
_SAME_ORDER = 0.8  # correlation of both versions' scores beside their decisions
_POINTS = 0.7  # share of studies whose map points at the box, of either version
_POINTS_ANEW = 0.2  # share of the candidate's maps that are drawn without a look at production's
_NORMAL = NormalDist()


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """What is true of one version; `order` is its chance to order two that it calls alike, .5 is blind."""

    sensitivity: float
    specificity: float
    order: float

    @property
    def area(self) -> float:
        """The area under its ROC curve."""
        s, t = self.sensitivity, self.specificity
        return s * t + (s * (1 - t) + (1 - s) * t) * self.order

    def with_area(self, area: float) -> "Rates":
        """Return the same operating point under another area."""
        s, t = self.sensitivity, self.specificity
        return replace(self, order=(area - s * t) / (s * (1 - t) + (1 - s) * t))


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Two versions, and the shares of studies with and without a finding on which only one is right.

    `watched` is the gate's check that this scene is about.
    """

    watched: str
    production: Rates
    candidate: Rates
    discordance: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Department:
    """A test set, and which patient each study is of: `patient` (n,) are numbers from 0."""

    cases: Sequence[TestCase]
    truth: Flags
    patient: NDArray[np.int64]

    @classmethod
    def of(
        cls, n: int, *, findings: Sequence[str], makers: int = 1, films: int = 1, boxes: bool = False
    ) -> "Department":
        """Return n studies with and n without a finding, `films` of each patient; findings go round."""
        patient = np.arange(2 * n) // films
        truth = np.arange(2 * n) < n
        cases = [
            TestCase(
                study=StudyUid(f"1.2.{row}"),
                patient=PatientKey(f"p{patient[row]}"),
                label=Label.HAS_FINDING if truth[row] else Label.NO_FINDING,
                findings=(FindingCode(findings[row % len(findings)]),) if truth[row] else (),
                maker=f"maker {patient[row] % makers}",
                sex="FM"[patient[row] // makers % 2],
                age=20 + int(patient[row]) * 7 % 60,
                boxes=(BOX,) if boxes and truth[row] else (),
            )
            for row in range(2 * n)
        ]
        return cls(cases=cases, truth=truth, patient=patient)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One version's answers to a department: where it is right, the noise beside that, where maps point."""

    right: Flags
    noise: Floats
    points: Flags
    contender: Contender


def draw_production(rng: np.random.Generator, department: Department, scene: Scene) -> Drawn:
    """Draw production's answers; all films of a patient get the same."""
    rates, truth = scene.production, department.truth
    uniform, noise, pointing = _by_patient(rng, department)
    right = uniform < np.where(truth, rates.sensitivity, rates.specificity)
    return _drawn("1", department, rates, right, noise, pointing < _POINTS)


def draw_candidate(
    rng: np.random.Generator, department: Department, scene: Scene, production: Drawn
) -> Drawn:
    """Draw a candidate's answers to the same studies, given production's."""
    before, after, truth = scene.production, scene.candidate, department.truth
    held = np.where(truth, before.sensitivity, before.specificity)
    moved = np.where(truth, after.sensitivity, after.specificity) - held
    discordant = np.where(truth, *scene.discordance)
    gained, lost = (discordant + moved) / 2, (discordant - moved) / 2
    uniform, fresh, pointing = _by_patient(rng, department)
    right = np.where(production.right, uniform >= lost / held, uniform < gained / (1 - held))
    noise = _SAME_ORDER * production.noise + math.sqrt(1 - _SAME_ORDER**2) * fresh
    anew = pointing < _POINTS_ANEW
    points = np.where(anew, pointing < _POINTS_ANEW * _POINTS, production.points)
    return _drawn("2", department, after, right, noise, points)


def _by_patient(rng: np.random.Generator, department: Department) -> tuple[Floats, Floats, Floats]:
    """Draw two uniform numbers and a normal one for each patient, repeated for each film."""
    k, rows = int(department.patient.max()) + 1, department.patient
    return rng.random(k)[rows], rng.standard_normal(k)[rows], rng.random(k)[rows]


def _drawn(
    version: str, department: Department, rates: Rates, right: Flags, noise: Floats, points: Flags
) -> Drawn:
    shift = math.sqrt(2) * _NORMAL.inv_cdf(rates.order)
    order = scipy.special.ndtr((noise + np.where(department.truth, shift, -shift) / 2) / math.sqrt(2))
    scores = (1 - _BAND) * (right == department.truth) + _BAND * np.clip(order, 0.001, 0.999)
    maps = None
    if any(case.boxes for case in department.cases):
        maps = np.stack([points, ~points], axis=1)[:, None].astype(np.float32)
    contender = Contender(
        version=VersionKey(version),
        digest=Digest(version * 64),
        threshold=THRESHOLD,
        scores=scores.astype(np.float32),
        maps=maps,
    )
    return Drawn(right=right, noise=noise, points=points, contender=contender)
