"""What a shadow showed, in numbers held against other people's code and closed forms."""

import dataclasses
import math

import numpy as np
import pytest
import statsmodels.api as sm  # type: ignore[import-untyped]  # it has no types
from statsmodels.stats.proportion import (  # type: ignore[import-untyped]  # it has no types
    proportion_confint,
)

from model_registry.recording import recorded
from model_registry.shadow import ShadowResult, analyse, compared
from overread.domain.adjudication import Grade
from overread.domain.errors import EvidenceError
from overread.domain.findings import Label
from overread.domain.identifiers import PatientKey
from overread.domain.labels import StudyLabel
from overread.domain.shadows import AnswerPair
from overread.store.unit_of_work import UnitOfWork
from tests.builders import a_label, a_shadow, uid

MARGINS = {"sensitivity": 0.03, "specificity": 0.05}
Z = 1.959963984540054
FOUND, CLEAR = Label.HAS_FINDING, Label.NO_FINDING


def a_pair(number: int, production: float, candidate: float, *, patient: int | None = None) -> AnswerPair:
    def label(probability: float) -> Label:
        return FOUND if probability >= 0.5 else CLEAR

    return AnswerPair(
        study=uid(number),
        patient=PatientKey(f"patient-{number if patient is None else patient}"),
        production=production,
        production_label=label(production),
        candidate=candidate,
        candidate_label=label(candidate),
    )


def said_of(
    pairs: list[AnswerPair], truth: dict[int, Label] | None = None, grade: Grade = Grade.REPORT
) -> ShadowResult:
    labels = {
        uid(number): [a_label(number, label=label, grade=grade)] for number, label in (truth or {}).items()
    }
    return compared(pairs, labels, margins=MARGINS)


