"""How corrections are mixed with what was known before, so that they teach and nothing is forgotten."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from overread.domain.errors import ConfigurationError, InputError
from overread.learning.data import LabelledSet, joined


@dataclass(frozen=True, kw_only=True, slots=True)
class Mix:
    """How corrections are mixed with the studies replayed from before.

    `no_finding_weight` scales replayed studies without a finding (reports under-call). Corrections come
    `correction_repeats` times in a pass, and replayed studies of a code in `replay_repeats` as often as it
    says, so that the network does not forget what the corrections are silent about. Without `replay`, or with
    a `careless_share` of corrections turned round, a candidate is bad on purpose: a rehearsal for the gate.

    `grade_weights` scale a study's loss by how well its label is supported (report, single, double,
    adjudicated; a grade that is not named weighs 1). The `hard_share` of studies that production gets most
    wrong comes `hard_repeats` times. With `fallen_repeats` a candidate whose sensitivity for a finding fell
    by more than `fallen_tolerance` on the tuning set is trained anew, that finding replayed so often.
    """

    replay: bool = True
    no_finding_weight: float = 1.0
    correction_repeats: int = 1
    replay_repeats: Mapping[str, int] = field(default_factory=dict)
    careless_share: float = 0.0
    grade_weights: Mapping[str, float] = field(default_factory=dict)
    hard_share: float = 0.0
    hard_repeats: int = 1
    fallen_repeats: int = 0
    fallen_tolerance: float = 0.05

    def __post_init__(self) -> None:
        """Refuse a mix that could not be made."""
        if not 0 <= self.hard_share <= 1 or self.hard_repeats < 1:
            raise ConfigurationError("mix.hard_share must be 0 to 1, and mix.hard_repeats 1 or more")
        if min(self.fallen_repeats, self.fallen_tolerance, *self.grade_weights.values()) < 0:
            raise ConfigurationError("mix.fallen_repeats, fallen_tolerance, grade_weights must be 0 or more")

    def replaying(self, codes: Iterable[str]) -> "Mix":
        """Return the mix that replays these findings `fallen_repeats` times, or more where it did already."""
        more = {code: max(self.fallen_repeats, self.replay_repeats.get(code, 1)) for code in codes}
        return replace(self, replay_repeats={**self.replay_repeats, **more})


def mixed(replay: LabelledSet, corrections: LabelledSet, mix: Mix, *, seed: int) -> LabelledSet:
    """Return one set: what was known before, then the corrections, weighted and repeated as `mix` says.

    Its pictures are those of `replay`, then those of `corrections`, whatever the mix: what is left out
    repeats 0 times.
    """
    repeats = replay.repeats * int(mix.replay)
    for code, times in mix.replay_repeats.items():
        if code not in replay.columns:
            raise InputError(f"the mix repeats {code!r}, which is no column of this training")
        shows = replay.labels[:, replay.columns.index(code)] == 1
        repeats[shows] = np.maximum(repeats[shows], times * int(mix.replay))
    scale = np.where(replay.labels[:, 0] == 0, mix.no_finding_weight, 1.0)
    before = replace(replay, repeats=repeats, weights=(replay.weights * scale).astype(np.float32))
    taught = careless(corrections, share=mix.careless_share, rng=np.random.default_rng(seed))
    return joined(before, replace(taught, repeats=taught.repeats * mix.correction_repeats))


def careless(claims: LabelledSet, *, share: float, rng: np.random.Generator) -> LabelledSet:
    """Return the claims with a share of their first answers turned round, as a careless reader leaves them.

    A finding that is denied loses its codes and boxes; one that is invented has no codes, so they are not
    read.
    """
    turned = rng.random(len(claims)) < share
    labels = claims.labels.copy()
    denied, invented = turned & (labels[:, 0] == 1), turned & (labels[:, 0] == 0)
    labels[denied] = 0
    labels[invented] = np.nan
    labels[invented, 0] = 1
    kept = ~turned[claims.box_studies]
    return replace(
        claims,
        labels=labels,
        boxes=claims.boxes[kept],
        box_studies=claims.box_studies[kept],
        box_columns=claims.box_columns[kept],
    )
