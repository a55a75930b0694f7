"""A published crossover of one reader, worked out again: which counts its percentages leave, and which not.

Printed: 126 cases; unaided, then aided: AUC .597 and .904, accuracy 59.5 and 90.5 %, sensitivity 80.8 and
84.9 %, specificity 38.5 and 95.9 %.
"""

import pytest

from overread.measures import mcnemar_midp, paired_difference, wilson

CASES = 126
ACCURACY, SENSITIVITY, SPECIFICITY = (59.5, 90.5), (80.8, 84.9), (38.5, 95.9)
RIGHT = (75, 114)  # of 126, unaided and aided


def counts(percentage: float, n: int) -> list[int]:
    """Return the counts of `n` that print as a percentage with one digit, rounded either way at a half."""
    return [k for k in range(n + 1) if abs(100 * k / n - percentage) <= 0.05 + 1e-9]


def test_each_accuracy_is_one_count() -> None:
    assert [counts(printed, CASES) for printed in ACCURACY] == [[75], [114]]


def test_no_division_of_the_cases_gives_more_than_two_of_the_four_printed_shares() -> None:
    fitting = {}
    for positive in range(1, CASES):
        shares = [
            *(bool(counts(p, positive)) for p in SENSITIVITY),
            *(bool(counts(p, CASES - positive)) for p in SPECIFICITY),
        ]
        fitting[positive] = sum(shares)
    assert max(fitting.values()) == 2
    assert sorted(n for n, fit in fitting.items() if fit == 2) == [4, 52, 53, 73]


@pytest.mark.parametrize("arm", [0, 1])
def test_the_accuracies_say_that_about_half_of_the_cases_had_a_finding(arm: int) -> None:
    share = (ACCURACY[arm] - SPECIFICITY[arm]) / (SENSITIVITY[arm] - SPECIFICITY[arm])
    assert share * CASES == pytest.approx(62, abs=1)


@pytest.mark.parametrize(("arm", "printed"), [(0, 0.597), (1, 0.904)])
def test_the_printed_auc_is_that_of_one_yes_or_no_a_case(arm: int, printed: float) -> None:
    assert (SENSITIVITY[arm] + SPECIFICITY[arm]) / 200 == pytest.approx(printed, abs=5.1e-4)


def test_limits_of_both_accuracies() -> None:
    unaided, aided = (wilson(right, CASES) for right in RIGHT)
    assert (unaided.lower, unaided.upper) == pytest.approx((0.508, 0.677), abs=5e-4)
    assert (aided.lower, aided.upper) == pytest.approx((0.841, 0.945), abs=5e-4)


@pytest.mark.parametrize(("lost", "lower", "upper"), [(0, 0.235, 0.395), (12, 0.194, 0.417)])
def test_the_change_of_accuracy_is_sure_however_the_cases_overlapped(
    lost: int, lower: float, upper: float
) -> None:
    gained = RIGHT[1] - RIGHT[0] + lost  # 12 were wrong aided, so no more than 12 were lost
    change = paired_difference(RIGHT[0] - lost, gained, lost, CASES - RIGHT[0] - gained)
    assert change.estimate == pytest.approx(0.310, abs=5e-4)
    assert (change.lower, change.upper) == pytest.approx((lower, upper), abs=5e-4)
    assert mcnemar_midp(gained, lost).p_value < 1e-6


def test_the_gain_in_sensitivity_is_too_few_cases_to_be_shown() -> None:
    gained = round((SENSITIVITY[1] - SENSITIVITY[0]) / 100 * 62)
    assert gained == 3
    assert mcnemar_midp(gained, 0).p_value == 0.125  # three gained and none lost is the surest it can be
