"""All draws at once give what one draw after the other gives."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.measures import auc, bootstrap_interval, counted_resampling
from overread.measures.counted_resampling import auc_bootstrap, mean_bootstrap
from overread.measures.resampling import Draws


def _films(n: int = 90) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return truth, scores with ties, and patients with one to five films."""
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 2, n)
    return truth, np.round(rng.normal(truth, 1.5), 1), rng.integers(0, n // 3, n)


@pytest.mark.parametrize("method", ["bca", "percentile"])
@pytest.mark.parametrize("clustered", [True, False])
def test_an_area_has_the_very_limits_of_one_draw_after_the_other(method: str, clustered: bool) -> None:
    truth, scores, patients = _films()
    cluster = patients if clustered else None
    slow = bootstrap_interval(
        truth, scores, statistic=auc, cluster=cluster, method=method, level=0.9, n_resamples=300, seed=7
    )
    draws = Draws(n_resamples=300, seed=7, level=0.9, method=method)
    assert auc_bootstrap(truth, scores, cluster=cluster, draws=draws) == slow


@settings(max_examples=40)
@given(
    films=st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 6)), min_size=1, max_size=25),
    method=st.sampled_from(["bca", "percentile"]),
)
def test_ties_few_films_and_a_missing_class_change_nothing(
    films: list[tuple[bool, int, int]], method: str
) -> None:
    truth, scores, patients = zip(*films, strict=True)
    slow = bootstrap_interval(
        truth, scores, statistic=auc, cluster=patients, method=method, n_resamples=15, seed=7
    )
    fast = auc_bootstrap(truth, scores, cluster=patients, draws=Draws(n_resamples=15, seed=7, method=method))
    assert repr(fast) == repr(slow)


def test_a_mean_has_the_limits_of_one_draw_after_the_other() -> None:
    truth, values, patients = _films()
    slow = bootstrap_interval(
        truth, values, statistic=lambda _, each: float(each.mean()), cluster=patients, n_resamples=300, seed=7
    )
    fast = mean_bootstrap(values, cluster=patients, draws=Draws(n_resamples=300, seed=7))
    assert (fast.estimate, fast.lower, fast.upper) == pytest.approx((slow.estimate, slow.lower, slow.upper))


def test_the_parts_in_which_draws_are_held_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, scores, patients = _films()
    draws = Draws(n_resamples=100, seed=1)
    whole = auc_bootstrap(truth, scores, cluster=patients, draws=draws)
    monkeypatch.setattr(counted_resampling, "_CELLS", 7 * len(truth))
    assert auc_bootstrap(truth, scores, cluster=patients, draws=draws) == whole


def test_draws_of_one_class_are_left_out_and_counted() -> None:
    few = auc_bootstrap([1, 0, 0], [0.4, 0.2, 0.6], draws=Draws(n_resamples=200, seed=1))
    assert few.estimate == 0.5
    assert 0 < few.n_failed < 200


def test_no_film_has_no_limits() -> None:
    nothing = auc_bootstrap([], [], draws=Draws(seed=1))
    assert (nothing.n, nothing.n_clusters, nothing.n_failed) == (0, 0, 0)
    assert all(math.isnan(each) for each in (nothing.estimate, nothing.lower, nothing.upper))


@pytest.mark.parametrize("wrong", [{"n_resamples": 0}, {"level": 1.0}, {"method": "basic"}])
def test_draws_that_give_no_limits_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Draws(**{"seed": 1, **wrong})  # type: ignore[arg-type]  # wrong on purpose
