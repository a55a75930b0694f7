"""How far readers agree beyond chance, with limits: two readers, or several with reads missing."""

import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from overread.domain.estimates import Estimate
from overread.measures.inputs import Floats, checked_choice, checked_level, is_missing, listed
from overread.measures.results import NAN, clipped, normal_quantile, settled

Label = str | float


@dataclass(frozen=True)
class PairAgreement(Estimate):
    """Chance-corrected agreement of two readers."""

    standard_error: float
    observed: float
    expected: float


@dataclass(frozen=True)
class GroupAgreement(PairAgreement):
    """Chance-corrected agreement of several readers."""

    n_raters: int


class Ratings(NamedTuple):
    """How many raters gave each subject each label; `counts` is (n_subjects, n_labels)."""

    counts: Floats
    labels: list[Label]
    n_raters: int


def cohen_kappa(
    rater_a: ArrayLike | Sequence[Label],
    rater_b: ArrayLike | Sequence[Label],
    *,
    weights: str | None = None,
    categories: Sequence[Label] | None = None,
    level: float = 0.95,
) -> PairAgreement:
    """Cohen's kappa of two readers, weighted or not.

    Parameters
    ----------
    rater_a, rater_b : (n,)
        Strings or numbers; a missing read is an error.
    weights : {None, "linear", "quadratic"}
        How much a near miss counts as agreement.
    categories : sequence, optional
        All labels in order; by default those seen, sorted.
    level : float
        Two-sided, inside (0, 1).

    Returns
    -------
    PairAgreement
        Method "cohen", limits kept in [-1, 1]; NaN where chance alone would agree always.

    References
    ----------
    Cohen J. Educ Psychol Meas 1960; 20: 37-46. Cohen J. Psychol Bull 1968; 70: 213-220. Fleiss JL, Cohen J,
    Everitt BS. Psychol Bull 1969; 72: 323-327.
    """
    if weights is not None:
        checked_choice(weights, ("linear", "quadratic"), "weights")
    first, second = _complete_row(rater_a), _complete_row(rater_b)
    if len(first) != len(second):
        raise ValueError(f"lengths differ: {len(first)} and {len(second)}")
    quantile, n = normal_quantile(checked_level(level)), len(first)
    labels = _vocabulary([*first, *second], categories)
    if n == 0:
        return PairAgreement(NAN, NAN, NAN, float(level), "cohen", 0, NAN, NAN, NAN)
    place = {label: i for i, label in enumerate(labels)}
    table = np.zeros((len(labels), len(labels)))
    np.add.at(table, ([place[label] for label in first], [place[label] for label in second]), 1)
    table /= n
    w = _near_misses(len(labels), weights)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    observed, expected = float((w * table).sum()), float(rows @ w @ columns)
    if len({*first, *second}) == 1:
        return PairAgreement(NAN, NAN, NAN, float(level), "cohen", n, NAN, observed, expected)
    kappa = (observed - expected) / (1 - expected)
    mean_weights = (w @ columns)[:, None] + (rows @ w)[None, :]
    squares = float((table * (w - mean_weights * (1 - kappa)) ** 2).sum())
    subtracted = (kappa - expected * (1 - kappa)) ** 2
    variance = (
        settled(squares - subtracted, squares + subtracted) / (n * (1 - expected) ** 2) if n > 1 else NAN
    )
    error = math.sqrt(variance)
    lower, upper = _within_one(kappa, quantile * error)
    return PairAgreement(kappa, lower, upper, float(level), "cohen", n, error, observed, expected)


def fleiss_kappa(
    ratings: ArrayLike | Sequence[Sequence[Label | None]],
    *,
    categories: Sequence[Label] | None = None,
    level: float = 0.95,
) -> GroupAgreement:
    """Fleiss' kappa of several readers, with limits that hold away from kappa 0.

    Parameters
    ----------
    ratings : (n_subjects, n_raters)
        Strings or numbers; None or NaN where a rater did not read.
    categories : sequence, optional
        All labels; by default those seen.
    level : float
        Two-sided, inside (0, 1).

    Returns
    -------
    GroupAgreement
        Method "fleiss", n is the subjects with a rating; NaN where chance alone would agree always. With
        reads missing it may fall below -1, where the limits end.

    References
    ----------
    Fleiss JL. Psychol Bull 1971; 76: 378-382. Gwet KL. Handbook of Inter-Rater Reliability, 4th ed. 2014.
    """
    read = _read(ratings, categories)
    shares = _shares_of_labels(read.counts)
    pi = shares.mean(axis=0) if len(shares) else np.zeros(len(read.labels))
    return _chance_corrected(read, float((pi**2).sum()), shares @ pi, "fleiss", checked_level(level))


