"""What a drift is attributed to, as the wire has it."""

from overread.domain.drift import Cause, DriftVerdict
from serving.api.shapes import Answer


class AttributionAnswer(Answer):
    """Columns whose drift one attribute of the studies accounts for; `same_as` cannot be told from it."""

    attribute: str
    cause: Cause
    columns: list[str]
    levels: list[str]
    n_current: int
    n_reference: int
    same_as: list[str]
    shown: bool


def attribution_answers(verdict: DriftVerdict) -> list[AttributionAnswer]:
    """Return the wire's shape of a verdict's attributions."""
    return [
        AttributionAnswer(
            attribute=found.attribute,
            cause=found.cause,
            columns=list(found.columns),
            levels=list(found.levels),
            n_current=found.n_current,
            n_reference=found.n_reference,
            same_as=list(found.same_as),
            shown=found.shown,
        )
        for found in verdict.attributions
    ]
