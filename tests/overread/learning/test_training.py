"""The loop learns, resumes exactly, and says what is wrong."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from overread.domain.errors import ConflictError, InputError
from overread.learning.checkpoints import TrainedModel, Weights
from overread.learning.data import LabelledStudy, labelled_set
from overread.learning.recipes import Recipe, read_recipe
from overread.learning.scoring import auc, score
from overread.learning.training import DivergedError, Progress, legs, train
from tests.overread.learning.toys import SIZE, toy_recipe, toy_studies


def same(first: Weights, second: Weights) -> bool:
    """Say whether two sets of weights are equal to the last bit."""
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def learned() -> TrainedModel:
    return train(toy_recipe(patches={"count": 3200, "side": 24, "batch": 32}), *toy_studies(160))


def test_it_learns_where_boxes_are(learned: TrainedModel) -> None:
    pictures, dataset = toy_studies(100, seed=9)
    scores = score(learned.network(), learned.contract, pictures).logits
    assert auc(dataset.labels[:, 0], scores[:, 0]) > 0.95
    assert auc(dataset.labels[:, 1], scores[:, 1]) > 0.95


def test_its_map_points_at_the_square(learned: TrainedModel) -> None:
    pictures, dataset = toy_studies(40, seed=10)
    network = learned.network()
    positives = np.flatnonzero(dataset.labels[:, 0] == 1)
    pixels = (torch.from_numpy(pictures[positives]).float()[:, None] - 90) / 25
    with torch.no_grad():
        maps = network(pixels).maps[:, 0]
    y, x = np.divmod(maps.flatten(1).argmax(dim=1).numpy(), maps.shape[-1])
    middle = (dataset.boxes[:, :2] + dataset.boxes[:, 2:]) / 2 * maps.shape[-1] - 0.5
    assert float((np.abs(middle - np.stack([x, y], axis=1)).max(axis=1) <= 1).mean()) > 0.8


def test_the_history_tells_of_each_leg(learned: TrainedModel) -> None:
    assert [leg["stage"] for leg in learned.history] == ["patches", "images", "images"]
    assert float(learned.history[-1]["loss"]) < float(learned.history[1]["loss"])


def test_the_same_recipe_gives_the_same_weights_and_another_seed_others() -> None:
    pictures, dataset = toy_studies(32)
    first, again, other = (train(toy_recipe(seed=seed), pictures, dataset).weights for seed in (1, 1, 2))
    assert same(first, again)
    assert not same(first, other)


def test_training_leaves_torchs_own_random_state_alone() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    train(toy_recipe(patches={}), *toy_studies(32))
    assert torch.equal(before, torch.random.get_rng_state())


def test_progress_is_told_at_each_step() -> None:
    told: list[Progress] = []
    train(toy_recipe(), *toy_studies(32), on_progress=told.append)
    assert [(p.done, p.of) for p in told if p.stage == "patches"] == [(step, 20) for step in range(1, 21)]
    assert [(p.done, p.of) for p in told if p.stage == "images"] == [(step, 4) for step in range(1, 5)]


@pytest.mark.parametrize("killed_after", [1, 20, 22, 24])
def test_a_stopped_training_ends_as_the_unbroken_one(tmp_path: Path, killed_after: int) -> None:
    pictures, dataset = toy_studies(32)
    recipe = toy_recipe()
    seen = 0

    def stop(_: Progress) -> None:
        nonlocal seen
        seen += 1
        if seen == killed_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(recipe, pictures, dataset, on_progress=stop, checkpoint_dir=tmp_path)
    resumed = train(recipe, pictures, dataset, checkpoint_dir=tmp_path)
    unbroken = train(recipe, pictures, dataset)
    assert same(resumed.weights, unbroken.weights)
    assert [leg["loss"] for leg in resumed.history] == [leg["loss"] for leg in unbroken.history]


KILLED = """
import os, signal
from pathlib import Path
from overread.learning.training import train
from tests.overread.learning.toys import toy_recipe, toy_studies
steps = []
def die(progress):
    steps.append(progress)
    if len(steps) == 23:
        os.kill(os.getpid(), signal.SIGKILL)
