"""The loop learns, resumes exactly, and says what is wrong."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from overread.domain.errors import ConfigurationError, ConflictError, InputError
from overread.learning.checkpoints import TrainedModel, Weights, read_tensors
from overread.learning.data import LabelledStudy, Studies, labelled_set
from overread.learning.progress import Progress
from overread.learning.recipes import Recipe, read_recipe
from overread.learning.resuming import Checkpoints
from overread.learning.scoring import auc, score
from overread.learning.training import train
from overread.learning.underway import DivergedError
from tests.overread.learning.toys import SIZE, toy_recipe, toy_studies


def same(first: Weights, second: Weights) -> bool:
    """Say whether two sets of weights are equal to the last bit."""
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def learned() -> TrainedModel:
    return train(toy_recipe(patches={"count": 3200, "side": 24, "batch": 32}), toy_studies(160))


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
    first, again, other = (train(toy_recipe(seed=seed), toy_studies(32)).weights for seed in (1, 1, 2))
    assert same(first, again)
    assert not same(first, other)


def test_training_leaves_torchs_own_random_state_alone() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    train(toy_recipe(patches={}), toy_studies(32))
    assert torch.equal(before, torch.random.get_rng_state())


def test_progress_is_told_at_each_step() -> None:
    told: list[Progress] = []
    train(toy_recipe(), toy_studies(32), on_progress=told.append)
    assert [(p.done, p.of) for p in told if p.stage == "patches"] == [(step, 20) for step in range(1, 21)]
    assert [(p.done, p.of) for p in told if p.stage == "images"] == [(step, 4) for step in range(1, 5)]


def test_a_finished_training_called_again_takes_no_step(tmp_path: Path) -> None:
    studies, checkpoints = toy_studies(32), Checkpoints(folder=tmp_path)
    done = train(toy_recipe(), studies, checkpoints=checkpoints)
    told: list[Progress] = []
    again = train(toy_recipe(), studies, on_progress=told.append, checkpoints=checkpoints)
    assert told == []
    assert same(done.weights, again.weights)


def test_a_checkpoint_of_other_labels_is_refused(tmp_path: Path) -> None:
    pictures, dataset = toy_studies(32)
    checkpoints = Checkpoints(folder=tmp_path)
    train(toy_recipe(patches={}), Studies(pictures, dataset), checkpoints=checkpoints)
    others = Studies(pictures, replace(dataset, repeats=dataset.repeats * 2))
    with pytest.raises(ConflictError, match="folder of its own"):
        train(toy_recipe(patches={}), others, checkpoints=checkpoints)


def test_fine_tuning_starts_from_the_given_weights(learned: TrainedModel) -> None:
    recipe = toy_recipe(patches={}, images={"passes": 1, "batch": 16, "rate": 1e-9})
    tuned = train(recipe, toy_studies(32), initial=learned.weights)
    for name, weight in learned.weights.items():
        if name.endswith("head.weight"):
            torch.testing.assert_close(tuned.weights[name], weight, atol=1e-5, rtol=0)


def test_half_precision_learns_too() -> None:
    model = train(
        toy_recipe(precision="bfloat16", patches={"count": 1600, "side": 24, "batch": 32}), toy_studies(64)
    )
    assert all(weight.dtype in {torch.float32, torch.int64} for weight in model.weights.values())
    assert float(model.history[-1]["loss"]) < float(model.history[1]["loss"])


def test_a_loss_that_is_no_number_stops_and_names_the_last_good_checkpoint(tmp_path: Path) -> None:
    recipe = toy_recipe(images={"passes": 4, "batch": 16, "rate": 1e18})
    checkpoints = Checkpoints(folder=tmp_path, seconds=0)
    with pytest.raises(DivergedError, match=f"last good checkpoint is {checkpoints.path}; lower the rate"):
        train(recipe, toy_studies(32), checkpoints=checkpoints)
    weights, _ = read_tensors(checkpoints.path)
    assert all(bool(tensor.isfinite().all()) for tensor in weights.values())


def test_a_loss_that_is_no_number_before_any_checkpoint_says_so() -> None:
    recipe = toy_recipe(patches={}, images={"passes": 4, "batch": 16, "rate": 1e18})
    with pytest.raises(DivergedError, match="no checkpoint has been kept"):
        train(recipe, toy_studies(32))


def test_pictures_of_the_wrong_size_type_or_number_are_refused_with_the_remedy() -> None:
    pictures, dataset = toy_studies(8)
    wrongs: list[Any] = [pictures[:, :32], pictures.astype(np.float32), pictures[:7]]
    for wrong in wrongs:
        with pytest.raises(InputError, match=r"toy and 8 studies need uint8 .* build the picture cache"):
            train(toy_recipe(), Studies(wrong, dataset))


def test_a_split_without_one_class_is_refused() -> None:
    pictures, dataset = toy_studies(8)
    negative = Studies(pictures, labelled_set(dataset.columns, [LabelledStudy(any_finding=0)] * 8))
    patient = toy_recipe(images={"passes": 1, "batch": 8, "patience": 1})
    with pytest.raises(InputError, match="with and without"):
        train(toy_recipe(), negative)
    with pytest.raises(InputError, match="with and without"):
        train(patient, Studies(pictures, dataset), tuning=negative)


def test_a_batch_of_one_class_is_learned_like_any_other() -> None:
    recipe = toy_recipe(patches={}, images={"passes": 1, "batch": 1, "rate": 1e-3})
    model = train(recipe, toy_studies(4))
    assert all(bool(tensor.isfinite().all()) for tensor in model.weights.values())


def test_initial_weights_of_another_network_are_refused(learned: TrainedModel) -> None:
    with pytest.raises(InputError, match="initial weights do not fit resnet10-lse with 3 outputs"):
        train(toy_recipe(width=4), toy_studies(8), initial=learned.weights)


def test_patience_without_a_tuning_set_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="needs a tuning set"):
        train(toy_recipe(images={"passes": 1, "patience": 2}), toy_studies(8))


def test_it_stops_when_the_tuning_set_gets_no_better_and_keeps_the_best_weights() -> None:
    recipe = toy_recipe(patches={}, images={"passes": 9, "batch": 16, "rate": 5e-2, "patience": 2})
    tuning = toy_studies(40, seed=3)
    told: list[Progress] = []
    model = train(recipe, toy_studies(32), tuning=tuning, on_progress=told.append)
    measured = [float(leg["tuning_auc"]) for leg in model.history]
    best = int(np.argmax(measured))
    assert len(measured) == best + 3 < 9
    scores = score(model.network(), model.contract, tuning.pictures).logits[:, 0]
    assert auc(tuning.labels.labels[:, 0], scores) == pytest.approx(measured[best])
    assert told[0].tuning_auc is None
    assert told[-1].tuning_auc == measured[-2]


def test_the_average_of_the_weights_is_what_a_recipe_with_one_ends_with() -> None:
    plain, averaged = (train(toy_recipe(ema=ema), toy_studies(32)).weights for ema in (0.0, 0.9))
    assert not same(plain, averaged)
    torch.testing.assert_close(averaged["head.weight"], plain["head.weight"], atol=0.05, rtol=0)


@pytest.mark.slow
def test_one_step_of_the_production_recipe() -> None:
    recipe: Recipe = read_recipe(Path(__file__).parents[3] / "configs" / "production.toml")
    recipe = replace(recipe, images=replace(recipe.images, passes=1, batch=2))
    model = train(recipe, toy_studies(2, size=recipe.contract.size))
    assert np.isfinite(float(model.history[0]["loss"]))
    assert model.network()(torch.zeros(1, 3, SIZE, SIZE)).maps.shape == (1, 3, 2, 2)