def gwet_ac1(
    ratings: ArrayLike | Sequence[Sequence[Label | None]],
    *,
    categories: Sequence[Label] | None = None,
    level: float = 0.95,
) -> GroupAgreement:
    """Gwet's AC1 of several readers: stays meaningful where one label is rare.

    Parameters
    ----------
    ratings : (n_subjects, n_raters)
        Strings or numbers; None or NaN where a rater did not read.
    categories : sequence, optional
        All labels; by default those seen, which understates chance agreement where one was never used.
    level : float
        Two-sided, inside (0, 1).

    Returns
    -------
    GroupAgreement
        Method "gwet-ac1", n is the subjects with a rating; NaN with a single label.

    References
    ----------
    Gwet KL. Br J Math Stat Psychol 2008; 61: 29-48. Gwet KL. Handbook of Inter-Rater Reliability,
    4th ed. 2014.
    """
    read = _read(ratings, categories)
    shares, others = _shares_of_labels(read.counts), max(len(read.labels) - 1, 1)
    pi = shares.mean(axis=0) if len(shares) else np.zeros(len(read.labels))
    expected = float((pi * (1 - pi)).sum()) / others
    return _chance_corrected(read, expected, shares @ (1 - pi) / others, "gwet-ac1", checked_level(level))


def krippendorff_alpha(
    ratings: ArrayLike | Sequence[Sequence[Label | None]], *, metric: str = "nominal", level: float = 0.95
) -> GroupAgreement:
    """Krippendorff's alpha of several readers.

    Parameters
    ----------
    ratings : (n_subjects, n_raters)
        Strings or numbers (numbers for "interval"); None or NaN where a rater did not read.
    metric : {"nominal", "ordinal", "interval"}
        How far apart two labels are.
    level : float
        Two-sided, inside (0, 1).

    Returns
    -------
    GroupAgreement
        Method "krippendorff-" and the metric, n is the subjects with two reads or more; NaN with one label.

    References
    ----------
    Krippendorff K. Computing Krippendorff's alpha-reliability. 2011. Gwet KL. Handbook of Inter-Rater
    Reliability, 4th ed. 2014.
    """
    method = f"krippendorff-{checked_choice(metric, ('nominal', 'ordinal', 'interval'), 'metric')}"
    read = _read(ratings, None)
    checked_level(level)
    if metric == "interval" and any(isinstance(label, str) for label in read.labels):
        raise ValueError("the interval metric needs numbers")
    counts = read.counts[read.counts.sum(axis=1) >= 2]  # noqa: PLR2004 - a pair
    used = counts.sum(axis=0) > 0
    counts, labels = counts[:, used], [label for label, kept in zip(read.labels, used, strict=True) if kept]
    n = len(counts)
    if len(labels) < 2:  # noqa: PLR2004 - nothing to disagree on
        seen = 1.0 if n else NAN
        return GroupAgreement(NAN, NAN, NAN, float(level), method, n, NAN, seen, seen, read.n_raters)
    w = _closeness(labels, counts.sum(axis=0), metric)
    r = counts.sum(axis=1)
    n_reads, mean_r = float(r.sum()), float(r.mean())
    alike = (counts * (counts @ w - 1)).sum(axis=1) / (r - 1)
    within = float(alike.sum()) / n_reads
    observed = within + (1 - within) / n_reads  # exactly 1 where all agree
    agreed = alike / mean_r
    pi = (counts / mean_r).mean(axis=0)
    expected = float(pi @ w @ pi)
    alpha, uncorrected = (observed - expected) / (1 - expected), (within - expected) / (1 - expected)
    excess = (r - mean_r) / mean_r
    chance = counts @ w @ pi / mean_r
    terms = (agreed - observed * excess - expected) - 2 * (1 - uncorrected) * (
        chance - expected * excess - expected
    )
    error, reach = _student_reach(terms / (1 - expected), uncorrected, float(level))
    lower, upper = _within_one(alpha, reach)
    return GroupAgreement(
        alpha, lower, upper, float(level), method, n, error, observed, expected, read.n_raters
    )


