"""What a version answered to a dataset, kept among the objects once and for all; loads no network."""

import io
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from overread.domain.identifiers import Digest
from overread.store.answers import Remembered
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork

Floats = NDArray[np.float32]
_KEEPER = "evaluation-with-maps"  # whose remembered answers the scores are
_FEW = 8  # selections of maps that a process remembers: some hundred kilobytes each


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """What is kept: `probability` (n, k), column 0 any finding, `embedding` (n, d), `map` (n, h, w)."""

    probability: Floats
    embedding: Floats
    map: Floats


def kept_at(work: UnitOfWork, *, model: Digest, dataset: Digest) -> Digest | None:
    """Return where the scores lie that a model was given on a dataset; None where it never was."""
    known = work.answers.recall(_KEEPER, f"{model}:{dataset}", dataset)
    return Digest(known.answer) if known is not None and isinstance(known.answer, str) else None


def kept_scores(work: UnitOfWork, objects: Objects, *, model: Digest, dataset: Digest) -> Scores | None:
    """Return the scores that a model was given on a dataset before, None the first time."""
    place = kept_at(work, model=model, dataset=dataset)
    if place is None:
        return None
    with np.load(io.BytesIO(objects.get(place)), allow_pickle=False) as arrays:
        return Scores(**{name: arrays[name] for name in ("probability", "embedding", "map")})


@lru_cache(maxsize=_FEW)
def maps_at(objects: Objects, place: Digest, rows: tuple[int, ...]) -> Floats:
    """Return the maps (len(rows), h, w) of some rows of kept scores; the other arrays are not read."""
    with objects.opened(place) as file, np.load(file, allow_pickle=False) as arrays:
        return np.asarray(arrays["map"][list(rows)], np.float32)


def keep_scores(
    work: UnitOfWork, objects: Objects, scores: Scores, *, model: Digest, dataset: Digest, now: datetime
) -> Digest:
    """Keep the scores of a model on a dataset, addressed by their content; the first ones stay."""
    file = io.BytesIO()
    np.savez(file, probability=scores.probability, embedding=scores.embedding, map=scores.map)
    digest = objects.put(file.getvalue())
    key = f"{model}:{dataset}"
    if work.answers.recall(_KEEPER, key, dataset) is None:
        work.answers.remember(_KEEPER, key, dataset, given=Remembered(status=200, answer=digest), at=now)
    return digest
