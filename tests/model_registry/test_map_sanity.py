"""New weights must destroy a map; a map that stays was not learned."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from model_registry.map_sanity import MapSanity, map_sanity, rank_correlation
from overread.domain.errors import InputError
from overread.learning.architectures import build
from overread.learning.checkpoints import TrainedModel
from overread.learning.data import Studies
from overread.learning.determinism import seeded
from overread.learning.training import train
from tests.overread.learning.toys import toy_recipe, toy_studies


@pytest.fixture(scope="module")
def learned() -> TrainedModel:
    with seeded(0):
        return train(toy_recipe(images={"passes": 0}), Studies(*toy_studies(32)))


def test_new_weights_destroy_the_map_of_a_trained_network(learned: TrainedModel) -> None:
    pictures, _ = toy_studies(32, seed=9)
    found = map_sanity(learned, pictures[1::2], seed=3)
    assert found.passed
    assert found.n == 16


def test_a_map_of_a_network_that_learned_nothing_fails(learned: TrainedModel) -> None:
    pictures, _ = toy_studies(32, seed=9)
    with seeded(3):
        drawn = build(
            learned.architecture, learned.contract, outputs=len(learned.columns), width=learned.width
        )
    unlearned = replace(learned, weights=dict(drawn.state_dict()))
    found = map_sanity(unlearned, pictures[1::2], seed=3)
    assert not found.passed
    assert found.likeness == pytest.approx(1)


def test_where_nothing_can_be_said_the_check_is_not_passed(learned: TrainedModel) -> None:
    assert not MapSanity(likeness=float("nan"), n=0).passed
    with pytest.raises(InputError):
        map_sanity(learned, np.zeros((0, 64, 64), np.uint8), seed=3)


def test_ranks_of_equal_values_are_shared_as_scipy_shares_them() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.integers(0, 4, (2, 6, 7))
    assert rank_correlation(first, second) == pytest.approx(
        spearmanr(first.ravel(), second.ravel()).statistic
    )
    assert np.isnan(rank_correlation(first, np.zeros((6, 7))))
