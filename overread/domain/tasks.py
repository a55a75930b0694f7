"""A question put to a model: its inputs, vocabulary, splits, gate and report texts, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from overread.domain.datasets import Shares
from overread.domain.findings import Label, Vocabulary
from overread.domain.lots import AuditPlan
from overread.domain.retraining import Triggers


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One question; `normal` holds, by language, findings sentences and impression of a no-finding draft.

    `sections` names, by language, what each of these sentences is about, and last what fits none of them.
    """

    name: str
    title: Mapping[str, str]
    vocabulary: Vocabulary
    shares: Shares
    image_size: int
    normal: Mapping[str, tuple[tuple[str, ...], str]]
    sections: Mapping[str, tuple[str, ...]]
    policy: str
    audit: AuditPlan
    triggers: Triggers
    gate: Mapping[str, float] = field(default_factory=dict)
    minimum_verdict_class: int = 100

    def draft_text(self, label: Label, language: str) -> tuple[str, str]:
        """Return findings and impression of a fresh draft: the normal report, or nothing for a finding."""
        if label is Label.HAS_FINDING:
            return "", ""
        sentences, impression = self.normal[language]
        return ("" if language == "zh" else " ").join(sentences), impression
