"""What a model answered about one study, and the operating point it answered at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from overread.domain.errors import InputError
from overread.domain.findings import Label
from overread.domain.identifiers import Digest, PersonKey, StudyUid, VersionKey

NEAR = 0.03  # of the threshold: look twice


@dataclass(frozen=True, kw_only=True, slots=True)
class OperatingPoint:
    """The threshold chosen on the tuning set and frozen with the model; a score at it counts as a finding."""

    threshold: float
    sensitivity: float | None = None
    specificity: float | None = None

    def __post_init__(self) -> None:
        """Refuse a threshold that is not a probability."""
        if not 0 <= self.threshold <= 1:
            raise InputError("a threshold lies between 0 and 1")

    def label(self, probability: float) -> Label:
        """Return the answer at this point."""
        return Label.HAS_FINDING if probability >= self.threshold else Label.NO_FINDING


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """One model's answer about one study; `by_finding` holds probabilities of single findings.

    `asked_by` names who asked for it after another model had answered.
    """

    study: StudyUid
    model_version: VersionKey
    model_digest: Digest
    probability: float
    threshold: float
    label: Label
    made_at: datetime
    milliseconds: float
    by_finding: Mapping[str, float] = field(default_factory=dict)
    heatmap: Digest | None = None
    embedding: tuple[float, ...] = ()
    asked_by: PersonKey | None = None

    def __post_init__(self) -> None:
        """Refuse an answer that contradicts its own threshold, or a heatmap for no finding."""
        if not (0 <= self.probability <= 1 and 0 <= self.threshold <= 1):
            raise InputError("a probability and its threshold lie between 0 and 1")
        if (self.probability >= self.threshold) != (self.label is Label.HAS_FINDING):
            raise InputError("the label does not follow from probability and threshold")
        if self.label is Label.NO_FINDING and self.heatmap is not None:
            raise InputError("no finding has no heatmap")

    @property
    def near(self) -> float | None:
        """How far the probability is from the threshold where that is so little that one looks twice."""
        distance = abs(self.probability - self.threshold)
        return distance if distance <= NEAR else None


def counting(answers: Sequence[Prediction]) -> Prediction | None:
    """Return which of the answers on one study counts: the latest that was asked for, or else the first."""
    asked = [answer for answer in answers if answer.asked_by is not None]
    if asked:
        return max(asked, key=lambda answer: answer.made_at)
    return min(answers, key=lambda answer: (answer.made_at, answer.model_version), default=None)
