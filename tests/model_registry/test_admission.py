"""What the gate refuses to judge, at its own edge: a typed error, never a number."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from model_registry.comparison import Contender
from model_registry.gate import Field, decided, judge
from overread.domain.errors import EvidenceError
from tests.model_registry.toys import a_contender, a_look, a_policy, answering, some_cases

CASES = some_cases(120, 120)
GOOD = a_contender("2", answering(CASES, misses=5, false_alarms=5))


def scored(change: Callable[[np.ndarray], object]) -> Contender:
    scores = np.asarray(GOOD.scores).copy()
    change(scores)
    return replace(GOOD, scores=scores)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (scored(lambda s: s.put(3, np.nan)), "no score for 1 of 240"),
        (scored(lambda s: s.put([3, 4], np.inf)), "no score for 2 of 240"),
        (scored(lambda s: s.put(3, 1.2)), "must be probabilities"),
        (scored(lambda s: s.put(3, -0.1)), "must be probabilities"),
        (replace(GOOD, scores=GOOD.scores[:239]), "not one for each of 240"),
        (replace(GOOD, scores=np.append(GOOD.scores, 0.5)), "not one for each of 240"),
        (replace(GOOD, scores=GOOD.scores[:, None]), "not one for each of 240"),
        (replace(GOOD, scores=GOOD.scores[:0]), "not one for each of 240"),
        (replace(GOOD, threshold=float("nan")), "no threshold"),
        (replace(GOOD, maps=np.zeros((239, 2, 2), np.float32)), "one finite map for each"),
        (replace(GOOD, maps=np.full((240, 2, 2), np.nan, np.float32)), "one finite map for each"),
    ],
)
@pytest.mark.parametrize("part", ["candidate", "production", "anchor", "control"])
def test_answers_that_do_not_go_with_the_studies_are_refused(part: str, bad: Contender, said: str) -> None:
    people = {"candidate": GOOD, "production": GOOD, "anchor": GOOD} | {part: bad}
    beside = ((part, people.pop(part)),) if part == "control" else ()
    field = Field(**people, beside=beside)
    with pytest.raises(EvidenceError, match=f"{part} 2 .*{said}"):
        decided(CASES, field, policy=a_policy(), alpha=0.005)


@pytest.mark.parametrize("cases", [[], CASES[:120], CASES[120:]])
@pytest.mark.parametrize("production", [GOOD, None])
def test_one_class_is_refused(cases: list[object], production: Contender | None) -> None:
    chosen = [case for case in CASES if case in cases]
    same = replace(GOOD, scores=GOOD.scores[: len(chosen)])
    field = Field(candidate=same, production=None if production is None else same)
    with pytest.raises(EvidenceError, match="both are needed"):
        decided(chosen, field, policy=a_policy(), alpha=0.005)


def test_a_study_that_stands_twice_is_refused_without_its_name() -> None:
    twice = [*CASES[:-1], CASES[-2]]
    with pytest.raises(EvidenceError, match="stands twice") as refused:
        decided(twice, Field(candidate=GOOD), policy=a_policy(), alpha=0.005)
    assert str(CASES[-2].study) not in str(refused.value)


def test_too_few_cases_get_no_verdict_but_are_told_what_is_missing() -> None:
    few = some_cases(60, 240)
    same = a_contender("2", answering(few, misses=3, false_alarms=3))
    judgement = judge(few, Field(candidate=same, production=same), policy=a_policy(), look=a_look())
    assert (judgement.verdict, judgement.record["reasons"]) == ("INCONCLUSIVE", ["evidence"])
    checks = judgement.record["checks"]
    assert isinstance(checks, list)
    assert isinstance(checks[0], dict)
    assert checks[0]["further"] == {"cases": 40, "why": ""}