def some_pairs(*, patients: int, films: int, seed: int = 3) -> list[AnswerPair]:
    """Return studies on which two models answer alike, `films` a patient."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, 1, patients).repeat(films)
    ours, theirs = (1 / (1 + np.exp(-(shared + rng.normal(0, 0.6, shared.size)))) for _ in range(2))
    return [
        a_pair(row, float(theirs[row]), float(ours[row]), patient=row // films) for row in range(shared.size)
    ]


def test_calls_are_counted_in_the_four_cells() -> None:
    result = said_of([a_pair(1, 0.9, 0.8), a_pair(2, 0.1, 0.7), a_pair(3, 0.2, 0.1), a_pair(4, 0.3, 0.6)])
    calls = result.calls
    assert (calls.both, calls.only_candidate, calls.only_production, calls.neither) == (1, 2, 0, 1)
    assert (calls.agreement.estimate, calls.call_rate_difference.estimate) == (0.5, 0.5)
    assert calls.score_difference.estimate == pytest.approx((-0.1 + 0.6 - 0.1 + 0.3) / 4)


def test_agreement_where_no_patient_repeats_has_wilson_s_limits() -> None:
    pairs = some_pairs(patients=900, films=1)
    agreement = said_of(pairs).calls.agreement
    agreeing = sum(pair.candidate_label is pair.production_label for pair in pairs)
    lower, upper = proportion_confint(agreeing, len(pairs), method="wilson")
    assert (agreement.lower, agreement.upper) == pytest.approx((lower, upper), abs=1e-4)


def test_two_that_always_agree_have_tango_s_closed_limits_and_not_none() -> None:
    """Without a discordant pair the score limits are -+ z^2 / (n + z^2) (Tango 1998)."""
    rate = said_of([a_pair(number, 0.9, 0.8) for number in range(40)]).calls.call_rate_difference
    assert (rate.estimate, rate.upper) == pytest.approx((0, Z**2 / (40 + Z**2)), abs=1e-9)
    assert rate.lower == pytest.approx(-rate.upper, abs=1e-9)


def test_where_patients_repeat_the_limits_are_those_of_clustered_regression() -> None:
    pairs = some_pairs(patients=80, films=4)
    rate = said_of(pairs).calls.call_rate_difference
    difference = np.array(
        [(pair.candidate_label is FOUND) * 1.0 - (pair.production_label is FOUND) for pair in pairs]
    )
    groups = np.arange(len(pairs)) // 4
    fit = sm.OLS(difference, np.ones(len(pairs))).fit(cov_type="cluster", cov_kwds={"groups": groups})
    assert (rate.lower, rate.upper) == pytest.approx(tuple(fit.conf_int()[0]))


def test_the_shift_of_scores_has_limits_that_grow_with_what_patients_share() -> None:
    pairs = some_pairs(patients=60, films=5)
    shifted = [dataclasses.replace(pair, candidate=pair.production + 0.1) for pair in pairs]
    score = said_of(shifted).calls.score_difference
    assert (score.estimate, score.lower, score.upper) == pytest.approx((0.1, 0.1, 0.1))
    noisy = said_of(pairs).calls.score_difference
    values = np.array([pair.candidate - pair.production for pair in pairs]).reshape(60, 5).mean(axis=1)
    error = values.std(ddof=1) / math.sqrt(60)
    assert (noisy.upper - noisy.lower) / 2 == pytest.approx(Z * error, rel=0.1)


def test_errors_are_counted_where_the_truth_is_known_and_nowhere_else() -> None:
    pairs = [
        a_pair(1, 0.1, 0.9),  # only the candidate finds it
        a_pair(2, 0.9, 0.1),  # only production finds it
        a_pair(3, 0.1, 0.8),
        a_pair(4, 0.9, 0.9),
        a_pair(5, 0.8, 0.2),  # clear, and only the candidate says so
        a_pair(6, 0.1, 0.1),
        a_pair(7, 0.1, 0.9),  # nobody knows
    ]
    labelled = said_of(pairs, dict.fromkeys((1, 2, 3, 4), FOUND) | dict.fromkeys((5, 6), CLEAR)).labelled
    found, clear = labelled.sensitivity, labelled.specificity
    assert (labelled.n, dict(labelled.by_grade)) == (6, {Grade.REPORT: 6})
    assert (found.gained, found.lost, found.difference.n, found.margin) == (2, 1, 4, 0.03)
    assert (found.production.estimate, found.candidate.estimate, found.difference.estimate) == (
        0.5,
        0.75,
        0.25,
    )
    assert (clear.gained, clear.lost, clear.difference.n, clear.margin) == (1, 0, 2, 0.05)
    assert (clear.production.estimate, clear.candidate.estimate) == (0.5, 1.0)


def test_how_the_labelled_were_selected_is_shown_by_whether_the_calls_agree() -> None:
    """Of four that agree one is known, of two that differ both are."""
    pairs = [a_pair(number, 0.1, 0.2) for number in range(4)] + [a_pair(n, 0.1, 0.9) for n in (4, 5)]
    labelled = said_of(pairs, {0: CLEAR, 4: FOUND, 5: CLEAR}, Grade.ADJUDICATED).labelled
    assert (labelled.share_of_agreeing.estimate, labelled.share_of_agreeing.n) == (0.25, 4)
    assert (labelled.share_of_discordant.estimate, labelled.share_of_discordant.n) == (1.0, 2)
    expected = proportion_confint(1, 4, method="wilson")
    assert (labelled.share_of_agreeing.lower, labelled.share_of_agreeing.upper) == pytest.approx(expected)


def test_the_better_of_two_labels_is_the_truth() -> None:
    labels: dict[object, list[StudyLabel]] = {
        uid(1): [a_label(1, label=CLEAR), a_label(1, label=FOUND, grade=Grade.ADJUDICATED)]
    }
    result = compared([a_pair(1, 0.1, 0.9)], labels, margins=MARGINS)  # type: ignore[arg-type]
    assert (result.labelled.sensitivity.gained, result.labelled.specificity.difference.n) == (1, 0)


def test_nothing_answered_is_no_number_and_no_error() -> None:
    result = said_of([])
    assert (result.studies, result.patients, result.labelled.n) == (0, 0, 0)
    assert math.isnan(result.calls.agreement.estimate)
    assert math.isnan(result.calls.score_difference.estimate)
    plain = recorded(result)
    assert isinstance(plain, dict)
    assert "NaN" not in str(plain)


def test_a_result_gives_no_verdict() -> None:
    def names(kind: object) -> set[str]:
        if not dataclasses.is_dataclass(kind):
            return set()
        return {f.name for f in dataclasses.fields(kind)}.union(
            *(names(getattr(kind, f.name)) for f in dataclasses.fields(kind))
        )

    shown = names(said_of([a_pair(1, 0.1, 0.9)], {1: FOUND}))
    assert not shown & {"verdict", "status", "passed", "noninferior", "decision"}


def test_before_its_end_a_shadow_gives_no_numbers(work: UnitOfWork) -> None:
    with pytest.raises(EvidenceError, match="once it has ended"):
        analyse(work, a_shadow())
