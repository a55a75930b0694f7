"""Reader studies against published components, an analysis by loops, and simulation."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, ttest_1samp
from scipy.stats import t as student

from overread.measures import (
    ReaderStudy,
    auc,
    delong_test,
    obuchowski_rockette,
    paired_difference,
    paired_reader_change,
)
from overread.measures.reader_study import _mean_squares, _random_readers


def _study(
    seed: int = 1, readers: int = 4, cases: int = 60, gain: float = 0.3
) -> tuple[np.ndarray, np.ndarray]:
    """Readers of different skill, aided by `gain`, on cases of different difficulty."""
    rng = np.random.default_rng(seed)
    truth = np.arange(cases) % 2
    skill = rng.normal(1.2, 0.2, (1, readers, 1)) + np.array([0, gain])[:, None, None]
    signal = skill * truth + rng.normal(size=cases) * 0.7 + rng.normal(size=(2, readers, cases)) * 0.7
    return truth, signal


def test_the_inference_of_the_published_example() -> None:
    # Van Dyke's study, 5 readers, 114 cases: areas, mean squares and covariances as RJafroc and MRMCaov print
    # them, the test as Hillis SL. Stat Med 2007; 26: 596-619.
    before = (0.9196457, 0.8587762, 0.9038647, 0.9731079, 0.8297907)
    after = (0.9478261, 0.9053140, 0.9217391, 0.9993559, 0.9299517)
    squares = _mean_squares(np.array([before, after]))
    assert squares == pytest.approx((0.0047961705, 0.0038362000, 0.0005510306), rel=2e-6)
    change = float(np.mean(after) - np.mean(before))
    df, test = _random_readers(change, squares.interaction, 0.0003440748 - 0.0002390284, 5, 0.95)
    assert df == pytest.approx(15.25967, abs=1e-4)
    assert test.statistic**2 == pytest.approx(4.456319, abs=1e-5)
    assert test.p_value == pytest.approx(0.05166569, abs=1e-6)
    assert (test.lower, test.upper) == pytest.approx((-0.0004, 0.0880), abs=1e-4)


def _values(truth: np.ndarray, ratings: np.ndarray, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Accuracies and their covariance, from all pairs of cases."""
    rows = ratings.reshape(-1, truth.size)
    if metric == "auc":
        kernels = [(np.sign(r[truth == 1][:, None] - r[truth == 0][None, :]) + 1) / 2 for r in rows]
        m, n = kernels[0].shape
        covariance = (
            np.cov([k.mean(axis=1) for k in kernels]) / m + np.cov([k.mean(axis=0) for k in kernels]) / n
        )
        return np.array([k.mean() for k in kernels]), covariance
    right = rows[:, truth == 1] if metric == "sensitivity" else 1 - rows[:, truth == 0]
    return right.mean(axis=1), np.cov(right) / right.shape[1]


@pytest.mark.parametrize("metric", ["auc", "sensitivity", "specificity"])
@pytest.mark.parametrize("readers", [2, 5])
def test_the_analysis_is_that_of_plain_loops(metric: str, readers: int) -> None:
    truth, ratings = _study(readers=readers)
    if metric != "auc":
        ratings = (ratings > 0.6).astype(float)
    flat, covariance = _values(truth, ratings, metric)
    accuracy = flat.reshape(2, readers)
    index = list(product(range(2), range(readers)))
    groups: dict[tuple[bool, bool], list[float]] = {}
    for (p, (i, j)), (q, (k, r)) in product(enumerate(index), enumerate(index)):
        groups.setdefault((i == k, j == r), []).append(covariance[p, q])
    var, cov1, cov2, cov3 = (
        float(np.mean(groups[key])) for key in ((True, True), (False, True), (True, False), (False, False))
    )
    interaction = sum(
        (accuracy[i, j] - accuracy[i].mean() - accuracy[:, j].mean() + accuracy.mean()) ** 2 for i, j in index
    ) / (readers - 1)
    ours = obuchowski_rockette(truth, ratings, metric=metric)
    assert (ours.var, ours.cov1, ours.cov2, ours.cov3) == pytest.approx((var, cov1, cov2, cov3), abs=1e-12)
    assert ours.ms_treatment_reader == pytest.approx(interaction)
    difference = accuracy[1].mean() - accuracy[0].mean()
    assert ours.ms_treatment == pytest.approx(readers * difference**2 / 2)
    assert ours.ms_reader == pytest.approx(2 * accuracy.mean(axis=0).var(ddof=1))
    assert np.array(ours.accuracies) == pytest.approx(accuracy)

    denominator = interaction + max(readers * (cov2 - cov3), 0)
    df = denominator**2 / (interaction**2 / (readers - 1))
    error = math.sqrt(2 * denominator / readers)
    reach = student.ppf(0.975, df) * error
    assert (ours.estimate, ours.df, ours.standard_error) == pytest.approx((difference, df, error))
    assert (ours.lower, ours.upper) == pytest.approx((difference - reach, difference + reach))
    assert ours.p_value == pytest.approx(2 * student.sf(abs(difference) / error, df))

    fixed = obuchowski_rockette(truth, ratings, metric=metric, readers="fixed")
    contrast = np.repeat([-1, 1], readers) / readers
    assert fixed.standard_error == pytest.approx(math.sqrt(contrast @ covariance @ contrast))
    assert math.isinf(fixed.df)
    assert fixed.p_value == pytest.approx(2 * norm.sf(abs(fixed.statistic)))
    assert (ours.method, fixed.method, fixed.n_readers) == ("or-random", "or-fixed", readers)
    assert ours.n == (60 if metric == "auc" else 30)


