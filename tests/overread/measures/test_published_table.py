"""The published table again, from its four counts: what it prints, and under which name it belongs."""

import numpy as np
import pytest

from overread.measures.proportion import wilson
from overread.measures.roc import auc

TP, FN, TN, FP = 914, 104, 876, 119


def share(x: int, n: int) -> float:
    return round(wilson(x, n).estimate, 3)


def f1(precision: float, recall: float) -> float:
    return round(2 * precision * recall / (precision + recall), 3)


def test_precision_recall_and_f1_of_both_answers_are_those_printed() -> None:
    assert (share(TP, TP + FP), share(TN, TN + FN)) == (0.885, 0.894)
    assert (share(TP, TP + FN), share(TN, TN + FP)) == (0.898, 0.880)
    assert f1(TP / (TP + FP), TP / (TP + FN)) == 0.891
    assert f1(TN / (TN + FN), TN / (TN + FP)) == 0.887
    assert share(TP + TN, TP + FN + TN + FP) == 0.889


def test_the_printed_false_rates_are_shares_of_the_answers_not_of_the_truth() -> None:
    assert (share(FN, FN + TN), share(FP, FP + TP)) == (0.106, 0.115)  # printed: 10.6 % and 11.5 %
    assert (share(FN, FN + TP), share(FP, FP + TN)) == (0.102, 0.120)  # the rates of those names


def test_the_printed_rates_lie_within_the_limits_of_the_others_and_so_were_not_noticed() -> None:
    for printed, x, n in ((0.106, FN, FN + TP), (0.115, FP, FP + TN)):
        rate = wilson(x, n)
        assert rate.lower < printed < rate.upper


@pytest.mark.parametrize(("finding_share", "discovery"), [(0.506, 0.115), (0.30, 0.237), (0.10, 0.545)])
def test_shares_of_the_answers_move_with_how_rare_findings_are(
    finding_share: float, discovery: float
) -> None:
    alarms = FP / (FP + TN) * (1 - finding_share)
    found = TP / (TP + FN) * finding_share
    assert alarms / (alarms + found) == pytest.approx(discovery, abs=2e-3)


def test_four_counts_do_not_give_the_printed_auc_only_what_it_cannot_be_below() -> None:
    truth = np.repeat([1, 0], [TP + FN, TN + FP])
    calls = np.repeat([1, 0, 0, 1], [TP, FN, TN, FP])
    assert auc(truth, calls) == pytest.approx(0.889, abs=5e-4)
    assert auc(truth, calls) < 0.96