def _chance_corrected(
    read: Ratings, expected: float, chance: Floats, method: str, level: float
) -> GroupAgreement:
    """Return agreement beyond chance with Gwet's variance; `chance` is each subject's term of `expected`."""
    r = read.counts.sum(axis=1)
    rated, counts = r > 0, read.counts
    r, counts = r[rated], counts[rated]
    n, paired = len(r), r >= 2  # noqa: PLR2004 - a pair
    n2 = int(paired.sum())
    if n2 == 0:
        known = expected if n else NAN
        return GroupAgreement(NAN, NAN, NAN, level, method, n, NAN, NAN, known, read.n_raters)
    agreed = (counts * (counts - 1)).sum(axis=1) / np.where(paired, r * (r - 1), 1)
    observed = float(agreed.sum() / n2)
    if len(read.labels) == 1 or expected == 1:
        return GroupAgreement(NAN, NAN, NAN, level, method, n, NAN, observed, expected, read.n_raters)
    kappa = (observed - expected) / (1 - expected)
    terms = (n / n2) * (agreed - expected * paired) - 2 * (1 - kappa) * (chance - expected)
    error, reach = _student_reach(terms / (1 - expected), kappa, level)
    lower, upper = _within_one(kappa, reach)
    return GroupAgreement(kappa, lower, upper, level, method, n, error, observed, expected, read.n_raters)


def _student_reach(terms: Floats, centre: float, level: float) -> tuple[float, float]:
    """Return the standard error of a mean of linearised terms, and t times it; NaN for one subject."""
    n = terms.size
    if n == 1:
        return NAN, NAN
    scale = n * (n - 1)
    variance = float(((terms - centre) ** 2).sum()) / scale
    error = math.sqrt(settled(variance, float((terms**2).sum() + n * centre**2) / scale))
    return error, float(scipy.stats.t.ppf((1 + level) / 2, n - 1)) * error


def _within_one(centre: float, reach: float) -> tuple[float, float]:
    return clipped(centre - reach, -1.0, 1.0), clipped(centre + reach, -1.0, 1.0)


def _shares_of_labels(counts: Floats) -> Floats:
    """Return each rated subject's share of raters per label."""
    r = counts.sum(axis=1)
    return np.asarray(counts[r > 0] / r[r > 0, None])


def _near_misses(q: int, weights: str | None) -> Floats:
    """Return Cohen's agreement weights of q ordered labels."""
    if weights is None or q == 1:
        return np.eye(q)
    steps = np.abs(np.subtract.outer(np.arange(q), np.arange(q))) / (q - 1)
    return np.asarray(1 - (steps if weights == "linear" else steps**2))


def _closeness(labels: list[Label], totals: Floats, metric: str) -> Floats:
    """Return Krippendorff's weights: 1 less the squared distance of two labels over the largest."""
    if metric == "nominal":
        return np.eye(len(labels))
    between = np.cumsum(totals) - totals / 2  # half-way through each label's block of ranks
    position = np.array(labels, dtype=np.float64) if metric == "interval" else between
    apart = np.abs(np.subtract.outer(position, position))
    return np.asarray(1 - (apart / apart.max()) ** 2)


def _read(
    ratings: ArrayLike | Sequence[Sequence[Label | None]], categories: Sequence[Label] | None
) -> Ratings:
    """Return checked ratings as counts of labels per subject."""
    to_numpy = getattr(ratings, "to_numpy", None)
    rows = [_row(row) for row in listed(ratings if to_numpy is None else to_numpy(), "ratings")]
    if len({len(row) for row in rows}) > 1:
        raise ValueError("rows of ratings differ in length")
    labels = _vocabulary([label for row in rows for label in row if label is not None], categories)
    place = {label: i for i, label in enumerate(labels)}
    counts = np.zeros((len(rows), len(labels)))
    for i, row in enumerate(rows):
        for label in row:
            if label is not None:
                counts[i, place[label]] += 1
    return Ratings(counts, labels, len(rows[0]) if rows else 0)


def _row(values: object) -> list[Label | None]:
    """Return one row of labels as plain values, None where missing."""
    return [_label(value) for value in listed(values, "labels")]


def _complete_row(values: object) -> list[Label]:
    """Return one row of labels, refusing a missing one."""
    row = _row(values)
    given = [label for label in row if label is not None]
    if len(given) < len(row):
        raise ValueError("a label is missing")
    return given


def _label(value: object) -> Label | None:
    if is_missing(value):
        return None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, numbers.Real | np.bool_) and math.isfinite(value):
        return float(value)
    raise ValueError(f"a label is a string or a finite number, not {value!r}")


def _vocabulary(seen: Sequence[Label], categories: Sequence[Label] | None) -> list[Label]:
    """Return the labels in order: the declared ones, or those seen, sorted."""
    used = set(seen)
    if categories is None:
        try:
            return sorted(used)
        except TypeError:
            raise ValueError("labels must be all strings or all numbers") from None
    declared = _complete_row(categories)
    if len(set(declared)) != len(declared):
        raise ValueError("categories must not repeat")
    if not used <= set(declared):
        raise ValueError(f"labels outside the categories: {sorted(map(str, used - set(declared)))}")
    return declared
