"""What is minimised: cross-entropy over what was read, of a study's findings and of their places.

Every mean is over the whole batch, also where only a part of it is at hand: the losses of the parts add up to
the batch's, and so do their gradients. That is what micro-batches and several processes rest on.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from overread.domain.errors import ConfigurationError
from overread.learning.architectures import Reading

FINDINGS_SHARE = 2.0  # a study's codes against its one answer "any finding"
PLACE_POSITIVE_WEIGHT = 3.0  # few places of a picture show a finding


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubt:
    """How far labels are believed; with both at 0 they are, and the loss is cross-entropy.

    `power` is q of the generalised cross-entropy (1 - p^q) / q (Zhang and Sabuncu, 2018): towards 1 it is the
    mean absolute error, which a wrong label pulls no harder than a right one. `smoothing` moves each label
    that far towards one half (Szegedy and others, 2016).
    """

    power: float = 0.0
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        """Refuse doubts that leave nothing to learn."""
        if not (0 <= self.power <= 1 and 0 <= self.smoothing < 1):
            raise ConfigurationError("loss.power must be 0 to 1 and loss.smoothing 0 to below 1")


BELIEF = Doubt()


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What a batch, or a part of one, should answer.

    `labels` (b, k) and `places` (b, k, h, w) are 1, 0 and NaN for not read, `weights` (b,) one a study;
    `read` says how much weight was read in the whole batch: of *any finding*, of the codes, of the places.
    """

    labels: Tensor
    places: Tensor
    weights: Tensor
    read: tuple[Tensor, Tensor, Tensor]

    def part(self, part: slice) -> "Answers":
        """Return the answers of a part, which counts as that part of the whole."""
        return Answers(
            labels=self.labels[part], places=self.places[part], weights=self.weights[part], read=self.read
        )


def answers(labels: Tensor, places: Tensor, weights: Tensor) -> Answers:
    """Return the answers of a whole batch."""
    parts = (labels[:, :1], labels[:, 1:], places)
    any_finding, codes, where = (_shares(part, weights).sum() for part in parts)
    return Answers(labels=labels, places=places, weights=weights, read=(any_finding, codes, where))


def reading_loss(reading: Reading, expected: Answers, doubt: Doubt = BELIEF) -> Tensor:
    """Return the loss: *any finding*, twice the mean over the codes, and the maps against the places."""
    (labels, weights), (any_finding, codes, where) = (expected.labels, expected.weights), expected.read
    loss = masked_cross_entropy(reading.logits[:, :1], labels[:, :1], weights, of=any_finding, doubt=doubt)
    if labels.shape[1] > 1:
        loss = loss + FINDINGS_SHARE * masked_cross_entropy(
            reading.logits[:, 1:], labels[:, 1:], weights, of=codes, doubt=doubt
        )
    return loss + masked_cross_entropy(
        reading.maps, expected.places, weights, of=where, doubt=doubt, positive_weight=PLACE_POSITIVE_WEIGHT
    )


def masked_cross_entropy(
    logits: Tensor,
    targets: Tensor,
    weights: Tensor,
    *,
    of: Tensor | None = None,
    doubt: Doubt = BELIEF,
    positive_weight: float = 1.0,
) -> Tensor:
    """Return the weighted mean loss over what was read; 0, with a gradient of 0, where nothing was.

    `logits` and `targets` are (n, ...) of one shape, NaN in `targets` means not read; `weights` is (n,), one
    a study. `of` is the weight read in the whole batch, if these are a part of it.
    """
    shares = _shares(targets, weights)
    loss = _elementwise(logits.float(), targets.nan_to_num(), doubt, logits.new_tensor(positive_weight))
    whole = shares.sum() if of is None else of
    return (loss * shares).sum() / whole.clamp(min=torch.finfo(torch.float32).tiny)


def _shares(targets: Tensor, weights: Tensor) -> Tensor:
    return ~targets.isnan() * weights.view(-1, *(1,) * (targets.ndim - 1))


def _elementwise(logits: Tensor, targets: Tensor, doubt: Doubt, positive_weight: Tensor) -> Tensor:
    if doubt.smoothing:
        targets = targets * (1 - doubt.smoothing) + doubt.smoothing / 2
    if not doubt.power:
        return functional.binary_cross_entropy_with_logits(
            logits, targets, pos_weight=positive_weight, reduction="none"
        )
    yes, no = (
        -torch.expm1(doubt.power * functional.logsigmoid(side)) / doubt.power for side in (logits, -logits)
    )
    return positive_weight * targets * yes + (1 - targets) * no
