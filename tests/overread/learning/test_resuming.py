"""A training killed at any moment, taken up again, ends as one that nobody touched."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from overread.learning.checkpoints import TrainedModel, Weights
from overread.learning.data import Studies
from overread.learning.progress import Progress
from overread.learning.recipes import Recipe
from overread.learning.resuming import Checkpoints, optimiser_tensors, restore_optimiser
from overread.learning.schedule import adamw
from overread.learning.training import train
from tests.overread.learning.toys import toy_recipe, toy_studies

PATCHES, IN_PASS = 6, 2  # steps of the patch stage, and of each of four passes


def a_recipe() -> Recipe:
    """Return a recipe that has everything a checkpoint must remember."""
    images = {"passes": 4, "batch": 16, "patience": 2, "augment": {"degrees": 4.0, "gain": 0.1}}
    patches = {"count": 32 * PATCHES, "side": 24, "batch": 32}
    return toy_recipe(ema=0.9, patches=patches, images=images)


def every(steps: int, folder: Path) -> Checkpoints:
    """Return checkpoints that are due after so many steps: their clock ticks when it is asked."""
    ticks = iter(range(10_000))
    return Checkpoints(folder=folder, seconds=steps, clock=lambda: float(next(ticks)))


def same(first: Weights, second: Weights) -> bool:
    """Say whether two sets of weights are equal to the last bit."""
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def tuning() -> Studies:
    return toy_studies(24, seed=5)


@pytest.fixture(scope="module")
def unbroken(tuning: Studies) -> TrainedModel:
    return train(a_recipe(), toy_studies(32), tuning=tuning)


@pytest.mark.parametrize(
    ("killed_after", "interval"),
    [(1, 1), (4, 3), (6, 1), (6, 1000), (7, 1), (8, 3), (9, 1), (9, 1000), (11, 2), (12, 1)],
)
def test_a_stopped_training_ends_as_the_unbroken_one(
    tmp_path: Path, tuning: Studies, unbroken: TrainedModel, killed_after: int, interval: int
) -> None:
    told: list[Progress] = []

    def stop(progress: Progress) -> None:
        told.append(progress)
        if len(told) == killed_after:
            raise KeyboardInterrupt

    studies = toy_studies(32)
    with pytest.raises(KeyboardInterrupt):
        train(a_recipe(), studies, tuning=tuning, on_progress=stop, checkpoints=every(interval, tmp_path))
    steps: list[Progress] = []
    resumed = train(
        a_recipe(), studies, tuning=tuning, on_progress=steps.append, checkpoints=every(interval, tmp_path)
    )
    assert same(resumed.weights, unbroken.weights)
    for part in ("loss", "tuning_auc"):
        assert [leg.get(part) for leg in resumed.history] == [leg.get(part) for leg in unbroken.history]
    taken = sum(PATCHES if leg["stage"] == "patches" else IN_PASS for leg in unbroken.history)
    if interval == 1:
        assert len(steps) == taken - killed_after + 1  # only the step it was in is repeated


KILLED = """
import os, signal, sys
from pathlib import Path
from overread.learning.training import train
from tests.overread.learning.test_resuming import a_recipe, every
from tests.overread.learning.toys import toy_studies
moment, number = sys.argv[2], int(sys.argv[3])
seen = []
def die(*_):
    seen.append(1)
    if len(seen) == number:
        os.kill(os.getpid(), signal.SIGKILL)
if moment == "writing":  # a draft has been written, and does not stand in its place yet
    os.fsync = die
tell = die if moment == "stepping" else lambda _: None
train(
    a_recipe(), toy_studies(32), tuning=toy_studies(24, seed=5),
    on_progress=tell, checkpoints=every(3, Path(sys.argv[1])),
)
"""


@pytest.mark.parametrize(("moment", "number"), [("stepping", 9), ("writing", 4)])
def test_a_killed_process_is_resumed_exactly(
    tmp_path: Path, tuning: Studies, unbroken: TrainedModel, moment: str, number: int
) -> None:
    root = Path(__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": str(torch.get_num_threads())}
    died = subprocess.run(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-c", KILLED, str(tmp_path), moment, str(number)],
        env=environment,
        cwd=root,
        check=False,
        capture_output=True,
    )
    assert died.returncode == -9, died.stderr.decode()
    assert (tmp_path / "training.safetensors").exists()
    checkpoints = Checkpoints(folder=tmp_path)
    resumed = train(a_recipe(), toy_studies(32), tuning=tuning, checkpoints=checkpoints)
    assert same(resumed.weights, unbroken.weights)
    assert [path.name for path in tmp_path.iterdir()] == ["training.safetensors"]


def test_no_checkpoint_is_no_error(tmp_path: Path) -> None:
    assert Checkpoints(folder=tmp_path / "none").load(of="x") is None


def test_an_optimiser_goes_on_where_it_was() -> None:
    def stepped(optimiser: torch.optim.AdamW, weight: torch.nn.Parameter, steps: int) -> None:
        for step in range(steps):
            weight.grad = torch.full_like(weight, 1.0 + step)
            optimiser.step()

    first = torch.nn.Parameter(torch.ones(3))
    optimiser = adamw([first], rate=0.1, decay=0.01)
    stepped(optimiser, first, 3)
    second = torch.nn.Parameter(first.detach().clone())
    resumed = adamw([second], rate=0.1, decay=0.01)
    restore_optimiser(resumed, {name: value.clone() for name, value in optimiser_tensors(optimiser).items()})
    stepped(optimiser, first, 2)
    stepped(resumed, second, 2)
    assert torch.equal(first, second)
