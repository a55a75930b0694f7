"""What a shadow showed once it has ended: how often the calls agree, and who errs where the truth came later.

For information only: how the studies with a truth were selected nobody has controlled, so no verdict is
drawn from them. The gate decides, on the frozen test set.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.domain.adjudication import Grade
from overread.domain.errors import EvidenceError
from overread.domain.estimates import Estimate
from overread.domain.findings import Label
from overread.domain.identifiers import PatientKey, StudyUid
from overread.domain.labels import StudyLabel, prevailing
from overread.domain.shadows import AnswerPair, Shadow
from overread.measures.counted_resampling import mean_bootstrap
from overread.measures.proportion import (
    clustered_paired_difference,
    clustered_proportion,
    paired_difference,
    wilson,
)
from overread.measures.resampling import Draws
from overread.store.unit_of_work import UnitOfWork

Flags = NDArray[np.bool_]
SEED = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Calls:
    """Both versions' calls at their own thresholds; differences are candidate less production."""

    both: int
    only_candidate: int
    only_production: int
    neither: int
    agreement: Estimate
    call_rate_difference: Estimate
    score_difference: Estimate


@dataclass(frozen=True, kw_only=True, slots=True)
class Errors:
    """How often each version is right on studies of one truth; `margin` is the registered one, beside it."""

    production: Estimate
    candidate: Estimate
    difference: Estimate
    gained: int
    lost: int
    margin: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """Studies whose truth came later: from where, and how many of those whose calls agree and do not."""

    n: int
    by_grade: Mapping[Grade, int]
    share_of_agreeing: Estimate
    share_of_discordant: Estimate
    sensitivity: Errors
    specificity: Errors


@dataclass(frozen=True, kw_only=True, slots=True)
class ShadowResult:
    """A shadow in numbers; all limits take patients as the unit."""

    studies: int
    patients: int
    failed: int
    calls: Calls
    labelled: Labelled


def analyse(work: UnitOfWork, shadow: Shadow) -> ShadowResult:
    """Return what a shadow that has ended showed; its truth is what is known of its studies now.

    Raises
    ------
    EvidenceError
        It has not ended: until then nobody is told anything but its progress.
    """
    if shadow.end is None:
        raise EvidenceError("the shadow runs; numbers are given once it has ended as it was registered")
    pairs = work.shadows.pairs(shadow)
    labels = work.labels.of_studies([pair.study for pair in pairs])
    _, failed = work.shadows.count(shadow.id)
    return compared(pairs, labels, margins=shadow.margins, failed=failed)


def compared(
    pairs: Sequence[AnswerPair],
    labels: Mapping[StudyUid, Sequence[StudyLabel]],
    *,
    margins: Mapping[str, float],
    failed: int = 0,
) -> ShadowResult:
    """Return the comparison of pairs, with the labels known of their studies.

    Without a pair, or without a study of one truth, the numbers of it are NaN.
    """
    return ShadowResult(
        studies=len(pairs),
        patients=len({pair.patient for pair in pairs}),
        failed=failed,
        calls=_calls(pairs),
        labelled=_labelled(pairs, labels, margins),
    )


def _calls(pairs: Sequence[AnswerPair]) -> Calls:
    candidate, production = _called(pairs)
    patients = [pair.patient for pair in pairs]
    shift = [pair.candidate - pair.production for pair in pairs]
    return Calls(
        both=int((candidate & production).sum()),
        only_candidate=int((candidate & ~production).sum()),
        only_production=int((production & ~candidate).sum()),
        neither=int((~candidate & ~production).sum()),
        agreement=clustered_proportion(candidate == production, patients),
        call_rate_difference=_difference(candidate, production, patients),
        score_difference=mean_bootstrap(shift, draws=Draws(seed=SEED, method="percentile"), cluster=patients),
    )


def _labelled(
    pairs: Sequence[AnswerPair],
    labels: Mapping[StudyUid, Sequence[StudyLabel]],
    margins: Mapping[str, float],
) -> Labelled:
    truth = [(pair, label) for pair in pairs if (label := prevailing(labels.get(pair.study, ())))]
    agreeing = sum(_agree(pair) for pair in pairs)
    known_agreeing = sum(_agree(pair) for pair, _ in truth)
    of = {label: [pair for pair, known in truth if known.label is label] for label in Label}
    return Labelled(
        n=len(truth),
        by_grade=dict(Counter(label.grade for _, label in truth)),
        share_of_agreeing=wilson(known_agreeing, agreeing),
        share_of_discordant=wilson(len(truth) - known_agreeing, len(pairs) - agreeing),
        sensitivity=_errors(of[Label.HAS_FINDING], Label.HAS_FINDING, margins["sensitivity"]),
        specificity=_errors(of[Label.NO_FINDING], Label.NO_FINDING, margins["specificity"]),
    )


def _errors(pairs: Sequence[AnswerPair], truth: Label, margin: float) -> Errors:
    called, production_called = _called(pairs)
    found = truth is Label.HAS_FINDING
    candidate, production = called == found, production_called == found
    patients = [pair.patient for pair in pairs]
    return Errors(
        production=clustered_proportion(production, patients),
        candidate=clustered_proportion(candidate, patients),
        difference=_difference(candidate, production, patients),
        gained=int((candidate & ~production).sum()),
        lost=int((production & ~candidate).sum()),
        margin=margin,
    )


def _difference(first: Flags, second: Flags, patients: Sequence[PatientKey]) -> Estimate:
    """Return the difference of two shares: Tango's limits, or Obuchowski's where patients repeat."""
    if len(set(patients)) < len(patients):
        return clustered_paired_difference(first, second, patients)
    return paired_difference(
        int((first & second).sum()),
        int((first & ~second).sum()),
        int((second & ~first).sum()),
        int((~first & ~second).sum()),
    )


def _called(pairs: Sequence[AnswerPair]) -> tuple[Flags, Flags]:
    """Return where the candidate, and where production, says that there is a finding."""
    return (
        np.array([pair.candidate_label is Label.HAS_FINDING for pair in pairs], bool),
        np.array([pair.production_label is Label.HAS_FINDING for pair in pairs], bool),
    )


def _agree(pair: AnswerPair) -> bool:
    return pair.candidate_label is pair.production_label
