"""A correction rate that has risen: the test, how readers differ, and the scanner behind a rise."""

import numpy as np
import pytest
from scipy import stats

from monitoring.rises import (
    ONE_LOOK,
    WEEK,
    Count,
    dispersion,
    has_risen,
    is_higher,
    scanner_behind,
    spread,
)

A, B, C = (("Acme", "One", station) for station in ("DX-1", "DX-2", "CR-4"))


@pytest.mark.parametrize("alpha", [0.05, ONE_LOOK])
@pytest.mark.parametrize("corrected", [3, 8, 12, 18, 30, 60])
def test_the_test_is_the_binomial_test_of_the_share_of_corrections(corrected: int, alpha: float) -> None:
    recent, before = Count(corrected, 200), Count(60, 1_000)
    share = stats.binomtest(corrected, corrected + 60, 200 / 1_200, alternative="greater")
    fisher = stats.fisher_exact(np.array([[corrected, 200 - corrected], [60, 940]]), alternative="greater")
    assert is_higher(recent, before, alpha=alpha) == (share.pvalue < alpha)
    assert not is_higher(recent, before, alpha=alpha) or fisher.pvalue < alpha  # never milder than Fisher's


def test_dispersion_is_pearsons_statistic_of_the_days_over_its_degrees_of_freedom() -> None:
    days = [Count(2, 40), Count(9, 45), Count(0, 0), Count(1, 38), Count(7, 50)]
    table = np.array([(day.corrected, day.answers - day.corrected) for day in days if day.answers])
    pearson = stats.chi2_contingency(table, correction=False)
    assert dispersion(days) == pytest.approx(pearson.statistic / pearson.dof)
    assert dispersion([Count(5, 100)] * 9) == 1  # never less than chance


def test_weeks_that_differ_count_where_days_do_not() -> None:
    rates = [1, 9, 1, 9, 1, 9]
    days = [Count(rate, 40) for rate in rates for _ in range(WEEK)]
    assert spread(days) == pytest.approx(dispersion([Count(rate * WEEK, 40 * WEEK) for rate in rates]))


@pytest.mark.parametrize(
    ("recent", "before"),
    [
        ([Count(7, 7)] * WEEK, [Count(1, 10)] * 84),
        ([Count(8, 10)] * WEEK, [Count(1, 10)] * 19),
        ([Count(8, 10)] * WEEK, [Count(1, 20)] * 21),
        ([Count(8, 10)] * WEEK, []),
    ],
)
def test_of_too_few_studies_or_weeks_nothing_is_said(recent: list[Count], before: list[Count]) -> None:
    assert has_risen(recent, before, alpha=ONE_LOOK) is None


def test_a_rise_is_put_down_to_the_scanner_that_alone_has_one() -> None:
    before = {A: Count(50, 1_000), B: Count(50, 1_000), C: Count(30, 600)}
    assert scanner_behind({A: Count(5, 100), B: Count(4, 100), C: Count(20, 100)}, before) == C
    assert scanner_behind({A: Count(18, 100), B: Count(17, 100), C: Count(20, 100)}, before) is None
    assert scanner_behind({A: Count(5, 100), B: Count(6, 100), C: Count(6, 100)}, before) is None


def test_a_scanner_that_was_hardly_there_before_is_not_named() -> None:
    before = {A: Count(50, 1_000), C: Count(1, 49)}
    assert scanner_behind({A: Count(5, 100), C: Count(40, 100)}, before) is None
    assert scanner_behind({C: Count(40, 100)}, {C: Count(30, 600)}) is None  # there is no other
