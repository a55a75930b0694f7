"""The learning rate rises, falls, and depends on the step alone."""

import pytest
import torch

from overread.domain.errors import ConfigurationError
from overread.learning.schedule import Schedule, adamw, one_cycle, warm_cosine


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
    for schedule in Schedule:
        with pytest.raises(ConfigurationError):
            schedule.share(10, 10)


def test_the_cosine_warms_up_in_a_straight_line_and_falls_for_the_rest() -> None:
    rates = [warm_cosine(step, 400) for step in range(400)]
    assert rates[:20] == pytest.approx([(step + 1) / 20 for step in range(20)])
    assert rates[20:] == sorted(rates[20:], reverse=True)
    assert rates[20] == 1
    assert rates[210] == pytest.approx(0.5, abs=0.01)
    assert 0 < rates[-1] < 0.01


def test_a_schedule_is_named() -> None:
    assert Schedule("one-cycle").share(30, 100) == one_cycle(30, 100)
    assert Schedule("cosine").share(30, 100) == warm_cosine(30, 100)


def test_on_a_cpu_the_optimiser_is_not_fused() -> None:
    optimiser = adamw([torch.nn.Parameter(torch.ones(2))], rate=0.1, decay=0.0)
    assert (optimiser.defaults["fused"], optimiser.defaults["foreach"]) == (False, True)