def test_one_reader_is_a_delong_test_and_cannot_be_generalised() -> None:
    truth, ratings = _study(readers=1)
    fixed = obuchowski_rockette(truth, ratings, readers="fixed")
    delong = delong_test(truth, ratings[1, 0], ratings[0, 0])
    assert (fixed.estimate, fixed.standard_error) == pytest.approx((delong.estimate, delong.standard_error))
    assert (fixed.lower, fixed.upper) == pytest.approx((delong.lower, delong.upper))
    assert (fixed.cov2, fixed.cov3) == (0.0, 0.0)
    random = obuchowski_rockette(truth, ratings)
    assert random.estimate == fixed.estimate
    assert all(math.isnan(v) for v in (random.standard_error, random.df, random.lower, random.p_value))
    assert fixed.accuracies == ((auc(truth, ratings[0, 0]),), (auc(truth, ratings[1, 0]),))


@pytest.mark.parametrize("metric", ["auc", "sensitivity"])
@pytest.mark.parametrize("readers", ["random", "fixed"])
def test_readers_who_do_not_change_show_no_change_and_rounding_shows_none(readers: str, metric: str) -> None:
    truth = np.arange(60) % 2
    for seed in range(40):  # readers with nothing in common: their covariance is all rounding
        unaided = np.random.default_rng(seed).normal(size=(6, 60)) + truth
        twice = np.stack([unaided, unaided])
        ratings = {"auc": twice, "sensitivity": twice > 0.6}[metric]
        result = obuchowski_rockette(truth, ratings, readers=readers, metric=metric)
        assert (result.estimate, result.lower, result.upper) == (0.0, 0.0, 0.0)
        assert (result.standard_error, result.statistic, result.p_value) == (0.0, 0.0, 1.0)


def _numbers(study: ReaderStudy) -> list[float]:
    return [study.estimate, study.lower, study.upper, study.standard_error, study.df, study.p_value]


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    size=st.tuples(st.integers(2, 5), st.integers(6, 40)),
    readers=st.sampled_from(["random", "fixed"]),
    metric=st.sampled_from(["auc", "sensitivity", "specificity"]),
)
def test_names_of_readers_and_order_of_cases_do_not_matter_and_the_arms_only_turn_the_sign(
    seed: int, size: tuple[int, int], readers: str, metric: str
) -> None:
    truth, ratings = _study(seed, *size)
    ratings = np.round(ratings) if metric == "auc" else (ratings > 0.6).astype(float)
    here = obuchowski_rockette(truth, ratings, readers=readers, metric=metric)
    rng = np.random.default_rng(seed)
    cases, people = rng.permutation(size[1]), rng.permutation(size[0])
    there = obuchowski_rockette(truth[cases], ratings[:, people][:, :, cases], readers=readers, metric=metric)
    assert _numbers(there) == pytest.approx(_numbers(here), abs=1e-9, rel=1e-6, nan_ok=True)
    turned = obuchowski_rockette(truth, ratings[::-1], readers=readers, metric=metric)
    assert (-turned.estimate, -turned.upper, -turned.lower) == pytest.approx(
        (here.estimate, here.lower, here.upper), abs=1e-9, nan_ok=True
    )
    assert math.isnan(here.lower) or here.lower <= here.estimate <= here.upper


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    size=st.tuples(st.integers(1, 4), st.integers(2, 30)),
    metric=st.sampled_from(["sensitivity", "specificity", "accuracy"]),
)
def test_the_change_of_all_readers_is_the_mean_of_each_and_turns_with_time(
    seed: int, size: tuple[int, int], metric: str
) -> None:
    truth, ratings = _study(seed, *size)
    before, after = ratings > 0.6
    here = paired_reader_change(truth, before, after, metric=metric)
    turned = paired_reader_change(truth, after, before, metric=metric)
    assert here.estimate == pytest.approx(np.mean([one.estimate for one in here.per_reader]))
    assert (-turned.estimate, -turned.upper, -turned.lower) == pytest.approx(
        (here.estimate, here.lower, here.upper), abs=1e-12, nan_ok=True
    )


