"""Scores of the package that would serve, kept, and the numbers made of them."""

import json

import numpy as np
import pytest

from model_registry.evaluation import answers, evaluate, score
from model_registry.packaging import open_package
from model_registry.recording import recorded
from model_registry.sessions import session_of
from overread.domain.errors import InputError, MalformedError
from overread.domain.identifiers import Digest
from tests.model_registry.toys import (
    a_case,
    a_graph,
    a_package,
    a_quantised_package,
    answering,
    pictures,
    some_cases,
)

DATASET, OTHER = Digest("d" * 64), Digest("e" * 64)


def test_scores_are_what_the_graph_says() -> None:
    said = score(open_package(a_package()), pictures([0, 128, 255]))
    expected = 1 / (1 + np.exp(-(10 * np.array([0, 128 / 255, 1]) - 5)))
    assert said.probability.shape == (3, 3)
    assert said.probability[:, 0] == pytest.approx(expected, abs=1e-6)
    assert said.embedding[:, 0] == pytest.approx([0, 128 / 255, 1])


@pytest.mark.parametrize(("passed", "steepness"), [(True, 5.0), (False, 10.0)])
def test_the_graph_that_would_serve_is_what_is_scored(passed: bool, steepness: float) -> None:
    said = score(open_package(a_quantised_package(passed=passed)), pictures([10, 200])).probability
    alone = answers(session_of(a_graph(steepness=steepness)), pictures([10, 200])).probability
    assert np.array_equal(said, alone)


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_scores_do_not_depend_on_the_batch(batch: int) -> None:
    package, seen = open_package(a_package()), pictures(list(range(0, 250, 25)))
    assert np.array_equal(score(package, seen, batch=batch).probability, score(package, seen).probability)


def test_the_map_comes_with_the_answer() -> None:
    said = answers(session_of(a_graph()), pictures([0, 255]))
    assert said.map.shape == (2, 8, 8)
    assert said.map[1] == pytest.approx(np.ones((8, 8)))


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((2, 9, 9), np.uint8),
        np.zeros((2, 8, 8), np.float32),
        np.zeros((8, 8), np.uint8),
        pictures([]),
    ],
)
def test_pictures_that_the_contract_does_not_take_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(InputError):
        score(open_package(a_package()), wrong)


def test_a_graph_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(MalformedError, match="graph of the package"):
        session_of(b"not a graph")


def test_the_reference_studys_table_comes_out() -> None:
    cases = some_cases(1018, 995)
    shown = evaluate(cases, answering(cases, misses=104, false_alarms=119), threshold=0.5)
    confusion = shown.confusion
    assert (confusion.true_positive, confusion.false_negative) == (914, 104)
    assert (confusion.true_negative, confusion.false_positive) == (876, 119)
    assert (shown.sensitivity.n, shown.specificity.n, shown.n_patients) == (1018, 995, 2013)
    finding, none = shown.by_class["has_finding"], shown.by_class["no_finding"]
    numbers = [
        *(shown.sensitivity.estimate, shown.specificity.estimate),
        *(finding.precision.estimate, finding.f1, none.precision.estimate, none.f1),
    ]
    assert numbers == pytest.approx([0.898, 0.880, 0.885, 0.891, 0.894, 0.887], abs=5e-4)
    assert (shown.sensitivity.lower, shown.sensitivity.upper) == pytest.approx((0.8777, 0.9150), abs=2e-4)
    assert shown.auc.lower < shown.auc.estimate < shown.auc.upper


def test_a_score_at_the_threshold_is_a_finding() -> None:
    cases = [a_case(1, positive=True), a_case(2, positive=False)]
    shown = evaluate(cases, np.array([0.5, 0.49], np.float32), threshold=0.5)
    assert (shown.confusion.true_positive, shown.confusion.true_negative) == (1, 1)


def test_missed_findings_are_counted_by_finding() -> None:
    cases = [
        a_case(1, positive=True, findings=("nodule", "effusion")),
        a_case(2, positive=True, findings=("nodule",)),
        a_case(3, positive=True),
        a_case(4, positive=False),
    ]
    missed = evaluate(cases, np.array([0.9, 0.1, 0.1, 0.1], np.float32), threshold=0.5).missed_by_finding
    assert {code: (found.missed, found.n) for code, found in missed.items()} == {
        "effusion": (0, 1),
        "nodule": (1, 2),
    }


def test_films_of_one_patient_count_as_less_evidence() -> None:
    apart = [a_case(number, positive=number % 2 == 0) for number in range(80)]
    together = [a_case(number, positive=number % 2 == 0, patient=number // 8) for number in range(80)]
    rng = np.random.default_rng(3)
    of_patient = np.repeat(rng.normal(0, 1, 10), 8)
    truth = np.array([case.positive for case in apart])
    scores = 1 / (1 + np.exp(-(of_patient * 2 + truth * np.repeat(rng.normal(1, 2, 10), 8))))
    alone = evaluate(apart, scores.astype(np.float32), threshold=0.5)
    clustered = evaluate(together, scores.astype(np.float32), threshold=0.5)
    assert clustered.n_patients == 10
    assert clustered.auc.upper - clustered.auc.lower > alone.auc.upper - alone.auc.lower
    assert clustered.sensitivity.upper - clustered.sensitivity.lower > (
        alone.sensitivity.upper - alone.sensitivity.lower
    )


def test_the_same_scores_give_the_same_limits() -> None:
    cases = some_cases(30, 30)
    scores = answering(cases, misses=5, false_alarms=5)
    assert evaluate(cases, scores, threshold=0.5) == evaluate(cases, scores, threshold=0.5)


def test_an_evaluation_survives_json_also_when_a_number_is_undefined() -> None:
    cases = some_cases(3, 0)
    said = recorded(evaluate(cases, np.full(3, 0.1, np.float32), threshold=0.5))
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert isinstance(said, dict)
    assert isinstance(said["auc"], dict)
    assert said["auc"]["estimate"] is None


def test_scores_of_other_studies_are_refused() -> None:
    with pytest.raises(InputError, match="do not go together"):
        evaluate(some_cases(2, 2), np.zeros(3, np.float32), threshold=0.5)


def test_a_record_takes_plain_values_only() -> None:
    with pytest.raises(TypeError, match="no place in a record"):
        recorded({"numbers": np.zeros(3)})
