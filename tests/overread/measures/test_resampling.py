"""Bootstrap limits against scipy, and what resampling patients means."""

import math
import time
import tracemalloc
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap

from overread.measures import auc, bca_limits, bootstrap_interval

counts = st.lists(st.integers(-50, 50), min_size=2, max_size=60)


def _skewed(n: int = 60) -> np.ndarray:
    return np.random.default_rng(4).exponential(size=n)


def test_bca_limits_are_scipy_s_on_the_same_replicates() -> None:
    values = _skewed()
    theirs = bootstrap((values,), np.mean, n_resamples=999, method="BCa", rng=np.random.default_rng(1))
    jackknife = [np.delete(values, i).mean() for i in range(values.size)]
    ours = bca_limits(float(values.mean()), theirs.bootstrap_distribution, jackknife)
    assert ours == pytest.approx(tuple(theirs.confidence_interval), abs=1e-10)


def test_bca_without_bias_and_acceleration_is_the_percentile_interval() -> None:
    replicates = np.arange(-500, 501) / 100
    assert bca_limits(0.0, replicates, [1.0, 1.0, 1.0], level=0.9) == pytest.approx(
        tuple(np.quantile(replicates, [0.05, 0.95]))
    )
    assert bca_limits(0.0, replicates, []) == bca_limits(0.0, replicates, [0.1, 0.1])


def test_bca_of_one_value_is_that_value_and_of_none_is_nan() -> None:
    assert bca_limits(0.3, [0.7] * 5, [0.1, 0.2]) == (0.7, 0.7)
    assert all(math.isnan(v) for v in bca_limits(0.3, [], [0.1, 0.2]))


def test_an_estimate_beyond_all_replicates_keeps_finite_limits() -> None:
    lower, upper = bca_limits(10.0, np.linspace(0, 1, 200), [0.0, 0.5, 1.0])
    assert 0 <= lower <= upper <= 1


@given(
    estimate=st.integers(-60, 60),
    replicates=counts,
    jackknife=st.lists(st.integers(-50, 50), max_size=20),
    level=st.floats(0.5, 0.99),
)
def test_bca_limits_lie_among_the_replicates_and_move_with_them(
    estimate: int, replicates: list[int], jackknife: list[int], level: float
) -> None:
    lower, upper = bca_limits(estimate, replicates, jackknife, level=level)
    assert min(replicates) <= lower <= upper <= max(replicates)
    moved = [[8 * v + 3 for v in values] for values in ([estimate], replicates, jackknife)]
    assert bca_limits(moved[0][0], moved[1], moved[2], level=level) == pytest.approx(
        (8 * lower + 3, 8 * upper + 3)
    )
    mirrored = bca_limits(-estimate, [-v for v in replicates], [-v for v in jackknife], level=level)
    assert mirrored == pytest.approx((-upper, -lower))


def _mean_difference(truth: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return float((a - b).mean())


def test_the_same_draw_serves_every_score() -> None:
    values = _skewed()
    shifted = bootstrap_interval(
        np.zeros(values.size), values, values - 0.25, statistic=_mean_difference, n_resamples=200, seed=3
    )
    assert (shifted.lower, shifted.upper) == pytest.approx((0.25, 0.25))


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_a_seed_repeats_and_the_limits_are_scipy_s_within_noise(
    method: Literal["bca", "percentile"],
) -> None:
    values = _skewed()

    def mean(truth: np.ndarray, score: np.ndarray) -> float:
        return float(score.mean())

    def run(seed: int) -> tuple[float, float]:
        result = bootstrap_interval(
            np.zeros(values.size), values, statistic=mean, method=method, n_resamples=4000, seed=seed
        )
        assert (result.method, result.n_resamples, result.n_clusters, result.n) == (method, 4000, 60, 60)
        return result.lower, result.upper

    theirs = bootstrap((values,), np.mean, n_resamples=4000, method=method, rng=np.random.default_rng(9))
    assert run(1) == run(1)
    assert run(1) != run(2)
    assert run(1) == pytest.approx(tuple(theirs.confidence_interval), abs=0.02)


def test_whole_patients_are_drawn() -> None:
    sizes: set[int] = set()

    def film_sum(truth: np.ndarray, score: np.ndarray) -> float:
        counts = np.unique(score, return_counts=True)[1]
        assert (counts % 3 == 0).all()
        sizes.add(score.size)
        return float(score.mean())

    score = np.repeat([0.1, 0.4, 0.7, 0.9], 3)
    result = bootstrap_interval(
        np.zeros(12),
        score,
        statistic=film_sum,
        cluster=np.repeat(["a", "b", "c", "d"], 3),
        n_resamples=50,
        seed=2,
    )
    assert result.n_clusters == 4
    assert sizes == {9, 12}  # the jackknife leaves out one patient; every draw has four


@given(
    films=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), min_size=1, max_size=20),
    method=st.sampled_from(["bca", "percentile"]),
)
def test_what_patients_are_called_does_not_matter(films: list[tuple[int, int]], method: str) -> None:
    patients, scores = zip(*films, strict=True)

    def run(names: list[object]) -> tuple[float, float]:
        result = bootstrap_interval(
            [0] * len(films), scores, statistic=_mean, cluster=names, method=method, n_resamples=20, seed=3
        )
        assert (result.n_clusters, result.n) == (len(set(patients)), len(films))
        return result.lower, result.upper

    assert run(list(patients)) == run([("patient", -p) for p in patients])


