"""Feature tables for tests: drawn from a seed, or measured on simulated studies."""

from itertools import islice

import numpy as np

from monitoring.features import Features, features
from overread.domain.studies import Acquisition
from overread.simulation.pictures import rendered
from overread.simulation.population import Department, SimulatedStudy, studies
from overread.simulation.scanners import MAKERS


def some_features(
    n: int, *, seed: int = 0, shift: float = 0.0, new_maker: float = 0.0, embedding_shift: float = 0.0
) -> Features:
    """Return a table in which nothing drifts unless asked: `noise` shifts, some studies get maker "N"."""
    rng = np.random.default_rng(seed)
    maker = rng.choice(["A", "B", "C"], size=n, p=[0.5, 0.3, 0.2])
    maker[rng.random(n) < new_maker] = "N"
    embeddings = rng.normal(size=(n, 12))
    embeddings[:, 0] += embedding_shift
    return Features(
        n=n,
        numeric={"noise": rng.normal(size=n) + shift, "score": rng.random(n), "dark_share": np.zeros(n)},
        categorical={"maker": maker, "polarity": np.full(n, "MONOCHROME2")},
        embeddings=embeddings,
    )


def simulated_features(n: int, *, makers: tuple[tuple[str, float], ...], first: int) -> Features:
    """Draw studies of a simulated department, patient number `first` on, and measure them; no embedding."""
    chosen = list(islice(studies(Department(seed=7, makers=makers), first=first), n))
    images = (rendered(study, 192, drawn_at=192) for study in chosen)
    scores = np.random.default_rng(first).random(n)
    return features(images, [_acquisition(study) for study in chosen], [float(score) for score in scores])


def _acquisition(study: SimulatedStudy) -> Acquisition:
    maker = MAKERS[study.maker]
    name = maker.name.removesuffix("-updated")
    return Acquisition(
        manufacturer=name,
        station=f"{name}-1",
        spacing_mm=maker.spacing_mm,
        bits_stored=maker.bits,
        photometric="MONOCHROME1" if maker.inverted else "MONOCHROME2",
    )
