"""How many quiet years raise the alert to a risen correction rate, and how soon it sees a rise.

    python -m benchmarks.correction_rise [--years N]

Each run draws the days of a department, with fewer studies at weekends, and asks every night. Prints the
tables of docs/explanation/rising-corrections.md.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.rise_alerts import BEFORE
from monitoring.rises import LOOKS, ONE_LOOK, WEEK, Count, has_risen
from overread.measures import wilson

YEARS = 400
WEEKEND = 0.3  # of a weekday's studies
FIRST = BEFORE.days + WEEK  # days until the first look that sees twelve weeks before its own
SOON = (7, 14, 28)  # days


@dataclass(frozen=True, kw_only=True, slots=True)
class Department:
    """So many studies a weekday; each `shift` days one of the readers, drawn anew, reads them all."""

    studies: int
    readers: tuple[float, ...]  # the share that each corrects
    shift: int = 1

    def days(self, n: int, rng: np.random.Generator, *, factor: float = 1.0, since: int = 0) -> list[Count]:
        """Draw days; from day `since` on, readers correct `factor` times as much."""
        day = np.arange(n)
        answers = rng.poisson(np.where(day % WEEK < WEEK - 2, self.studies, WEEKEND * self.studies))
        rate = np.repeat(rng.choice(self.readers, -(-n // self.shift)), self.shift)[:n]
        corrected = rng.binomial(answers, np.where(day >= since, rate * factor, rate))
        return [Count(int(k), int(all_)) for k, all_ in zip(corrected, answers, strict=True)]


def nights_until_alarm(days: Sequence[Count]) -> int | None:
    """Return how many looks pass until one is an alarm, the first being the earliest that can be made."""
    for night, end in enumerate(range(FIRST, len(days) + 1)):
        if has_risen(days[end - WEEK : end], days[end - FIRST : end - WEEK], alpha=ONE_LOOK):
            return night
    return None


def alarmed_years(department: Department, *, years: int, seed: int) -> int:
    """Return in how many years, none of which has a rise, there is an alarm."""
    rng = np.random.default_rng(seed)
    lives = (department.days(FIRST + LOOKS - 1, rng) for _ in range(years))
    return sum(nights_until_alarm(days) is not None for days in lives)


def days_until_seen(department: Department, factor: float, *, runs: int, seed: int) -> NDArray[np.float64]:
    """Return after how many days of a rise it is seen, (runs,); infinite where it is not within `SOON`."""
    rng = np.random.default_rng(seed)
    n = FIRST + SOON[-1]
    lives = (department.days(n, rng, factor=factor, since=FIRST) for _ in range(runs))
    nights = [nights_until_alarm(days) for days in lives]
    return np.array([np.inf if night is None else night for night in nights])


def quiet_rows(departments: Sequence[tuple[str, Department]], *, years: int) -> list[str]:
    """Return the table of false alarms, one row a department."""
    rows = []
    for seed, (name, department) in enumerate(departments):
        share = wilson(alarmed_years(department, years=years, seed=seed), years)
        rows.append(f"| {name} | {share.estimate:.1%} [{share.lower:.1%}, {share.upper:.1%}] |")
    return rows


def risen_rows(sizes: Sequence[int], factors: Sequence[float], *, rate: float, runs: int) -> list[str]:
    """Return the table of rises that are seen in time, one row a size of the department."""
    rows = []
    for seed, size in enumerate(sizes):
        department = Department(studies=size, readers=(rate,))
        cells = []
        for factor in factors:
            seen = days_until_seen(department, factor, runs=runs, seed=seed)
            cells.append(", ".join(f"{(seen <= soon).mean():.0%}" for soon in SOON))
        rows.append(f"| {size} | {' | '.join(cells)} |")
    return rows


def main() -> None:
    """Simulate quiet years and rises, and print their tables."""
    parser = argparse.ArgumentParser(description="False alarms and delay of the alert to more corrections.")
    parser.add_argument("--years", type=int, default=YEARS)
    years = parser.parse_args().years
    one = [
        (f"{size} a day, {rate:.0%} corrected", Department(studies=size, readers=(rate,)))
        for size in (30, 100, 400)
        for rate in (0.02, 0.05, 0.2)
    ]
    unlike = (0.02, 0.03, 0.05, 0.05, 0.06, 0.09)
    several = [
        (
            f"{size} a day, readers correct 2 to 9 %, another one each {name}",
            Department(studies=size, readers=unlike, shift=shift),
        )
        for size in (30, 100, 400)
        for name, shift in (("day", 1), ("week", WEEK))
    ]
    print("| department | years with a false alarm |\n| --- | --- |")
    print("\n".join(quiet_rows([*one, *several], years=years)))
    factors = (1.5, 2.0, 3.0)
    print(f"\n| studies a day | {' | '.join(f'{factor:g} times' for factor in factors)} |")
    print(f"| --- |{' --- |' * len(factors)}")
    print("\n".join(risen_rows((10, 30, 100, 400), factors, rate=0.05, runs=years)))


if __name__ == "__main__":
    main()
