"""How far a training is, as it is told to whoever watches; who that is, learning does not know."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Steps done of all of this stage, the loss of the latest, and the tuning AUC after the latest pass.

    `tuning_auc` is None before the first pass has ended, and where a recipe has no patience.
    """

    stage: str
    done: int
    of: int
    loss: float
    tuning_auc: float | None = None
