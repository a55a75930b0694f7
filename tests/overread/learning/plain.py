"""A training of a network without batch normalisation: there, parts of a batch add up to it exactly."""

import torch
from torch import Tensor, nn

from overread.learning.architectures import Network, Pooling, Reading
from overread.learning.checkpoints import Weights
from overread.learning.data import Studies
from overread.learning.determinism import seeded
from overread.learning.distributed import current
from overread.learning.learner import Learner
from overread.learning.legs import legs
from overread.learning.lessons import Lessons
from overread.learning.recipes import Recipe
from overread.learning.resuming import Checkpoints
from overread.learning.underway import Underway
from tests.overread.learning.toys import COLUMNS, toy_recipe

CPU = torch.device("cpu")


class Narrow(Network):
    """A network on a device that holds no more than so many pictures at a time; 0 is any number, -1 none."""

    def __init__(self, room: int = 0) -> None:
        body = nn.Sequential(nn.Conv2d(1, 8, 6, 4, 1), nn.ReLU(), nn.Conv2d(8, 8, 4, 4), nn.ReLU())
        super().__init__(body, features=8, outputs=len(COLUMNS), pooling=Pooling.LOG_SUM_EXP)
        self.room = room

    def forward(self, pixels: Tensor) -> Reading:
        if self.room and len(pixels) > max(self.room, 0):
            raise torch.OutOfMemoryError("no room")
        return super().forward(pixels)


def plain_recipe(**changes: object) -> Recipe:
    """Return a recipe of both stages with odd batches, so that shares are uneven."""
    stages = {
        "patches": {"count": 28, "side": 32, "batch": 7},
        "images": {"passes": 2, "batch": 11, "augment": {"degrees": 4.0, "gain": 0.1}},
    }
    return toy_recipe(**(stages | {"ema": 0.5} | changes))


def plain_learner(recipe: Recipe, room: int = 0) -> Learner:
    """Return a learner of the plain network."""
    with seeded(recipe.seed):
        return Learner(Narrow(room), recipe, CPU, current())


def plain_training(
    recipe: Recipe,
    studies: Studies,
    *,
    tuning: Studies | None = None,
    room: int = 0,
    checkpoints: Checkpoints | None = None,
) -> tuple[Weights, Underway]:
    """Train the plain network as `train` does one by name; return its weights, and how it went."""
    learner = plain_learner(recipe, room)
    run = Underway(learner, Lessons(recipe, studies, CPU, current()), recipe, tuning=tuning, of="plain")
    if checkpoints is not None:
        run.resume(checkpoints)
    for leg in legs(recipe, studies.labels)[run.leg :]:
        run.walk(leg, lambda _: None)
    return run.weights(), run
