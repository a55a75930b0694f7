"""Training, from a recipe and labelled pictures to a model: patches first, then whole pictures."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from overread.domain.errors import ConfigurationError, InputError
from overread.learning.architectures import build
from overread.learning.checkpoints import TrainedModel, Weights
from overread.learning.data import Studies
from overread.learning.determinism import seeded
from overread.learning.distributed import current
from overread.learning.learner import Learner
from overread.learning.legs import legs
from overread.learning.lessons import Lessons
from overread.learning.progress import Progress
from overread.learning.recipes import Recipe
from overread.learning.resuming import Checkpoints
from overread.learning.underway import Underway

_SAMPLED = 16  # pictures that stand for all in a digest; they are too many to read again


def train(
    recipe: Recipe,
    studies: Studies,
    *,
    tuning: Studies | None = None,
    initial: Weights | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    checkpoints: Checkpoints | None = None,
) -> TrainedModel:
    """Train a network on labelled pictures, or go on from `initial` weights (then this is a fine-tuning).

    Inside `overread.learning.distributed.joined` this is one of several processes; all call it alike, and
    the first one keeps the checkpoints.

    Parameters
    ----------
    recipe : Recipe
        What to do.
    studies : Studies
        What to learn from.
    tuning : Studies, optional
        What a recipe with patience is measured by after each pass; nothing is learned from it.
    initial : dict of tensors, optional
        All weights of this architecture, such as production's.
    on_progress : callable, optional
        Called after each step.
    checkpoints : Checkpoints, optional
        Where it is kept how far this is, and found by a second call.

    Raises
    ------
    InputError
        Pictures, labels, initial weights and recipe do not fit together.
    ConfigurationError
        The recipe has patience, and there is no tuning set.
    EvidenceError
        The tuning set lacks a class.
    ConflictError
        The folder holds the checkpoint of another training.
    DivergedError
        The loss became infinite or no number.
    """
    measured = _measured(recipe, tuning)
    for given in (studies, *measured):
        _check(recipe, given)
    learner = _learner(recipe, studies, initial)
    lessons = Lessons(recipe, studies, learner.device, current())
    of = _digest(recipe, [studies, *measured], initial)
    run = Underway(learner, lessons, recipe, tuning=next(iter(measured), None), of=of)
    if checkpoints is not None:
        run.resume(checkpoints)
    for leg in legs(recipe, studies.labels)[run.leg :]:
        if not run.patience.over:
            run.walk(leg, on_progress)
    return TrainedModel(
        weights=run.weights(),
        architecture=recipe.architecture,
        width=recipe.width,
        columns=studies.labels.columns,
        contract=recipe.contract,
        history=tuple(run.history),
    )


def _learner(recipe: Recipe, studies: Studies, initial: Weights | None) -> Learner:
    outputs = len(studies.labels.columns)
    with seeded(recipe.seed):
        network = build(recipe.architecture, recipe.contract, outputs=outputs, width=recipe.width)
    if initial is not None:
        try:
            network.load_state_dict(initial)
        except RuntimeError as error:
            raise InputError(
                f"the initial weights do not fit {recipe.architecture} with {outputs} outputs; "
                f"train without them, or by their recipe: {error}"
            ) from error
    return Learner(network, recipe, torch.device(recipe.device), current())


def _measured(recipe: Recipe, tuning: Studies | None) -> list[Studies]:
    """Return the tuning set, if this recipe looks at it while it trains."""
    if not recipe.images.patience:
        return []
    if tuning is None:
        raise ConfigurationError(f"{recipe.name} has images.patience, which needs a tuning set; set it to 0")
    return [tuning]


def _check(recipe: Recipe, studies: Studies) -> None:
    size, (pictures, labels) = recipe.contract.size, studies
    if pictures.dtype != np.uint8 or pictures.shape != (len(labels), size, size):
        raise InputError(
            f"the recipe {recipe.name} and {len(labels)} studies need uint8 {(len(labels), size, size)} "
            f"pictures, not {pictures.dtype} {pictures.shape}; build the picture cache at contract.size"
        )
    first = labels.labels[labels.repeats > 0, 0]
    if not ((first == 0).any() and (first == 1).any()):
        raise InputError(
            "training and tuning need studies with and without findings; one of the two is missing"
        )


def _digest(recipe: Recipe, sets: Sequence[Studies], initial: Weights | None) -> str:
    """Return what a checkpoint must agree on; not on which device."""
    digest = hashlib.sha256(replace(recipe, device="").digest.encode())
    for pictures, known in sets:
        for part in (known.labels, known.boxes, known.box_studies, known.box_columns, known.weights):
            digest.update(part.tobytes())
        digest.update(known.repeats.tobytes())
        stride = max(1, len(pictures) // _SAMPLED)
        digest.update(np.ascontiguousarray(pictures[::stride]).tobytes())
    for name, tensor in sorted((initial or {}).items()):
        digest.update(name.encode() + tensor.numpy().tobytes())
    return digest.hexdigest()
