"""What is minimised: cross-entropy over what was read, of a study's findings and of their places."""

import torch
from torch import Tensor
from torch.nn import functional

from overread.learning.architectures import Reading

FINDINGS_SHARE = 2.0  # a study's codes against its one answer "any finding"
PLACE_POSITIVE_WEIGHT = 3.0  # few places of a picture show a finding


def masked_cross_entropy(
    logits: Tensor, targets: Tensor, weights: Tensor, *, positive_weight: float = 1.0
) -> Tensor:
    """Return the weighted mean binary cross-entropy over what was read.

    `logits` and `targets` are (n, ...) of one shape, NaN in `targets` means not read; `weights` is (n,), one
    a study. Where nothing was read the loss is 0, with a gradient of 0.
    """
    read = ~targets.isnan()
    loss = functional.binary_cross_entropy_with_logits(
        logits.float(), targets.nan_to_num(), pos_weight=logits.new_tensor(positive_weight), reduction="none"
    )
    shares = read * weights.view(-1, *(1,) * (targets.ndim - 1))
    return (loss * shares).sum() / shares.sum().clamp(min=torch.finfo(torch.float32).tiny)


def study_loss(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Return the loss of (n, k) logits: *any finding* once, and the mean over the codes twice."""
    anything = masked_cross_entropy(logits[:, :1], labels[:, :1], weights)
    if logits.shape[1] == 1:
        return anything
    return anything + FINDINGS_SHARE * masked_cross_entropy(logits[:, 1:], labels[:, 1:], weights)


def reading_loss(reading: Reading, labels: Tensor, places: Tensor, weights: Tensor) -> Tensor:
    """Return study loss plus dense loss of the maps against `places` (n, k, h, w), NaN where unknown."""
    dense = masked_cross_entropy(reading.maps, places, weights, positive_weight=PLACE_POSITIVE_WEIGHT)
    return study_loss(reading.logits, labels, weights) + dense
