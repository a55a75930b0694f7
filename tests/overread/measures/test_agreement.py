"""Agreement against published tables, statsmodels, scikit-learn and the definitions."""

import math
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import (  # type: ignore[import-untyped]  # it has no types
    cohens_kappa,
)
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss

from overread.measures import cohen_kappa, fleiss_kappa, gwet_ac1, krippendorff_alpha

# Krippendorff K. Computing Krippendorff's alpha-reliability. 2011, example C: 4 observers, reads missing.
KRIPPENDORFF: list[list[float | None]] = [
    [1, 1, None, 1],
    [2, 2, 3, 2],
    [3, 3, 3, 3],
    [3, 3, 3, 3],
    [2, 2, 2, 2],
    [1, 2, 3, 4],
    [4, 4, 4, 4],
    [1, 1, 2, 1],
    [2, 2, 2, 2],
    [None, 5, 5, 5],
    [None, None, 1, 1],
    [None, None, 3, None],
]
tables = st.integers(2, 4).flatmap(
    lambda raters: st.lists(
        st.lists(st.integers(0, 3), min_size=raters, max_size=raters), min_size=2, max_size=25
    )
)


@pytest.mark.parametrize(("metric", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_krippendorff_s_published_alphas(metric: str, alpha: float) -> None:
    result = krippendorff_alpha(KRIPPENDORFF, metric=metric)
    assert round(result.estimate, 3) == alpha
    assert (result.method, result.n, result.n_raters) == (f"krippendorff-{metric}", 11, 4)


def test_gwet_s_published_standard_errors() -> None:
    # Gwet KL. Handbook of Inter-Rater Reliability, 4th ed. 2014: the same ratings.
    published: dict[Any, tuple[float, float, float]] = {
        fleiss_kappa: (0.76117, 0.15302, 0.42438),
        gwet_ac1: (0.77544, 0.14295, 0.46081),
        krippendorff_alpha: (0.74342, 0.14557, 0.41906),
    }
    for measure, numbers in published.items():
        result = measure(KRIPPENDORFF)
        ours = (result.estimate, result.standard_error, result.lower)
        assert tuple(round(v, 5) for v in ours) == numbers
        assert result.upper == 1.0
    assert fleiss_kappa(KRIPPENDORFF).n == gwet_ac1(KRIPPENDORFF).n == 12


def _alpha_by_pairs(rows: list[list[int]], metric: str) -> float:
    """Alpha from every ordered pair of values: observed over expected disagreement."""
    values = [v for row in rows for v in row]
    totals = {v: values.count(v) for v in set(values)}

    def distance(a: int, b: int) -> float:
        low, high = min(a, b), max(a, b)
        between = sum(count for v, count in totals.items() if low <= v <= high)
        ordinal = between - (totals[a] + totals[b]) / 2
        return {"nominal": float(a != b), "interval": float((a - b) ** 2), "ordinal": ordinal**2}[metric]

    observed = sum(distance(a, b) / (len(row) - 1) for row in rows for a, b in permutations(row, 2)) / len(
        values
    )
    expected = sum(distance(a, b) for a, b in permutations(values, 2)) / (len(values) * (len(values) - 1))
    return 1 - observed / expected if expected else math.nan


@settings(max_examples=60)
@given(rows=tables, metric=st.sampled_from(["nominal", "ordinal", "interval"]))
def test_alpha_is_one_less_observed_over_expected_disagreement(rows: list[list[int]], metric: str) -> None:
    ours = krippendorff_alpha(rows, metric=metric).estimate
    assert ours == pytest.approx(_alpha_by_pairs(rows, metric), abs=1e-9, nan_ok=True)


@settings(max_examples=60)
@given(rows=tables)
def test_fleiss_kappa_is_statsmodels_(rows: list[list[int]]) -> None:
    counts = np.eye(4)[np.array(rows)].sum(axis=1)
    if len({v for row in rows for v in row}) > 1:
        assert fleiss_kappa(rows).estimate == pytest.approx(statsmodels_fleiss(counts), abs=1e-9)


@settings(max_examples=40)
@given(rows=tables)
def test_the_order_of_raters_and_the_names_of_labels_do_not_matter(rows: list[list[int]]) -> None:
    renamed = [[f"label {9 - v}" for v in reversed(row)] for row in rows]
    for measure in (fleiss_kappa, gwet_ac1, krippendorff_alpha):
        here, there = measure(rows), measure(renamed)
        for field in ("estimate", "lower", "upper", "standard_error", "observed", "expected"):
            assert getattr(here, field) == pytest.approx(getattr(there, field), abs=1e-9, nan_ok=True)
        assert math.isnan(here.lower) or -1 <= here.lower <= here.upper <= 1


def test_ac1_of_two_raters_is_its_closed_form() -> None:
    rows = [[1, 1]] * 40 + [[1, 0]] * 9 + [[0, 1]] * 6 + [[0, 0]] * 45
    pi = (40 + 15 / 2) / 100
    chance = 2 * pi * (1 - pi)
    assert gwet_ac1(rows).estimate == pytest.approx((0.85 - chance) / (1 - chance))


@settings(max_examples=60)
@given(
    pairs=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=60),
    weights=st.sampled_from([None, "linear", "quadratic"]),
)
def test_cohen_s_kappa_and_its_error_are_those_of_two_libraries(
    pairs: list[tuple[int, int]], weights: str | None
) -> None:
    a, b = zip(*pairs, strict=True)
    ours = cohen_kappa(a, b, weights=weights, categories=range(4))
    if len({*a, *b}) == 1:
        assert math.isnan(ours.estimate)
        assert ours.expected == 1.0
        return
    assert ours.estimate == pytest.approx(
        cohen_kappa_score(a, b, labels=[0, 1, 2, 3], weights=weights), abs=1e-9
    )
    table = np.zeros((4, 4))
    np.add.at(table, (np.array(a), np.array(b)), 1)
    with np.errstate(all="ignore"):  # statsmodels divides by zero where one rater has one label
        theirs = cohens_kappa(table, wt=weights)
    if theirs.var_kappa > 1e-12:
        assert ours.standard_error == pytest.approx(theirs.std_kappa, rel=1e-6)
        assert ours.lower == pytest.approx(max(theirs.kappa_low, -1), abs=1e-9)
        assert ours.upper == pytest.approx(min(theirs.kappa_upp, 1), abs=1e-9)
    else:
        assert ours.standard_error == pytest.approx(0, abs=1e-6)


def test_the_published_kappa_of_two_diagnoses_and_its_variance() -> None:
    # Fleiss JL, Cohen J, Everitt BS. Psychol Bull 1969; 72: 323-327: 200 patients, three diagnoses.
    table = np.array([[106, 10, 4], [22, 28, 10], [2, 12, 6]])
    first, second = (np.repeat(labels.ravel(), table.ravel()) for labels in np.indices(table.shape))
    result = cohen_kappa(first, second)
    assert (round(result.estimate, 3), round(result.standard_error**2, 6)) == (0.429, 0.002885)


def test_the_published_kappa_of_six_psychiatrists() -> None:
    # Fleiss JL. Psychol Bull 1971; 76: 378-382: 30 patients, how many of six gave each of five diagnoses.
    votes = (
        "00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031 "
        "00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"
    )
    rows = [[label for label, count in enumerate(vote) for _ in range(int(count))] for vote in votes.split()]
    assert round(fleiss_kappa(rows).estimate, 3) == 0.430


def test_weights_need_the_order_of_the_labels() -> None:
    first, second = ["none", "mild", "severe", "mild"], ["mild", "mild", "severe", "none"]
    ordered = cohen_kappa(first, second, weights="linear", categories=["none", "mild", "severe"])
    coded = cohen_kappa([0, 1, 2, 1], [1, 1, 2, 0], weights="linear")
    assert (ordered.estimate, ordered.lower, ordered.upper) == (coded.estimate, coded.lower, coded.upper)
    assert ordered.estimate != cohen_kappa(first, second, weights="linear").estimate


def test_one_label_seen_by_all() -> None:
    rows = [["yes", "yes", "yes"]] * 5
    declared = gwet_ac1(rows, categories=["no", "yes"])
    assert (declared.estimate, declared.lower, declared.upper, declared.expected) == (1.0, 1.0, 1.0, 0.0)
    for result in (
        gwet_ac1(rows),
        fleiss_kappa(rows),
        fleiss_kappa(rows, categories=["no", "yes"]),
        krippendorff_alpha(rows),
        cohen_kappa(["yes"] * 5, ["yes"] * 5, categories=["no", "yes"]),
    ):
        assert all(
            math.isnan(v) for v in (result.estimate, result.lower, result.upper, result.standard_error)
        )
        assert result.n == 5


@pytest.mark.parametrize("n", range(2, 40))
def test_perfect_agreement_on_two_labels_is_exactly_one_without_width(n: int) -> None:
    given = [i % 2 for i in range(n)]
    rows = [[label, label, label if i % 5 else None] for i, label in enumerate(given)]
    for result in (
        cohen_kappa(given, given),
        fleiss_kappa(rows),
        gwet_ac1(rows),
        *(krippendorff_alpha(rows, metric=metric) for metric in ("nominal", "ordinal", "interval")),
    ):
        assert (result.estimate, result.lower, result.upper, result.standard_error) == (1.0, 1.0, 1.0, 0.0)


@pytest.mark.parametrize("unit", [1e-200, 1.0, 1e200])
def test_the_interval_metric_has_no_unit(unit: float) -> None:
    rows = [[unit, 2 * unit], [unit, unit], [3 * unit, 3 * unit]]
    result = krippendorff_alpha(rows, metric="interval")
    assert result.estimate == pytest.approx(_alpha_by_pairs([[1, 2], [1, 1], [3, 3]], "interval"))


def test_one_subject_has_an_estimate_without_limits() -> None:
    for result in (
        cohen_kappa([0], [1]),
        fleiss_kappa([[0, 1, 1]]),
        gwet_ac1([[0, 1, 1]]),
        krippendorff_alpha([[0, 1, 1]]),
    ):
        assert not math.isnan(result.estimate)
        assert all(math.isnan(v) for v in (result.standard_error, result.lower, result.upper))
        assert result.n == 1


@pytest.mark.parametrize("rows", [[], [[None, None]], [[None, math.nan], [1, None]]])
def test_nothing_to_compare_is_undefined(rows: list[list[float | None]]) -> None:
    for measure in (fleiss_kappa, gwet_ac1, krippendorff_alpha):
        assert math.isnan(measure(rows).estimate)
    assert math.isnan(cohen_kappa([], []).estimate)


def test_missing_reads_may_be_none_or_nan_in_any_table() -> None:
    as_nan = np.array(KRIPPENDORFF, dtype=float)
    for measure in (fleiss_kappa, gwet_ac1, krippendorff_alpha):
        assert measure(as_nan) == measure(pd.DataFrame(as_nan)) == measure(KRIPPENDORFF)
        assert measure(pd.DataFrame(as_nan).astype("Int64")) == measure(KRIPPENDORFF)  # pandas' NA


@pytest.mark.parametrize("measure", [fleiss_kappa, gwet_ac1])
def test_a_label_outside_the_categories_is_refused(measure: Any) -> None:
    with pytest.raises(ValueError, match="outside"):
        measure([[0, 1], [2, 1]], categories=[0, 1])
    with pytest.raises(ValueError, match="repeat"):
        measure([[0, 1]], categories=[0, 1, 1])


def test_malformed_ratings_are_refused() -> None:
    with pytest.raises(ValueError, match="length"):
        fleiss_kappa([[0, 1], [1]])
    with pytest.raises(ValueError, match="missing"):
        cohen_kappa([0, None], [0, 1])  # type: ignore[arg-type]  # a missing read, on purpose
    with pytest.raises(ValueError, match="lengths"):
        cohen_kappa([0, 1], [0])
    with pytest.raises(ValueError, match="outside"):
        cohen_kappa([0, 1], [0, 2], categories=[0, 1])
    with pytest.raises(ValueError, match="weights"):
        cohen_kappa([0], [0], weights="cubic")
    with pytest.raises(ValueError, match="numbers"):
        krippendorff_alpha([["a", "b"]], metric="interval")
    with pytest.raises(ValueError, match="metric"):
        krippendorff_alpha([[1, 2]], metric="ratio")
    mixed: list[list[str | float | None]] = [["a", 1]]
    with pytest.raises(ValueError, match="all strings"):
        fleiss_kappa(mixed)
    with pytest.raises(ValueError, match="finite"):
        fleiss_kappa([[math.inf, 1]])
    with pytest.raises(ValueError, match="sequence"):
        fleiss_kappa([1, 2])


def test_limits_of_kappa_and_ac1_cover() -> None:
    # Three raters copy a shared truth with chance 0.8, else guess: every coefficient is 0.8 squared.
    rng, covered = np.random.default_rng(3), np.zeros(3)
    for _ in range(300):
        truth = rng.random((60, 1)) < 0.5
        rows = np.where(rng.random((60, 3)) < 0.8, truth, rng.random((60, 3)) < 0.5).astype(int)
        limits = (fleiss_kappa(rows), gwet_ac1(rows), krippendorff_alpha(rows))
        covered += [e.lower <= 0.64 <= e.upper for e in limits]
    assert ((covered / 300 > 0.91) & (covered / 300 < 0.98)).all()
