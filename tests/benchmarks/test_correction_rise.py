"""The alert to more corrections keeps what it promises, in departments that are drawn."""

import numpy as np
from scipy import stats

from benchmarks.correction_rise import (
    FIRST,
    Department,
    alarmed_years,
    days_until_seen,
    quiet_rows,
    risen_rows,
)
from monitoring.rises import FALSE_ALARMS, ONE_LOOK, WEEK, Count, has_risen, is_higher

QUIET = Department(studies=100, readers=(0.03,))


def test_of_quiet_years_no_more_are_alarmed_than_is_promised() -> None:
    years = 30
    small = Department(studies=30, readers=(0.05,))
    alarmed = alarmed_years(QUIET, years=years, seed=20) + alarmed_years(small, years=years, seed=21)
    assert alarmed <= stats.binom.ppf(0.99, 2 * years, FALSE_ALARMS)


def test_a_doubled_rate_is_seen_within_two_weeks() -> None:
    seen = days_until_seen(Department(studies=200, readers=(0.05,)), 2.0, runs=30, seed=22)
    assert np.mean(seen <= 14) >= 0.9


def test_readers_who_take_turns_are_no_rise_and_would_be_one_of_chance_alone() -> None:
    rng, runs = np.random.default_rng(23), 150
    department = Department(studies=400, readers=(0.02, 0.04, 0.05, 0.09))
    by_chance, ours = 0, 0
    for _ in range(runs):
        days = department.days(FIRST, rng)
        recent, before = days[-WEEK:], days[:-WEEK]
        by_chance += is_higher(Count.of(recent), Count.of(before), alpha=ONE_LOOK)
        ours += has_risen(recent, before, alpha=ONE_LOOK) is True
    assert by_chance > stats.binom.ppf(0.9999, runs, ONE_LOOK)
    assert ours == 0


def test_the_tables_have_a_row_for_each_department() -> None:
    (quiet,) = quiet_rows([("quiet", QUIET)], years=1)
    (risen,) = risen_rows((10,), (3.0,), rate=0.05, runs=2)
    assert quiet.startswith("| quiet | 0.0% [0.0%, ")
    assert risen.count("%") == 3
