"""A model card made from what is recorded: one HTML page that says what the model is, and what it is not."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from model_registry.evaluation import Evaluation
from model_registry.gate import Judgement
from model_registry.localisation import Localisation
from overread.domain.datasets import DatasetVersion, TestSet
from overread.domain.estimates import Estimate
from overread.domain.models import ModelVersion

TEMPLATE = "model_card.html"


@dataclass(frozen=True, kw_only=True)
class CardFacts:
    """Everything a card says; `backbone` is the sentence of `overread.learning.backbones`.

    `baseline` is the AUC of grey levels alone on the same studies; a card without it cannot be made. `notes`
    are plain sentences, such as how the splits were drawn. `localisation` is None where no study has a
    truth box, `int8` is the package's verdict on its graph in eight bits, None where it has none.
    """

    model: ModelVersion
    title: str
    backbone: str
    dataset: DatasetVersion
    test_set: TestSet
    evaluation: Evaluation
    baseline: Estimate
    code: str
    environment: dict[str, str]
    seed: int
    localisation: Localisation | None = None
    int8: Mapping[str, Any] | None = None
    judgement: Judgement | None = None
    notes: tuple[str, ...] = field(default_factory=tuple)


def model_card(facts: CardFacts) -> str:
    """Return the card as a self-contained HTML page."""
    return _pages().get_template(TEMPLATE).render(facts=facts, model=facts.model, shown=facts.evaluation)


def _pages() -> Environment:
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["limits"] = _limits
    pages.filters["share"] = _share
    return pages


def _limits(estimate: Estimate) -> str:
    """Return `0.912 (0.894 to 0.928)`, or a dash where the data do not define it."""
    if math.isnan(estimate.estimate):
        return "-"
    return f"{estimate.estimate:.3f} ({estimate.lower:.3f} to {estimate.upper:.3f})"


def _share(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.3f}"
