"""The learning rate rises, falls, and depends on the step alone."""

import pytest

from overread.domain.errors import ConfigurationError
from overread.learning.schedule import one_cycle


def test_one_cycle_rises_to_the_peak_once_and_ends_near_zero() -> None:
    rates = [one_cycle(step, 400) for step in range(400)]
    top = rates.index(max(rates))
    assert rates[top] == pytest.approx(1)
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[0] == pytest.approx(1 / 25)
    assert rates[-1] < 0.01


def test_a_cycle_of_one_step_is_a_small_step() -> None:
    assert one_cycle(0, 1) == pytest.approx(1 / 25)


def test_a_step_outside_the_cycle_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        one_cycle(10, 10)
