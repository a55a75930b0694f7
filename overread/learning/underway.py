"""A training under way: it walks leg by leg, and can be left and taken up between any two steps.

All draws of a leg come from a generator made of (seed, leg), whose state a checkpoint keeps.
"""

import math
import time
from collections.abc import Callable

import numpy as np

from overread.domain.errors import OverreadError
from overread.learning.checkpoints import Weights
from overread.learning.data import Studies
from overread.learning.determinism import generator
from overread.learning.distributed import current
from overread.learning.learner import Learner
from overread.learning.legs import IMAGES, Leg
from overread.learning.lessons import Lesson, Lessons
from overread.learning.progress import Progress
from overread.learning.recipes import Recipe
from overread.learning.resuming import Checkpoints, Unfinished, optimiser_tensors
from overread.learning.scoring import auc, score
from overread.learning.stopping import Patience


class DivergedError(OverreadError):
    """The loss is no number any more; the last checkpoint is from before."""

    code = "training-diverged"


class Underway:
    """Who learns, from what, how far it is, and where that is kept."""

    def __init__(
        self, learner: Learner, lessons: Lessons, recipe: Recipe, *, tuning: Studies | None, of: str
    ) -> None:
        self._learner, self._lessons, self._recipe, self._of = learner, lessons, recipe, of
        self._tuning, self._group = tuning, current()
        self._checkpoints: Checkpoints | None = None
        self.patience = Patience(passes=recipe.images.patience)
        self._best: Weights = {}
        self.history: list[dict[str, float | str]] = []
        self.leg = 0
        self._begin_leg()

    def _begin_leg(self) -> None:
        self._losses: list[float] = []
        self._draws: dict[str, object] | None = None  # of the generator; None at the beginning of a leg
        self._cpu_seconds = 0.0

    def weights(self) -> Weights:
        """Return what is to be kept, the same in all processes: the best weights, or the latest."""
        return self._group.told(self._best or self._learner.weights())

    def walk(self, leg: Leg, tell: Callable[[Progress], None]) -> None:
        """Take the steps of one leg, or those that are left of it."""
        if leg.first == 0 and not self._losses:
            self._learner.begin_stage()
        rng = generator(self._recipe.seed, leg.number)
        order = self._lessons.order(leg, rng)[len(self._losses) :]
        if self._draws is not None:
            rng.bit_generator.state = self._draws
        self._learner.network.train()
        began = time.process_time() - self._cpu_seconds
        for lesson in self._lessons.of(leg, rng, order):
            self._take(leg, lesson)
            self._draws, self._cpu_seconds = dict(rng.bit_generator.state), time.process_time() - began
            tell(self._progress(leg))
            if self._checkpoints is not None and self._group.first and self._checkpoints.due():
                self._save(self._checkpoints)
        self._end(leg)

    def resume(self, checkpoints: Checkpoints) -> None:
        """Stand where the checkpoint was taken, if there is one, and keep new ones there."""
        self._checkpoints = checkpoints
        if self._group.first:
            checkpoints.clear_drafts()
        kept = checkpoints.load(of=self._of)
        self._group.wait()  # nobody overwrites what another still has to read
        if kept is None:
            return
        self._learner.restore(network=kept.network, optimiser=kept.optimiser, average=kept.average)
        self._learner.micro = kept.micro
        best = -math.inf if kept.best_auc is None else kept.best_auc
        self.patience = Patience(passes=self.patience.passes, best=best, waited=kept.waited)
        self._best, self.history, self.leg = kept.best, list(kept.history), kept.leg
        self._losses, self._cpu_seconds = list(kept.losses), kept.cpu_seconds
        self._draws = None if kept.draws is None else dict(kept.draws)

    def _take(self, leg: Leg, lesson: Lesson) -> None:
        step = leg.first + len(self._losses)
        loss = self._learner.gradients(lesson)
        if not math.isfinite(loss):
            raise self._diverged(f"the loss of step {step + 1} of {leg.stage} is {loss}")
        self._learner.step(step, leg.rate * self._recipe.schedule.share(step, leg.steps))
        self._losses.append(loss)

    def _progress(self, leg: Leg) -> Progress:
        measured = self.history[-1].get("tuning_auc") if self.history else None
        return Progress(
            stage=leg.stage,
            done=leg.first + len(self._losses),
            of=leg.steps,
            loss=self._losses[-1],
            tuning_auc=None if measured is None else float(measured),
        )

    def _end(self, leg: Leg) -> None:
        entry: dict[str, float | str] = {
            "stage": leg.stage,
            "loss": float(np.mean(self._losses)),
            "cpu_seconds": self._cpu_seconds,
        }
        if self._learner.micro is not None:
            entry["micro_batch"] = self._learner.micro
        if leg.stage == IMAGES and self._tuning is not None:
            entry["tuning_auc"] = self._measure(self._tuning)
        self.history.append(entry)
        self.leg = leg.number + 1
        self._begin_leg()
        if self._checkpoints is not None and self._group.first:
            self._save(self._checkpoints)

    def _measure(self, tuning: Studies) -> float:
        """Return the tuning AUC, and keep the weights where it is the best so far."""
        measured = math.nan
        if self._group.first:
            scores = score(self._learner.learned(), self._recipe.contract, tuning.pictures)
            measured = auc(tuning.labels.labels[:, 0], scores.logits[:, 0])
        measured = self._group.told(measured)
        self.patience = self.patience.after(measured)
        if self.patience.improved:
            self._best = self._learner.weights()
        return measured

    def _save(self, checkpoints: Checkpoints) -> None:
        network = dict(self._learner.network.state_dict())
        if not all(bool(tensor.isfinite().all()) for tensor in network.values()):
            raise self._diverged("a weight is no finite number")
        average = self._learner.average
        checkpoints.save(
            Unfinished(
                of=self._of,
                leg=self.leg,
                losses=tuple(self._losses),
                cpu_seconds=self._cpu_seconds,
                draws=self._draws,
                best_auc=self.patience.best if math.isfinite(self.patience.best) else None,
                waited=self.patience.waited,
                micro=self._learner.micro,
                history=tuple(self.history),
                network=network,
                optimiser=optimiser_tensors(self._learner.optimiser),
                average={} if average is None else average.weights,
                best=self._best,
            )
        )

    def _diverged(self, what: str) -> DivergedError:
        kept = self._checkpoints
        last = (
            f"the last good checkpoint is {kept.path}"
            if kept is not None and kept.path.exists()
            else "no checkpoint has been kept"
        )
        return DivergedError(f"{what}; {last}; lower the rate, or look at the latest studies")
