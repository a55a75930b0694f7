"""Limits of a difference of areas on the logit scale solve their equation, and keep away from the ends."""

import math

import numpy as np
import pytest

from overread.measures.logit_areas import logit_limits
from overread.measures.roc import PairedAuc, delong_test


def logit(share: float) -> float:
    return math.log(share / (1 - share))


def compared(n: int = 400, *, level: float = 0.99) -> PairedAuc:
    """Compare a model with a better one."""
    rng = np.random.default_rng(4)
    truth = np.arange(n) < n // 2
    noise = rng.standard_normal((2, n))
    return delong_test(truth, noise[0] / 2 + noise[1] + 1.8 * truth, noise[0] + 1.8 * truth, level=level)


@pytest.mark.parametrize("end", ["lower", "upper"])
def test_the_limits_are_where_the_logits_are_z_standard_errors_apart(end: str) -> None:
    plain = compared()
    second = plain.auc_b + getattr(logit_limits(plain), end)
    a, b = plain.auc_a * (1 - plain.auc_a), second * (1 - second)
    variance = plain.variance_a / a**2 + plain.variance_b / b**2 - 2 * plain.covariance / (a * b)
    apart = (logit(plain.auc_a) - logit(second)) / math.sqrt(variance)
    assert abs(apart) == pytest.approx(2.5758293)


def test_near_one_the_lower_limit_is_lower_than_a_symmetric_one() -> None:
    plain, found = compared(), logit_limits(compared())
    assert found.estimate == plain.estimate
    assert found.lower < plain.lower < found.estimate < found.upper
    assert plain.auc_b + found.upper < 1


def test_with_many_cases_both_agree() -> None:
    plain = compared(40_000)
    found = logit_limits(plain)
    assert (found.lower, found.upper) == pytest.approx((plain.lower, plain.upper), abs=2e-4)


def test_identical_and_perfect_models_keep_delong_s_limits() -> None:
    truth, scores = np.arange(60) < 30, np.arange(60.0) % 37
    same = logit_limits(delong_test(truth, scores, 2 * scores))
    assert (same.estimate, same.lower, same.upper) == (0, 0, 0)
    plain = delong_test(truth, truth, scores)
    assert (logit_limits(plain).lower, logit_limits(plain).upper) == (plain.lower, plain.upper)
    assert np.isnan(logit_limits(delong_test([1, 0], [1, 0], [1, 0])).lower)