def test_equal_changes_of_all_readers_leave_infinite_degrees_of_freedom() -> None:
    df, test = _random_readers(0.05, 0.0, 3e-4 - 1e-4, 4, 0.95)
    assert math.isinf(df)
    assert test.statistic == pytest.approx(0.05 / math.sqrt(2 * 8e-4 / 4))
    assert test.p_value == pytest.approx(2 * norm.sf(test.statistic))


def test_a_missing_class_or_a_single_case_leaves_no_test() -> None:
    truth, ratings = [0] * 6, np.zeros((2, 2, 6))
    nothing = obuchowski_rockette(truth, ratings)
    assert math.isnan(nothing.estimate)
    assert math.isnan(nothing.p_value)
    for readers in ("random", "fixed"):
        sensitivity = obuchowski_rockette(truth, ratings, metric="sensitivity", readers=readers)
        assert math.isnan(sensitivity.estimate)
        assert sensitivity.n == 0
        single = obuchowski_rockette(
            [1, 0, 0], [[[0, 0, 0], [0, 1, 0]], [[1, 0, 0], [1, 0, 1]]], metric="sensitivity", readers=readers
        )
        assert single.estimate == 1.0
        assert all(math.isnan(v) for v in (single.standard_error, single.lower, single.p_value, single.var))


@pytest.mark.parametrize(
    "arguments",
    [
        {"ratings": np.zeros((3, 2, 4))},
        {"ratings": np.zeros((2, 0, 4))},
        {"ratings": np.zeros((2, 2, 5))},
        {"ratings": np.zeros((2, 4))},
        {"ratings": np.zeros((2, 2, 4)), "metric": "kappa"},
        {"ratings": np.zeros((2, 2, 4)), "readers": "some"},
        {"ratings": np.full((2, 2, 4), 0.5), "metric": "sensitivity"},
    ],
)
def test_a_malformed_study_is_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        obuchowski_rockette([0, 1, 0, 1], **arguments)  # type: ignore[arg-type]  # wrong on purpose


def test_random_readers_keep_their_error_rate() -> None:
    repeats = 400
    rejected = sum(obuchowski_rockette(*_study(seed=s, gain=0.0)).p_value < 0.05 for s in range(repeats))
    assert 0.02 < rejected / repeats < 0.08


@pytest.mark.parametrize("metric", ["sensitivity", "specificity", "accuracy"])
def test_a_paired_change_is_the_mean_over_readers_and_cases(metric: str) -> None:
    truth, ratings = _study(readers=2, gain=0.6)
    before, after = (ratings > 0.6).astype(int)
    used = {"sensitivity": truth == 1, "specificity": truth == 0, "accuracy": truth >= 0}[metric]
    was, now = ((decisions == truth)[:, used].astype(int) for decisions in (before, after))
    result = paired_reader_change(truth, before, after, metric=metric)
    per_case = (now - was).mean(axis=0)
    assert result.estimate == pytest.approx((now - was).mean())
    assert result.statistic == pytest.approx(ttest_1samp(per_case, 0).statistic)
    reach = norm.ppf(0.975) * per_case.std(ddof=1) / math.sqrt(per_case.size)
    assert (result.lower, result.upper) == pytest.approx((result.estimate - reach, result.estimate + reach))
    assert (result.method, result.n) == ("fixed-reader", int(used.sum()))
    for one, a, b in zip(result.per_reader, now, was, strict=True):
        cells = [int(((a == x) & (b == y)).sum()) for x, y in ((1, 1), (1, 0), (0, 1), (0, 0))]
        assert one == paired_difference(*cells)


def test_reader_changes_at_the_edges() -> None:
    same = paired_reader_change([1, 1, 0], [[1, 0, 0]], [[1, 0, 1]])
    assert (same.estimate, same.lower, same.upper, same.statistic, same.p_value) == (0.0, 0.0, 0.0, 0.0, 1.0)
    single = paired_reader_change([1, 0], [[0, 0]], [[1, 0]])
    assert single.estimate == 1.0
    assert math.isnan(single.lower)
    none = paired_reader_change([0, 0], [[0, 0]], [[1, 0]])
    assert math.isnan(none.estimate)
    assert (none.lower, none.upper, none.n) == (-1.0, 1.0, 0)
    with pytest.raises(ValueError, match="metric"):
        paired_reader_change([1], [[0]], [[1]], metric="auc")
    with pytest.raises(ValueError, match="both be"):
        paired_reader_change([1, 0], [[0, 1]], [[1]])
    with pytest.raises(ValueError, match="only 0 and 1"):
        paired_reader_change([1, 0], [[0, 0.5]], [[1, 0]])