train(toy_recipe(), *toy_studies(32), on_progress=die, checkpoint_dir=Path(__import__("sys").argv[1]))
"""


def test_a_killed_process_is_resumed_exactly(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": str(torch.get_num_threads())}
    died = subprocess.run(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-c", KILLED, str(tmp_path)],
        env=environment,
        cwd=root,
        check=False,
        capture_output=True,
    )
    assert died.returncode == -9, died.stderr.decode()
    assert [path.name for path in tmp_path.iterdir()] == ["training.safetensors"]
    pictures, dataset = toy_studies(32)
    resumed = train(toy_recipe(), pictures, dataset, checkpoint_dir=tmp_path)
    assert same(resumed.weights, train(toy_recipe(), pictures, dataset).weights)


def test_a_finished_training_called_again_takes_no_step(tmp_path: Path) -> None:
    pictures, dataset = toy_studies(32)
    done = train(toy_recipe(), pictures, dataset, checkpoint_dir=tmp_path)
    told: list[Progress] = []
    again = train(toy_recipe(), pictures, dataset, on_progress=told.append, checkpoint_dir=tmp_path)
    assert told == []
    assert same(done.weights, again.weights)


def test_a_checkpoint_of_other_labels_is_refused(tmp_path: Path) -> None:
    pictures, dataset = toy_studies(32)
    train(toy_recipe(patches={}), pictures, dataset, checkpoint_dir=tmp_path)
    with pytest.raises(ConflictError, match="folder of its own"):
        train(
            toy_recipe(patches={}),
            pictures,
            replace(dataset, repeats=dataset.repeats * 2),
            checkpoint_dir=tmp_path,
        )


def test_fine_tuning_starts_from_the_given_weights(learned: TrainedModel) -> None:
    recipe = toy_recipe(patches={}, images={"passes": 1, "batch": 16, "rate": 1e-9})
    tuned = train(recipe, *toy_studies(32), learned.weights)
    for name, weight in learned.weights.items():
        if name.endswith("head.weight"):
            torch.testing.assert_close(tuned.weights[name], weight, atol=1e-5, rtol=0)


def test_half_precision_learns_too() -> None:
    model = train(
        toy_recipe(precision="bfloat16", patches={"count": 1600, "side": 24, "batch": 32}), *toy_studies(64)
    )
    assert all(weight.dtype in {torch.float32, torch.int64} for weight in model.weights.values())
    assert float(model.history[-1]["loss"]) < float(model.history[1]["loss"])


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_checkpoint(tmp_path: Path) -> None:
    recipe = toy_recipe(images={"passes": 4, "batch": 16, "rate": 1e18})
    with pytest.raises(DivergedError, match="lower the rate"):
        train(recipe, *toy_studies(32), checkpoint_dir=tmp_path)
    assert (tmp_path / "training.safetensors").exists()


def test_pictures_that_do_not_fit_and_a_single_class_are_refused() -> None:
    pictures, dataset = toy_studies(8)
    with pytest.raises(InputError, match="uint8"):
        train(toy_recipe(), pictures[:, :32], dataset)
    with pytest.raises(InputError, match="with and without"):
        train(toy_recipe(), pictures, labelled_set(dataset.columns, [LabelledStudy(any_finding=0)] * 8))


def test_legs_cover_every_step_once() -> None:
    _, dataset = toy_studies(100)
    recipe = toy_recipe(patches={"count": 40_000, "side": 24, "batch": 64})
    patches = [leg for leg in legs(recipe, dataset) if leg.stage == "patches"]
    assert [(leg.first, leg.last) for leg in patches] == [(0, 250), (250, 500), (500, 625)]
    assert [leg.number for leg in legs(recipe, dataset)] == list(range(5))


@pytest.mark.slow
def test_one_step_of_the_production_recipe() -> None:
    recipe: Recipe = read_recipe(Path(__file__).parents[3] / "configs" / "production.toml")
    recipe = replace(recipe, images=replace(recipe.images, passes=1, batch=2))
    model = train(recipe, *toy_studies(2, size=recipe.contract.size))
    assert np.isfinite(float(model.history[0]["loss"]))
    assert model.network()(torch.zeros(1, 3, SIZE, SIZE)).maps.shape == (1, 3, 2, 2)
