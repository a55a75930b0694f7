"""Did readers change with the model at hand? Readers and cases both vary, or the readers are just these."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from overread.domain.estimates import Estimate
from overread.measures.inputs import (
    Flags,
    Floats,
    checked_choice,
    checked_flags,
    checked_level,
    checked_scores,
)
from overread.measures.proportion import paired_difference
from overread.measures.results import (
    NAN,
    NormalTest,
    mean_difference_test,
    normal_quantile,
    normal_test,
    settled,
)
from overread.measures.roc import placements


@dataclass(frozen=True)
class ReaderStudy(Estimate):
    """Change of accuracy with the model at hand, by Obuchowski and Rockette, with its variance components."""

    standard_error: float
    df: float
    statistic: float
    p_value: float
    accuracies: tuple[tuple[float, ...], tuple[float, ...]]
    ms_treatment: float
    ms_reader: float
    ms_treatment_reader: float
    var: float
    cov1: float
    cov2: float
    cov3: float
    n_readers: int


@dataclass(frozen=True)
class ReaderChange(Estimate):
    """Change in the share of right decisions of these readers, and of each of them."""

    standard_error: float
    statistic: float
    p_value: float
    per_reader: tuple[Estimate, ...]


class MeanSquares(NamedTuple):
    """Analysis of variance of the accuracies; NaN for one reader, except the treatment's."""

    treatment: float
    reader: float
    interaction: float


class Covariances(NamedTuple):
    """Case covariances: own variance; same reader; same arm; neither."""

    var: float
    cov1: float
    cov2: float
    cov3: float


def obuchowski_rockette(
    y_true: ArrayLike,
    ratings: ArrayLike,
    *,
    readers: str = "random",
    metric: str = "auc",
    level: float = 0.95,
) -> ReaderStudy:
    """Compare readers aided and unaided, on the same cases.

    Parameters
    ----------
    y_true : (n_cases,) of 0 and 1
    ratings : (2, n_readers, n_cases)
        First unaided, then aided: any scale for "auc", 0/1 decisions for the others.
    readers : {"random", "fixed"}
        Generalise to other readers, or speak of these only.
    metric : {"auc", "sensitivity", "specificity"}
    level : float
        Two-sided, inside (0, 1).

    Returns
    -------
    ReaderStudy
        Method "or-random" or "or-fixed", aided less unaided; n is the cases of the classes used. With two
        readers the random-reader degrees of freedom are few: show the fixed-reader result beside it.

    References
    ----------
    Obuchowski NA, Rockette HE. Commun Stat Simul Comput 1995; 24: 285-308. Hillis SL. Stat Med 2007;
    26: 596-619.
    """
    checked_choice(readers, ("random", "fixed"), "readers")
    checked_choice(metric, ("auc", "sensitivity", "specificity"), "metric")
    checked_level(level)
    truth = checked_flags(y_true)
    read = checked_scores(ratings, "ratings", ndim=3)
    arms, n_readers, n_cases = read.shape
    if arms != 2 or n_readers == 0 or n_cases != truth.size:  # noqa: PLR2004 - unaided and aided
        raise ValueError(f"ratings must be (2, readers, {truth.size}), not {read.shape}")
    accuracies, values, n = _accuracies(truth, read, metric)
    covariance = np.sum([_covariance_of_mean(rows) for rows in values], axis=0)
    squares, parts = _mean_squares(accuracies), _components(covariance, n_readers)
    estimate = float(accuracies[1].mean() - accuracies[0].mean())
    changes = [rows[n_readers:] - rows[:n_readers] for rows in values]
    if readers == "random":
        df, test = _random_readers(estimate, squares.interaction, _shared(changes), n_readers, level)
    else:
        df, test = math.inf, _fixed_readers(estimate, changes, level)
    unaided, aided = (tuple(arm.tolist()) for arm in accuracies)
    return ReaderStudy(
        test.estimate, test.lower, test.upper, float(level), f"or-{readers}", n,
        test.standard_error, df, test.statistic, test.p_value,
        (unaided, aided), *squares, *parts, n_readers,
    )  # fmt: skip


def paired_reader_change(
    y_true: ArrayLike,
    before: ArrayLike,
    after: ArrayLike,
    *,
    metric: str = "sensitivity",
    level: float = 0.95,
) -> ReaderChange:
    """Change in the share of right decisions when the same readers read the same cases again.

    Parameters
    ----------
    y_true : (n_cases,) of 0 and 1
    before, after : (n_readers, n_cases) of 0 and 1
        Decisions unaided, then aided after a wash-out.
    metric : {"sensitivity", "specificity", "accuracy"}
    level : float
        Two-sided, inside (0, 1).

    Returns
    -------
    ReaderChange
        Method "fixed-reader", n is the cases of the class; `per_reader` holds Tango's limits of each reader.
    """
    checked_choice(metric, ("sensitivity", "specificity", "accuracy"), "metric")
    quantile = normal_quantile(checked_level(level))
    truth = checked_flags(y_true)
    first, second = checked_flags(before, "before", ndim=2), checked_flags(after, "after", ndim=2)
    if first.shape != second.shape or first.shape[0] == 0 or first.shape[1] != truth.size:
        raise ValueError(
            f"before {first.shape} and after {second.shape} must both be (readers, {truth.size})"
        )
    used = {"sensitivity": truth, "specificity": ~truth, "accuracy": np.ones_like(truth)}[metric]
    was, now = ((decisions == truth)[:, used] for decisions in (first, second))
    n = int(used.sum())
    test = mean_difference_test((now.astype(np.float64) - was).mean(axis=0), quantile)
    lower, upper = (test.lower, test.upper) if n else (-1.0, 1.0)
    per_reader = tuple(_reader_change(a, b, level) for a, b in zip(now, was, strict=True))
    return ReaderChange(
        test.estimate, lower, upper, float(level), "fixed-reader", n,
        test.standard_error, test.statistic, test.p_value, per_reader,
    )  # fmt: skip


