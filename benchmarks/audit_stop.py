"""Audits until the stop rule fires, where no more is missed than is tolerated, and where too much is.

    python -m benchmarks.audit_stop [TASK ...]

Each run audits studies one after another, each with a missed finding by the same chance. Prints the tables of
docs/explanation/audits.md for the rules in tasks/.
"""

import argparse
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitoring.stop_rule import judge
from overread.domain.lots import StopRule
from overread.measures import cusum, sprt, wilson
from overread.settings.tasks import load_task

RUNS = 2000
PER_DAY = 6
YEAR = 250 * PER_DAY
MOST = 100 * YEAR  # a cumulative sum without an alarm by then is an error, not a run length


def audits_until_alarm(rule: StopRule, rate: float, *, runs: int, seed: int) -> NDArray[np.int64]:
    """Return how many audits pass until the cumulative sum gives its alarm, (runs,)."""
    rng = np.random.default_rng(seed)
    return np.array([_until_alarm(rule, rate, rng) for _ in range(runs)])


def _until_alarm(rule: StopRule, rate: float, rng: np.random.Generator) -> int:
    """Draw on until there is an alarm, as many again each time, so that a short run costs little."""
    missed = rng.random(256) < rate
    while missed.size <= MOST:
        alarm = cusum(missed, p0=rule.p0, p1=rule.p1, threshold=rule.threshold).first_alarm
        if alarm is not None:
            return alarm + 1
        missed = np.concatenate([missed, rng.random(missed.size) < rate])
    raise ValueError(f"no alarm in {MOST} audits")


def beginnings(rule: StopRule, rate: float, *, runs: int, seed: int) -> list[tuple[str, int]]:
    """Return what the sequential test says in the end, and after how many audits, (runs,)."""
    rng = np.random.default_rng(seed)
    tests = (
        sprt(rng.random(YEAR) < rate, p0=rule.p0, p1=rule.p1, alpha=rule.alpha, beta=rule.beta)
        for _ in range(runs)
    )
    return [(test.decision, test.n_used) for test in tests]


def stopped_in_a_year(rule: StopRule, rate: float, *, runs: int, seed: int) -> int:
    """Return in how many runs either part of the rule fires within a year."""
    rng = np.random.default_rng(seed)
    return sum(judge((rng.random(YEAR) < rate).tolist(), rule).fired_by is not None for _ in range(runs))


def rows_of(rule: StopRule, rates: Sequence[float], *, runs: int) -> list[str]:
    """Return the table's rows, one a rate of missed findings."""
    rows = []
    for seed, rate in enumerate(rates):
        lengths = audits_until_alarm(rule, rate, runs=runs, seed=seed)
        error = lengths.std(ddof=1) / math.sqrt(runs)
        low, middle, high = np.quantile(lengths, (0.1, 0.5, 0.9))
        said = beginnings(rule, rate, runs=runs, seed=100 + seed)
        too_many = wilson(sum(word == "accept-h1" for word, _ in said), runs)
        stopped = wilson(stopped_in_a_year(rule, rate, runs=runs, seed=200 + seed), runs)
        cells = (
            f"{rate:.1%}",
            f"{lengths.mean():,.0f} ± {1.96 * error:,.0f}",
            f"{low:,.0f}, {middle:,.0f}, {high:,.0f}",
            f"{too_many.estimate:.1%} [{too_many.lower:.1%}, {too_many.upper:.1%}]",
            f"{np.mean([after for _, after in said]):,.0f}",
            f"{stopped.estimate:.1%} [{stopped.lower:.1%}, {stopped.upper:.1%}]",
        )
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def main() -> None:
    """Simulate the rules of the named tasks and print their tables."""
    parser = argparse.ArgumentParser(description="Run lengths of the stop rule on missed findings in audits.")
    parser.add_argument("tasks", nargs="*", default=["cxr-binary"], help="names in tasks/")
    parser.add_argument("--runs", type=int, default=RUNS)
    arguments = parser.parse_args()
    for task in arguments.tasks:
        rule = load_task(task).audit.stop
        rates = (rule.p0, (rule.p0 + rule.p1) / 2, rule.p1, rule.p0 + rule.p1)
        print(f"\n{task}: p0 {rule.p0:.0%}, p1 {rule.p1:.0%}, threshold {rule.threshold}\n")
        print("| missed | CUSUM: audits until its alarm | 10, 50, 90 % | SPRT: too many | audits | a year |")
        print("| --- | --- | --- | --- | --- | --- |")
        print("\n".join(rows_of(rule, rates, runs=arguments.runs)))


if __name__ == "__main__":
    main()
