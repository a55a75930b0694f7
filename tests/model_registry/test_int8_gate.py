"""Eight bits answer in place of floats only where they surely lose less than was set beforehand."""

import json
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from model_registry.int8_gate import Int8Verdict, judge_int8
from model_registry.recording import recorded
from overread.domain.errors import InputError
from overread.domain.policies import Int8Margins
from overread.measures.proportion import tango_noninferiority

N = 400  # of each class
TRUTH = np.repeat([1, 0], N)
MARGINS = Int8Margins(sensitivity=0.02, specificity=0.02)
FLOATS = np.where(TRUTH == 1, 0.8, 0.2)


def turned(*, findings: int = 0, others: int = 0) -> NDArray[np.float64]:
    """Return scores in which so many studies of each class are called otherwise than in floats."""
    scores = FLOATS.copy()
    scores[:findings] = 0.4
    scores[N : N + others] = 0.6
    return scores


def judged(in_int8: Sequence[float] | NDArray[np.float64], margins: Int8Margins = MARGINS) -> Int8Verdict:
    return judge_int8(TRUTH, FLOATS, in_int8, threshold=0.5, margins=margins)


def test_the_same_answers_pass() -> None:
    verdict = judged(FLOATS)
    assert verdict.passed
    assert verdict.reasons == ()
    assert (verdict.changed.estimate, verdict.largest_change, verdict.n) == (0, 0, 2 * N)


def test_scores_that_move_without_crossing_the_threshold_pass_and_are_told() -> None:
    verdict = judged(FLOATS + 0.1)
    assert verdict.passed
    assert verdict.largest_change == pytest.approx(0.1)


def test_a_loss_is_judged_by_tangos_limits_in_its_own_class() -> None:
    verdict = judged(turned(findings=6, others=1))
    assert (verdict.passed, verdict.reasons) == (False, ("sensitivity",))
    expected = tango_noninferiority(0, 6, N, margin=0.02)
    assert (verdict.sensitivity.estimate, verdict.sensitivity.lower) == (expected.estimate, expected.lower)
    assert verdict.sensitivity.estimate == pytest.approx(-6 / N)
    assert verdict.specificity.status == "pass"
    assert verdict.changed.estimate == pytest.approx(7 / (2 * N))
    assert verdict.largest_change == pytest.approx(0.4)


def test_false_alarms_are_a_loss_of_specificity() -> None:
    assert judged(turned(others=9)).reasons == ("specificity",)


def test_the_margin_is_the_policys() -> None:
    assert judged(turned(findings=6), Int8Margins(sensitivity=0.05, specificity=0.02)).passed


def test_a_score_at_the_threshold_calls_a_finding() -> None:
    assert judged(np.where(TRUTH == 1, 0.5, 0.2)).passed


@pytest.mark.parametrize("among", [slice(0, 20), slice(N - 20, N + 20), slice(0, 0)])
def test_too_few_studies_are_no_pass(among: slice) -> None:
    verdict = judge_int8(TRUTH[among], FLOATS[among], FLOATS[among], threshold=0.5, margins=MARGINS)
    assert not verdict.passed
    assert "specificity" in verdict.reasons


def test_what_is_no_number_is_no_pass() -> None:
    scores = FLOATS.copy()
    scores[-1] = np.nan  # calls no finding, rightly
    assert judged(scores).reasons == ("finite",)


def test_the_verdict_is_plain_enough_for_a_package() -> None:
    plain = recorded(judged(turned(findings=2)))
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


@pytest.mark.parametrize("scores", [FLOATS[:-1], FLOATS[:, None]])
def test_scores_of_other_studies_are_refused(scores: NDArray[np.float64]) -> None:
    with pytest.raises(InputError, match="one truth and two scores"):
        judged(scores)
