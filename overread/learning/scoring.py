"""Scores of many pictures, and the two numbers that training needs of them: rank AUC and the threshold.

Equal by test to what `overread.measures` says, which this package may not import.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from overread.domain.errors import EvidenceError
from overread.learning.architectures import InputContract, Network, Normalise
from overread.learning.cache import Pictures
from overread.learning.data import Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """What a network says of n pictures: `logits` (n, k) before calibration, `embedding` (n, d)."""

    logits: Floats
    embedding: Floats


@torch.inference_mode()
def score(network: Network, contract: InputContract, pictures: Pictures, *, batch: int = 64) -> Scores:
    """Score pictures (n, size, size) uint8 in their order, in float32, on the network's device."""
    network.eval()
    device = next(network.parameters()).device
    normalise = Normalise(contract).to(device)
    logits, embeddings = [], []
    for first in range(0, len(pictures), batch):
        stored = torch.from_numpy(np.array(pictures[first : first + batch])).unsqueeze(1).to(device)
        reading = network(normalise(stored).contiguous(memory_format=torch.channels_last))
        logits.append(reading.logits.cpu().numpy())
        embeddings.append(reading.embedding.cpu().numpy())
    if not logits:
        raise EvidenceError("no pictures to score")
    return Scores(logits=np.concatenate(logits), embedding=np.concatenate(embeddings))


def auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the chance that a study with a finding outscores one without; a tie is half, one class NaN."""
    truth, values = np.asarray(labels) == 1, np.asarray(scores, np.float64)
    positives, negatives = np.sort(values[truth]), np.sort(values[~truth])
    if not len(positives) or not len(negatives):
        return float("nan")
    below = np.searchsorted(negatives, positives, side="left")
    up_to = np.searchsorted(negatives, positives, side="right")
    return float((below + up_to).mean() / 2 / len(negatives))


def threshold_at_specificity(labels: ArrayLike, scores: ArrayLike, specificity: float) -> float:
    """Return the lowest score of the tuning set at which specificity is at least the target.

    A study is called positive when its score is at or above the threshold. Infinite where no score will do.
    """
    truth, values = np.asarray(labels) == 1, np.asarray(scores, np.float64)
    negatives = np.sort(values[~truth])
    if not len(negatives):
        raise EvidenceError("a threshold needs studies without a finding in the tuning set")
    candidates = np.unique(values)
    right = np.searchsorted(negatives, candidates, side="left")  # negatives below each candidate
    enough = right >= specificity * len(negatives) - 1e-9
    return float(candidates[enough.argmax()]) if enough.any() else float("inf")


def sensitivity_specificity(labels: ArrayLike, scores: ArrayLike, threshold: float) -> tuple[float, float]:
    """Return both at a threshold; NaN for a class that is not there."""
    truth, called = np.asarray(labels) == 1, np.asarray(scores) >= threshold
    return _share(called[truth]), _share(~called[~truth])


def _share(answers: NDArray[np.bool_]) -> float:
    return float(answers.mean()) if len(answers) else float("nan")