def _mean(truth: np.ndarray, score: np.ndarray) -> float:
    return float(score.mean())


def test_a_statistic_may_sort_what_it_is_given() -> None:
    def median(truth: np.ndarray, score: np.ndarray) -> float:
        score.sort()
        return float(score[score.size // 2])

    score = np.array([0.9, 0.1, 0.5, 0.3, 0.7])
    result = bootstrap_interval([0] * 5, score, statistic=median, n_resamples=50, seed=1)
    untouched = bootstrap_interval(
        [0] * 5, score, statistic=lambda _, s: median(_, s.copy()), n_resamples=50, seed=1
    )
    assert result == untouched
    assert score.tolist() == [0.9, 0.1, 0.5, 0.3, 0.7]


def test_the_jackknife_holds_one_set_of_patients_at_a_time() -> None:
    n = 2000  # all of them at once would be 32 MB
    tracemalloc.start()
    bootstrap_interval([0] * n, np.arange(n), statistic=_mean, n_resamples=2, seed=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6


def test_two_thousand_cases_take_less_than_ten_seconds_of_one_core() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 2000)
    start = time.process_time()
    result = bootstrap_interval(truth, rng.normal(size=2000) + truth, statistic=auc, seed=1)
    assert time.process_time() - start < 10
    assert (result.method, result.n_resamples, result.n_failed) == ("bca", 2000, 0)


def test_copies_of_films_do_not_narrow_clustered_limits() -> None:
    rng = np.random.default_rng(6)
    truth = rng.integers(0, 2, 50)
    score = rng.normal(size=50) + truth
    once = bootstrap_interval(truth, score, statistic=auc, n_resamples=300, seed=1)
    twice = bootstrap_interval(
        np.tile(truth, 2), np.tile(score, 2), statistic=auc, cluster=[*range(50)] * 2, n_resamples=300, seed=1
    )
    assert (twice.lower, twice.upper) == pytest.approx((once.lower, once.upper), abs=1e-12)


def test_undefined_draws_are_counted_and_left_out() -> None:
    result = bootstrap_interval([1, 0, 0, 0], [0.9, 0.1, 0.2, 0.95], statistic=auc, n_resamples=400, seed=5)
    assert 0 < result.n_failed < 400
    assert result.n_failed / 400 == pytest.approx(0.75**4 + 0.25**4, abs=0.08)
    assert not math.isnan(result.lower)
    never = bootstrap_interval([1, 1], [0.1, 0.2], statistic=auc, n_resamples=20, seed=5)
    assert never.n_failed == 20
    assert math.isnan(never.lower)
    assert math.isnan(never.estimate)


def test_no_rows_give_nothing() -> None:
    result = bootstrap_interval([], [], statistic=auc, seed=1)
    assert all(math.isnan(v) for v in (result.estimate, result.lower, result.upper))
    assert (result.n, result.n_clusters) == (0, 0)


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_bootstrap_limits_cover(method: str) -> None:
    rng, covered = np.random.default_rng(12), 0

    def rate(truth: np.ndarray) -> float:
        return float(truth.mean())

    for _ in range(120):
        truth = rng.random(80) < 0.3
        result = bootstrap_interval(truth, statistic=rate, method=method, n_resamples=250, seed=1)
        covered += result.lower <= 0.3 <= result.upper
    assert covered / 120 > 0.88
