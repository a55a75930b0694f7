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


def a_department(
    n: int,
    *,
    seed: int,
    new_maker: int = 0,
    gain: dict[str, float] | None = None,
    inverted: str = "",
    old: float = 0.4,
) -> Features:
    """Return a table whose grey depends on the maker and whose score depends on age.

    `new_maker` studies are of maker "N"; `gain` multiplies the grey of a maker; `inverted` names the maker
    whose pictures come with the other polarity, shown upside down; `old` is the share of patients over 60.
    """
    rng = np.random.default_rng(seed)
    maker = rng.choice(["A", "B", "C"], size=n, p=[0.4, 0.3, 0.3])
    maker[:new_maker] = "N"
    age = np.where(rng.random(n) < old, "60+", np.where(rng.random(n) < 0.5, "0-39", "40-59"))
    level = {"A": 120.0, "B": 135.0, "C": 105.0, "N": 170.0}
    grey = np.array([level[one] * (gain or {}).get(one, 1.0) for one in maker]) + rng.normal(scale=8, size=n)
    turned = maker == inverted
    grey[turned] = 255 - grey[turned] + 40
    tags = {
        "maker": maker,
        "polarity": np.where(turned, "MONOCHROME1", "MONOCHROME2"),
    }
    return Features(
        n=n,
        numeric={
            "mean": grey,
            "score": rng.normal(size=n) + 1.2 * (age == "60+"),
            "noise": rng.normal(size=n),
        },
        categorical=tags,
        attributes={
            "maker": maker,
            "station": np.array([f"{one}-1" for one in maker]),
            "site": np.full(n, "north"),
            "age": age,
            "sex": rng.choice(["F", "M"], size=n),
            "polarity": tags["polarity"],
        },
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
