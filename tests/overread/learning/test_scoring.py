"""Rank AUC and the threshold rule, against what overread.measures says."""

import importlib.util
import math

import numpy as np
import pytest

from overread.domain.errors import EvidenceError
from overread.learning.architectures import InputContract, build
from overread.learning.scoring import auc, score, sensitivity_specificity, threshold_at_specificity


def test_auc_of_a_worked_example_with_a_tie() -> None:
    assert auc([1, 1, 0, 0], [0.9, 0.5, 0.5, 0.1]) == pytest.approx(3.5 / 4)


def test_auc_of_one_class_is_no_number() -> None:
    assert math.isnan(auc([1, 1], [0.1, 0.2]))


def test_auc_equals_scikit_learns_also_with_many_ties() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    for _ in range(20):
        labels, scores = rng.integers(0, 2, 60), rng.integers(0, 8, 60) / 8
        assert auc(labels, scores) == pytest.approx(metrics.roc_auc_score(labels, scores))


def test_the_threshold_is_the_lowest_score_that_reaches_the_specificity() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        labels, scores = rng.integers(0, 2, 40), rng.integers(0, 15, 40) / 15
        target = float(rng.uniform(0.3, 1.0))
        threshold = threshold_at_specificity(labels, scores, target)
        enough = [
            t for t in np.unique(scores) if sensitivity_specificity(labels, scores, t)[1] >= target - 1e-9
        ]
        assert threshold == (min(enough) if enough else math.inf)


def test_an_unreachable_specificity_gives_an_infinite_threshold() -> None:
    assert threshold_at_specificity([0, 1], [0.9, 0.1], 1.0) == math.inf


def test_a_threshold_without_negatives_is_refused() -> None:
    with pytest.raises(EvidenceError):
        threshold_at_specificity([1, 1], [0.1, 0.2], 0.9)


@pytest.mark.skipif(
    importlib.util.find_spec("overread.measures.roc") is None,
    reason="overread.measures is not installed here",
)
def test_both_equal_the_measures_package() -> None:
    roc = importlib.import_module("overread.measures.roc")
    rng = np.random.default_rng(2)
    labels, scores = rng.integers(0, 2, 200), rng.normal(size=200).round(1)
    assert auc(labels, scores) == pytest.approx(roc.auc(labels, scores))
    theirs = roc.sensitivity_at_specificity(labels, scores, specificity=0.9)
    assert threshold_at_specificity(labels, scores, 0.9) == theirs.threshold


def test_scores_do_not_depend_on_the_batch() -> None:
    contract = InputContract(size=64, standardise=True)
    network = build("resnet10-lse", contract, outputs=3, width=8)
    pictures = np.random.default_rng(3).integers(0, 255, (7, 64, 64)).astype(np.uint8)
    one, all_at_once = (score(network, contract, pictures, batch=batch) for batch in (1, 7))
    assert one.logits == pytest.approx(all_at_once.logits, abs=1e-5)
    assert one.embedding.shape == (7, 64)


def test_no_pictures_is_no_evidence() -> None:
    contract = InputContract(size=64, standardise=True)
    with pytest.raises(EvidenceError):
        score(build("resnet10-lse", contract, outputs=3), contract, np.zeros((0, 64, 64), np.uint8))
