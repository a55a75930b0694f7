"""The clauses of the change protocol, and what regulators' guidance calls a change; texts are in the wording.

Clauses follow the three parts of a predetermined change control plan (FDA, "Marketing Submission
Recommendations for a Predetermined Change Control Plan for Artificial Intelligence-Enabled Device Software
Functions", final guidance, December 2024, reissued August 2025). Kinds of update follow the NMPA guideline
for AI devices (2022 no. 8, sections 2(3) and 4(5)). Nothing is judged here; people do, with the record.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from overread.domain.models import ModelVersion


class PlanPart(StrEnum):
    """One of the three parts of a predetermined change control plan."""

    MODIFICATIONS = "modifications"
    PROTOCOL = "protocol"
    IMPACT = "impact"


@dataclass(frozen=True, kw_only=True, slots=True)
class Clause:
    """One clause of our protocol; `chapter` is the part of a model's change record that answers it."""

    id: str
    part: PlanPart
    chapter: str


PERMITTED = Clause(id="PCCP-1", part=PlanPart.MODIFICATIONS, chapter="modification")
DATA_MANAGEMENT = Clause(id="PCCP-2", part=PlanPart.PROTOCOL, chapter="learning")
RETRAINING = Clause(id="PCCP-3", part=PlanPart.PROTOCOL, chapter="lineage")
EVALUATION = Clause(id="PCCP-4", part=PlanPart.PROTOCOL, chapter="protocol")
UPDATE = Clause(id="PCCP-5", part=PlanPart.PROTOCOL, chapter="decision")
IMPACT = Clause(id="PCCP-6", part=PlanPart.IMPACT, chapter="impact")

CLAUSES = (PERMITTED, DATA_MANAGEMENT, RETRAINING, EVALUATION, UPDATE, IMPACT)


class UpdateKind(StrEnum):
    """How the NMPA guideline would class a change, as far as the record can tell."""

    FIRST = "first"
    DATA_DRIVEN = "data-driven"
    ALGORITHM_DRIVEN = "algorithm-driven"


def changed_features(model: ModelVersion, before: ModelVersion) -> tuple[str, ...]:
    """Return what a retraining must leave as it was (`PCCP-1`), and did not."""
    kept = ("architecture", "image_size", "findings")
    return tuple(name for name in kept if getattr(model, name) != getattr(before, name))


def update_kind(model: ModelVersion, before: ModelVersion | None) -> UpdateKind:
    """Class the change from `before`; a training without the registered set counts as algorithm-driven."""
    if before is None:
        return UpdateKind.FIRST
    alike = not changed_features(model, before) and model.lineage.within_protocol
    return UpdateKind.DATA_DRIVEN if alike else UpdateKind.ALGORITHM_DRIVEN


class Shift(StrEnum):
    """What the limits of a difference say at their own level, higher being better."""

    BETTER = "better"
    WORSE = "worse"
    NONE_SHOWN = "none-shown"


def shift(check: Mapping[str, object]) -> Shift | None:
    """Say whether a recorded difference is significant; None where its limits are not defined."""
    lower, upper = check.get("lower"), check.get("upper")
    if not isinstance(lower, int | float) or not isinstance(upper, int | float):
        return None
    if lower > 0:
        return Shift.BETTER
    return Shift.WORSE if upper < 0 else Shift.NONE_SHOWN
