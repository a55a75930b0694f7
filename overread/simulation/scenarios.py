"""Named disturbances of a department: what a test or a demonstration wants to go wrong, and nothing more."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import numpy as np

from overread.simulation.population import SimulatedStudy
from overread.simulation.readers import Reader
from overread.simulation.seeds import happens

NEW_MAKER = "N"
UPDATED = "A-updated"


def new_scanner(
    studies: Iterable[SimulatedStudy], *, share: float, rng: np.random.Generator, maker: str = NEW_MAKER
) -> tuple[SimulatedStudy, ...]:
    """Return the studies with a share of them taken on another scanner.

    `maker` "N" is a new machine, seen in tags and pixels; "A-updated" keeps A's tags and changes the pixels.
    """
    return tuple(replace(study, maker=maker) if happens(rng, share) else study for study in studies)


def careless(reader: Reader, *, share: float = 0.30) -> Reader:
    """Return the reader answering a share of studies with the opposite of what is perceived."""
    return replace(reader, careless=share)


def of_a_minor(study: SimulatedStudy, *, age: int = 12) -> SimulatedStudy:
    """Return the study as one of a child: rule R05 excludes it."""
    born = (study.acquired_at - timedelta(days=365.25 * (age + 0.5))).date()
    return replace(study, patient=replace(study.patient, born=born))


def lateral(study: SimulatedStudy) -> SimulatedStudy:
    """Return the study tagged as a lateral view: rule R03 excludes it. The picture stays frontal."""
    return replace(study, view="LL", description="CHEST LATERAL")


def bedside(study: SimulatedStudy) -> SimulatedStudy:
    """Return the study as a portable one: rule R03 excludes it by its order text."""
    return replace(study, view="AP", description="CHEST AP PORTABLE")
