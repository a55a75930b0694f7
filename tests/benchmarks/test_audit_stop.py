"""The stop rule's run lengths: Wald's bounds for its first part, a Markov chain for its second."""

import math

import numpy as np
import pytest
from scipy.sparse import identity, lil_matrix
from scipy.sparse.linalg import spsolve

from benchmarks.audit_stop import audits_until_alarm, beginnings, rows_of
from overread.domain.lots import StopRule
from overread.settings.tasks import load_task

RULES = {name: load_task(name).audit.stop for name in ("cxr-binary", "demo")}
STEPS = 40  # of the chain for each fall of the sum


def average_run_length(rule: StopRule, rate: float) -> float:
    """Return the mean number of audits until the alarm, by Brook and Evans 1972 (Biometrika 59: 539-549).

    The sum falls by one amount without a miss and rises by another with one, so it is a Markov chain on a
    grid of falls; the expected steps to absorption solve (I - Q) m = 1, Q the chain below the threshold.
    """
    fall = math.log((1 - rule.p0) / (1 - rule.p1))
    rise = round(math.log(rule.p1 / rule.p0) / fall * STEPS)
    states = math.ceil(rule.threshold / fall * STEPS)
    chain = lil_matrix((states, states))
    for state in range(states):
        chain[state, max(state - STEPS, 0)] += 1 - rate
        if state + rise < states:
            chain[state, state + rise] += rate
    return float(spsolve((identity(states) - chain).tocsc(), np.ones(states))[0])


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("part", ["p0", "p1"])
def test_the_cumulative_sum_runs_as_long_as_the_markov_chain_says(name: str, part: str) -> None:
    rule = RULES[name]
    rate, runs = getattr(rule, part), 200 if part == "p0" else 500
    lengths = audits_until_alarm(rule, rate, runs=runs, seed=3)
    error = lengths.std(ddof=1) / math.sqrt(runs)
    assert abs(lengths.mean() - average_run_length(rule, rate)) < 3 * error


def test_the_shipped_rule_is_as_patient_and_as_quick_as_its_file_says() -> None:
    rule = RULES["cxr-binary"]
    assert average_run_length(rule, rule.p0) == pytest.approx(4500, rel=0.02)
    assert average_run_length(rule, rule.p1) == pytest.approx(97, rel=0.02)


@pytest.mark.parametrize("name", RULES)
def test_the_sequential_test_keeps_wald_s_bounds_on_both_errors(name: str) -> None:
    rule, runs = RULES[name], 2000
    for rate, wrong, bound in (
        (rule.p0, "accept-h1", rule.alpha / (1 - rule.beta)),
        (rule.p1, "accept-h0", rule.beta / (1 - rule.alpha)),
    ):
        said = [word for word, _ in beginnings(rule, rate, runs=runs, seed=5)]
        assert "continue" not in said
        assert said.count(wrong) / runs <= bound + 3 * math.sqrt(bound * (1 - bound) / runs)


def test_the_sequential_test_needs_as_many_audits_as_wald_expects() -> None:
    rule = RULES["cxr-binary"]
    upper, lower = math.log((1 - rule.beta) / rule.alpha), math.log(rule.beta / (1 - rule.alpha))
    for rate, reached in ((rule.p0, rule.alpha), (rule.p1, 1 - rule.beta)):
        drift = rate * math.log(rule.p1 / rule.p0) + (1 - rate) * math.log((1 - rule.p1) / (1 - rule.p0))
        expected = (reached * upper + (1 - reached) * lower) / drift
        mean = np.mean([after for _, after in beginnings(rule, rate, runs=1000, seed=6)])
        assert mean == pytest.approx(expected, rel=0.25)  # Wald neglects by how much a bound is passed


def test_a_row_tells_every_part_of_the_rule() -> None:
    (row,) = rows_of(RULES["demo"], [0.9], runs=20)
    assert row.startswith("| 90.0% | ")
    assert row.count("100.0% [83.9%, 100.0%]") == 2
