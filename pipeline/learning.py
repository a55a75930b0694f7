"""One training as its recipe says: from which weights, on which mix, and once more where findings fell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from feedback.datasets import DatasetRow
from overread.domain.identifiers import StudyUid
from overread.learning.backbones import starting_weights
from overread.learning.cache import Pictures
from overread.learning.checkpoints import TrainedModel, Weights
from overread.learning.data import Studies
from overread.learning.forgetting import fallen, sensitivity_by_finding
from overread.learning.hard_examples import repeated_where_hard
from overread.learning.mixing import Mix
from overread.learning.progress import Progress
from overread.learning.recipes import Recipe
from overread.learning.resuming import Checkpoints
from overread.learning.scoring import score
from overread.learning.training import train
from pipeline.labelling import training_set


@dataclass(frozen=True, kw_only=True, slots=True)
class Teaching:
    """What is to be learned, what it is measured by, and production's network, if there is one."""

    recipe: Recipe
    rows: Sequence[DatasetRow]
    gather: Callable[[Sequence[StudyUid]], Pictures]
    tuning: Studies
    parent: TrainedModel | None
    folder: Path

    @property
    def columns(self) -> tuple[str, ...]:
        """The outputs."""
        return self.tuning.labels.columns


def learned(teaching: Teaching, on_progress: Callable[[Progress], None]) -> TrainedModel:
    """Train, and once more from the same weights where the recipe asks for it and findings fell.

    Killed and called again, it goes on from the checkpoint of whichever training it was in.
    """
    mix = teaching.recipe.mix
    model = _trained(teaching, mix, teaching.folder, on_progress)
    if not mix.fallen_repeats or teaching.parent is None:
        return model
    falls = _falls(teaching, teaching.parent, model)
    if not falls:
        return model
    again = _trained(teaching, mix.replaying(falls), teaching.folder / "again", on_progress)
    return replace(again, history=(*model.history, {"stage": "fallen", **falls}, *again.history))


def _trained(
    teaching: Teaching, mix: Mix, folder: Path, on_progress: Callable[[Progress], None]
) -> TrainedModel:
    recipe, parent = teaching.recipe, teaching.parent
    keys, labels = training_set(teaching.rows, teaching.columns, mix, seed=recipe.seed)
    pictures = teaching.gather(keys)
    if mix.hard_share and parent is not None:
        logits = score(parent.network(), parent.contract, pictures).logits[:, 0]
        labels = repeated_where_hard(labels, logits, share=mix.hard_share, times=mix.hard_repeats)
    return train(
        recipe,
        Studies(pictures, labels),
        tuning=teaching.tuning,
        initial=_initial(teaching),
        on_progress=on_progress,
        checkpoints=Checkpoints(folder=folder),
    )


def _initial(teaching: Teaching) -> Weights | None:
    recipe, parent = teaching.recipe, teaching.parent
    if parent is None or recipe.fresh:
        return starting_weights(recipe, outputs=len(teaching.columns))
    return parent.weights


def _falls(teaching: Teaching, parent: TrainedModel, model: TrainedModel) -> dict[str, float]:
    """Return the findings that the tuning set says were forgotten, and by how much."""
    pictures, labels = teaching.tuning
    before, after = (
        sensitivity_by_finding(
            score(each.network(), each.contract, pictures).logits[:, 0],
            labels.labels,
            labels.columns,
            specificity=teaching.recipe.threshold.specificity,
        )
        for each in (parent, model)
    )
    return fallen(before, after, tolerance=teaching.recipe.mix.fallen_tolerance)
