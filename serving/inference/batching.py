"""Several pictures through the network at once, and its answer taken apart again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.domain.errors import UnavailableError
from overread.domain.findings import Label
from overread.domain.predictions import OperatingPoint
from serving.inference.model_slot import LoadedModel

LARGEST = 8  # on a processor a larger batch costs the same a picture and makes the first one wait
_MOST_PIXELS = 2**20  # of one batch

Grey = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """What the network says of one picture; `map` is (h, w) in 0 to 1."""

    probability: float
    label: Label
    by_finding: Mapping[str, float]
    map: NDArray[np.float32]
    embedding: tuple[float, ...]


def most_at_once(size: int) -> int:
    """Return how many pictures of `size` pixels a side go through together: four of 512 pixels.

    What a layer answers to all of them is in memory at once. With ResNet152 at 512 pixels eight are no faster
    a picture than four, and the server would hold 950 MB (benchmarks/serving_memory.py).
    """
    return max(1, min(LARGEST, _MOST_PIXELS // size**2))


def score(model: LoadedModel, pictures: Sequence[Grey]) -> list[Scores]:
    """Return the scores of pictures (size, size), in their order.

    Raises
    ------
    UnavailableError
        The network answered something that is no probability.
    """
    probabilities, maps, embeddings = model.run(np.stack(pictures))
    if not (np.isfinite(probabilities).all() and (probabilities >= 0).all() and (probabilities <= 1).all()):
        raise UnavailableError(f"version {model.version} answered something that is no probability")
    point = OperatingPoint(threshold=model.contract.threshold)
    return [
        Scores(
            probability=float(row[0]),
            label=point.label(float(row[0])),
            by_finding={code: float(p) for code, p in zip(model.contract.findings, row[1:], strict=True)},
            map=place,
            embedding=tuple(float(value) for value in embedding),
        )
        for row, place, embedding in zip(probabilities, maps, embeddings, strict=True)
    ]
