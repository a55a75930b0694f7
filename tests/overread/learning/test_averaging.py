"""The average follows the weights slowly, and its first steps count more."""

import pytest
import torch
from torch import nn

from overread.learning.averaging import Average


def a_layer(value: float) -> nn.BatchNorm1d:
    """Return a layer whose weight, running mean and counter are all of one value."""
    layer = nn.BatchNorm1d(1)
    layer.load_state_dict({name: torch.full_like(held, value) for name, held in layer.state_dict().items()})
    return layer


@pytest.mark.parametrize(("step", "kept"), [(0, 0.1), (8, 0.5), (10_000, 0.9)])
def test_the_share_kept_rises_to_the_decay(step: int, kept: float) -> None:
    average = Average(a_layer(0), 0.9)
    average.follow(a_layer(10), step)
    assert float(average.weights["weight"]) == pytest.approx(10 * (1 - kept))
    assert float(average.weights["running_mean"]) == pytest.approx(10 * (1 - kept))


def test_counters_are_the_latest_ones() -> None:
    average = Average(a_layer(0), 0.9)
    average.follow(a_layer(10), 5)
    assert int(average.weights["num_batches_tracked"]) == 10


def test_the_average_is_a_copy() -> None:
    layer = a_layer(1)
    average = Average(layer, 0.9)
    layer.load_state_dict(a_layer(5).state_dict())
    assert float(average.weights["weight"]) == 1


def test_a_kept_average_is_taken_up_again() -> None:
    average = Average(a_layer(0), 0.9)
    average.restore(a_layer(7).state_dict())
    assert float(average.weights["weight"]) == 7