def _reader_change(now: Flags, was: Flags, level: float) -> Estimate:
    cells = (now & was, now & ~was, ~now & was, ~now & ~was)
    return paired_difference(*(int(cell.sum()) for cell in cells), level=level)


def _accuracies(truth: Flags, read: Floats, metric: str) -> tuple[Floats, list[Floats], int]:
    """Return the (2, readers) accuracies, what each is the mean of, and how many cases that took.

    The values are (2 readers, cases) in the same order, one array for each class that is drawn by itself.
    """
    arms, n_readers, _ = read.shape
    rows = read.reshape(arms * n_readers, -1)
    if metric == "auc":
        if not truth.any() or truth.all():
            return np.full((arms, n_readers), NAN), [np.empty((len(rows), 0))], truth.size
        placed = [placements(truth, row) for row in rows]
        accuracies = np.array([p.area for p in placed])
        values = [np.array([p.positive for p in placed]), np.array([p.negative for p in placed])]
        return accuracies.reshape(arms, n_readers), values, truth.size
    decisions = checked_flags(rows, "ratings", ndim=2)
    used = truth if metric == "sensitivity" else ~truth
    right = (decisions == truth)[:, used].astype(np.float64)
    n = int(used.sum())
    accuracies = right.mean(axis=1) if n else np.full(len(rows), NAN)
    return accuracies.reshape(arms, n_readers), [right], n


def _covariance_of_mean(values: Floats) -> Floats:
    """Return the covariance of the row means over cases (ddof 1); NaN below two cases."""
    n = values.shape[1]
    if n < 2:  # noqa: PLR2004 - a sample covariance needs two
        return np.full((len(values), len(values)), NAN)
    centred = values - values.mean(axis=1, keepdims=True)
    return np.asarray(centred @ centred.T / (n - 1) / n)


def _mean_squares(accuracies: Floats) -> MeanSquares:
    n_readers = accuracies.shape[1]
    overall = accuracies.mean()
    by_arm, by_reader = accuracies.mean(axis=1), accuracies.mean(axis=0)
    treatment = float(n_readers * ((by_arm - overall) ** 2).sum())
    if n_readers == 1:
        return MeanSquares(treatment, NAN, NAN)
    residuals = accuracies - by_arm[:, None] - by_reader + overall
    free = n_readers - 1
    interaction = float((residuals**2).sum() / free)
    return MeanSquares(
        treatment,
        float(2 * ((by_reader - overall) ** 2).sum() / free),
        settled(interaction, float((accuracies**2).sum() / free)),
    )


def _components(covariance: Floats, n_readers: int) -> Covariances:
    """Average the covariance of the 2J accuracies by what two of them share."""
    blocks = covariance.reshape(2, n_readers, 2, n_readers)
    same_arm, other_arm = (blocks[0, :, 0] + blocks[1, :, 1]) / 2, blocks[0, :, 1]
    return Covariances(
        float(np.trace(same_arm)) / n_readers,
        float(np.trace(other_arm)) / n_readers,
        _off_diagonal(same_arm),
        _off_diagonal(other_arm),
    )


def _off_diagonal(block: Floats) -> float:
    """Return the mean over pairs of different readers; 0 for one reader."""
    n_readers = len(block)
    return float((block.sum() - np.trace(block)) / (n_readers * (n_readers - 1))) if n_readers > 1 else 0.0


def _shared(changes: list[Floats]) -> float:
    """Return cov2 - cov3, at least 0: half the mean covariance of two readers' changes.

    Taken from the changes, case by case, it is exactly 0 where nobody changes.
    """
    covariance = np.sum([_covariance_of_mean(change) for change in changes], axis=0)
    return settled(_off_diagonal(covariance) / 2, float(np.trace(covariance)))


def _random_readers(
    estimate: float, interaction: float, shared: float, n_readers: int, level: float
) -> tuple[float, NormalTest]:
    """Return Hillis' degrees of freedom and the t test that generalises to readers and cases."""
    denominator = interaction + n_readers * shared
    if math.isnan(denominator):
        return NAN, normal_test(estimate, NAN, NAN)
    if denominator == 0:
        return NAN, normal_test(estimate, 0.0, NAN)
    spread = interaction**2 / (n_readers - 1)
    df = denominator**2 / spread if spread > 0 else math.inf
    if math.isinf(df):
        return df, normal_test(estimate, 2 * denominator / n_readers, normal_quantile(level))
    test = normal_test(estimate, 2 * denominator / n_readers, float(scipy.stats.t.ppf((1 + level) / 2, df)))
    return df, test._replace(p_value=2 * float(scipy.stats.t.sf(abs(test.statistic), df)))


def _fixed_readers(estimate: float, changes: list[Floats], level: float) -> NormalTest:
    """Return the z test that speaks of these readers only.

    Its variance, 2/J (var - cov1 + (J - 1)(cov2 - cov3)), is that of the readers' mean change over cases.
    """
    means = [change.mean(axis=0, keepdims=True) for change in changes]
    variance = sum(float(_covariance_of_mean(mean)[0, 0]) for mean in means)
    positive_terms = sum(float((mean**2).sum()) / max(mean.size, 1) ** 2 for mean in means)
    return normal_test(estimate, settled(variance, positive_terms), normal_quantile(level))
