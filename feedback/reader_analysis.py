"""What a crossover reader study shows: the reads as a table, and every statistic that they bear."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from overread.domain.errors import EvidenceError
from overread.domain.estimates import Estimate
from overread.domain.findings import Label
from overread.domain.reader_studies import Arm, CrossoverRead, CrossoverStudy
from overread.measures.agreement import cohen_kappa, fleiss_kappa
from overread.measures.proportion import wilson
from overread.measures.reader_study import (
    ReaderChange,
    ReaderStudy,
    obuchowski_rockette,
    paired_reader_change,
)
from overread.measures.roc import auc_interval

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
METRICS = ("sensitivity", "specificity", "accuracy")
_PAIR = 2  # readers between whom Cohen's kappa is defined


class IncompleteError(EvidenceError):
    """Reads are missing, and nobody has asked for an interim look."""

    code = "reader-study-incomplete"

    def __init__(self, given: int, wanted: int) -> None:
        super().__init__(
            f"{given} of {wanted} reads are given; an analysis before the end needs --interim, which says so"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadTable:
    """The reads of a study: `truth` (cases,), the others (arms, readers, cases), unaided first.

    `seconds` is NaN where the time of a read is not known.
    """

    readers: tuple[str, ...]
    truth: Flags
    calls: Flags
    ratings: Floats
    seconds: Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class ArmAccuracy:
    """How right one reader was in one arm."""

    auc: Estimate
    sensitivity: Estimate
    specificity: Estimate
    accuracy: Estimate


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingTime:
    """Seconds on a case: median and quartiles of `n` timed reads; NaN where none was timed."""

    median: float
    lower_quartile: float
    upper_quartile: float
    n: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossoverAnalysis:
    """All that one reader study says; every change is aided less unaided.

    `auc_random` speaks of other readers too and is None for a single reader, `kappa` likewise: with one
    reader nothing can be said of others. `interim` says that reads are missing: only the cases that every
    reader has read in both arms are in, and no limit here allows for having looked early.
    """

    name: str
    model_version: str
    interim: bool
    reads: int
    reads_planned: int
    n_cases: int
    n_positive: int
    readers: tuple[str, ...]
    auc_fixed: ReaderStudy
    auc_random: ReaderStudy | None
    change: Mapping[str, ReaderChange]
    by_reader: Mapping[str, Mapping[str, ArmAccuracy]]
    seconds: Mapping[str, ReadingTime]
    kappa: Mapping[str, Estimate] | None

    @property
    def changes(self) -> dict[str, ReaderStudy | ReaderChange]:
        """Every change by its name, that which speaks of other readers first where there is one."""
        areas = {"auc_random": self.auc_random, "auc_fixed": self.auc_fixed}
        return {**{name: area for name, area in areas.items() if area is not None}, **self.change}


def analyse(
    study: CrossoverStudy, reads: Sequence[CrossoverRead], *, interim: bool = False
) -> CrossoverAnalysis:
    """Return what the reads of a study show.

    Raises
    ------
    IncompleteError
        Reads are missing and `interim` is not asked for.
    EvidenceError
        The cases read by all in both arms do not hold both classes.
    """
    if len(reads) < study.reads_planned and not interim:
        raise IncompleteError(len(reads), study.reads_planned)
    table = table_of(study, reads)
    fixed = obuchowski_rockette(table.truth, table.ratings, readers="fixed")
    several = len(table.readers) > 1
    return CrossoverAnalysis(
        name=study.name,
        model_version=study.model_version,
        interim=len(reads) < study.reads_planned,
        reads=len(reads),
        reads_planned=study.reads_planned,
        n_cases=table.truth.size,
        n_positive=int(table.truth.sum()),
        readers=table.readers,
        auc_fixed=fixed,
        auc_random=obuchowski_rockette(table.truth, table.ratings) if several else None,
        change={metric: paired_reader_change(table.truth, *table.calls, metric=metric) for metric in METRICS},
        by_reader={reader: _by_arm(table, row) for row, reader in enumerate(table.readers)},
        seconds={arm: _reading_time(table.seconds[row]) for row, arm in enumerate(Arm)},
        kappa={arm: _kappa(table.calls[row]) for row, arm in enumerate(Arm)} if several else None,
    )


def nameless(found: CrossoverAnalysis, *, name: str) -> CrossoverAnalysis:
    """Return the same numbers under another name, of readers who are numbered and not named."""
    numbered = {reader: f"reader {place}" for place, reader in enumerate(found.readers, start=1)}
    return replace(
        found,
        name=name,
        readers=tuple(numbered.values()),
        by_reader={numbered[reader]: arms for reader, arms in found.by_reader.items()},
    )


def table_of(study: CrossoverStudy, reads: Sequence[CrossoverRead]) -> ReadTable:
    """Return the reads of the cases that every reader has read in both arms, in the study's order."""
    given = {(read.arm, read.reader, read.case): read for read in reads}
    whole = [
        case
        for case in study.cases
        if all((arm, reader, case.key) in given for arm in Arm for reader in study.readers)
    ]
    truth = np.array([case.truth is Label.HAS_FINDING for case in whole], bool)
    if not truth.any() or truth.all():
        raise EvidenceError(
            f"{len(whole)} cases are read by every reader in both arms, {int(truth.sum())} with a finding; "
            "an analysis needs some with and some without"
        )
    rows = [[[given[arm, name, case.key] for case in whole] for name in study.readers] for arm in Arm]
    seconds = [[[np.nan if r.seconds is None else r.seconds for r in by] for by in arm] for arm in rows]
    return ReadTable(
        readers=tuple(map(str, study.readers)),
        truth=truth,
        calls=np.array([[[r.label is Label.HAS_FINDING for r in by] for by in arm] for arm in rows]),
        ratings=np.array([[[r.rating for r in by] for by in arm] for arm in rows], float),
        seconds=np.array(seconds, float),
    )


def _by_arm(table: ReadTable, reader: int) -> dict[str, ArmAccuracy]:
    return {
        arm: _accuracy(table.truth, table.calls[row, reader], table.ratings[row, reader])
        for row, arm in enumerate(Arm)
    }


def _accuracy(truth: Flags, calls: Flags, ratings: Floats) -> ArmAccuracy:
    right = calls == truth
    return ArmAccuracy(
        auc=auc_interval(truth, ratings),
        sensitivity=wilson(int(right[truth].sum()), int(truth.sum())),
        specificity=wilson(int(right[~truth].sum()), int((~truth).sum())),
        accuracy=wilson(int(right.sum()), truth.size),
    )


def _reading_time(seconds: Floats) -> ReadingTime:
    timed = seconds[~np.isnan(seconds)]
    if not timed.size:
        return ReadingTime(median=np.nan, lower_quartile=np.nan, upper_quartile=np.nan, n=0)
    low, middle, high = np.quantile(timed, [0.25, 0.5, 0.75])
    return ReadingTime(
        median=float(middle), lower_quartile=float(low), upper_quartile=float(high), n=timed.size
    )


def _kappa(calls: Flags) -> Estimate:
    """Return Cohen's kappa of two readers (n_readers, n_cases), Fleiss' of more."""
    categories = [0, 1]
    if len(calls) == _PAIR:
        return cohen_kappa(*calls.astype(int), categories=categories)
    return fleiss_kappa(calls.astype(int).T, categories=categories)
