"""The reasons of the gate as sentences, in both languages and for every status there is."""

import json
from typing import Any

import pytest

from model_registry.gate import Field, judge
from model_registry.reasons import Teller
from overread.wording.catalogue import LANGUAGES, catalogue
from overread.wording.numbers import MINUS
from tests.model_registry.toys import a_contender, a_look, a_policy, answering, some_cases

EN = Teller(words=catalogue("en"), findings={"nodule": "nodule"})


def a_check(name: str, status: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "role": "required",
        "status": status,
        "estimate": -0.01,
        "lower": -0.04,
        "upper": 0.02,
        "margin": 0.03,
        "n": 1018,
        "gained": 20,
        "lost": 30,
        "further": None,
    } | more


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (
            a_check("sensitivity", "inconclusive"),
            f"{MINUS}1.0 pp [{MINUS}4.0, +2.0] in 1,018 studies: a loss of 3.0 pp or more is not ruled out",
        ),
        (
            a_check("sensitivity", "inconclusive", further={"cases": 1700, "why": ""}),
            "With about 1,700 more studies with a finding it would pass with a chance of 90 %",
        ),
        (
            a_check("critical:nodule:sensitivity", "inconclusive", further={"cases": 90, "why": ""}),
            "With about 90 more studies with nodule it would pass",
        ),
        (
            a_check("slice:sex=F:specificity", "inconclusive", further={"cases": 90, "why": ""}),
            "With about 90 more studies without one (Sex F) it would pass",
        ),
        (
            a_check("auc", "inconclusive", further={"cases": None, "why": "loss"}),
            f"{MINUS}0.010 [{MINUS}0.040, +0.020] in 1,018 studies: a loss of 0.030 or more is not ruled out",
        ),
        (
            a_check("auc", "inconclusive", further={"cases": None, "why": "loss"}),
            "No number of further studies",
        ),
        (
            a_check("forgetting:nodule", "fail", estimate=-0.25, lower=-0.3, upper=-0.2, margin=0.1),
            "30 of 1,018 studies right that the candidate has wrong, 25.0 % [20.0, 30.0]: surely more",
        ),
        (
            a_check("forgetting", "pass", estimate=0.0, lower=-0.01, upper=0.0, lost=0),
            "0 of 1,018 studies right that the candidate has wrong, 0.0 % [0.0, 1.0]",
        ),
        (
            a_check("floor.sensitivity", "pass", estimate=0.9, lower=0.87, upper=0.93, margin=0.8),
            "90.0 % [87.0, 93.0] in 1,018 studies: surely at least 80.0 %.",
        ),
        (
            a_check("localisation", "not-evaluable", n=0, estimate=None, lower=None, upper=None),
            "Not evaluated",
        ),
        (
            a_check("critical:nodule:sensitivity", "counts-only", n=4, estimate=None, lower=None),
            "4 studies, gained 20, lost 30: fewer than 10 are counted and no more.",
        ),
    ],
)
def test_a_check_is_told_with_its_numbers(check: dict[str, Any], said: str) -> None:
    assert said in EN.reason(check, {})


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_check_the_gate_makes_has_a_title_and_a_reason(language: str) -> None:
    teller = Teller(words=catalogue(language), findings={"nodule": "N", "effusion": "E"})
    cases = some_cases(130, 130)
    before = a_contender("1", answering(cases, misses=30, false_alarms=10))
    told = set()
    for misses in (5, 32, 120):
        after = a_contender("2", answering(cases, misses=misses, false_alarms=12))
        for field in (Field(candidate=after, production=before, anchor=before), Field(candidate=after)):
            record = judge(cases, field, policy=a_policy(critical=("nodule", "mass")), look=a_look()).record
            plain = json.loads(json.dumps(dict(record)))
            for check in plain["checks"]:
                told.add(check["status"])
                assert teller.title(check["name"]) != check["name"]
                assert teller.reason(check, plain["test_set"])
                assert "nan" not in teller.reason(check, plain["test_set"])
    assert told == {"pass", "fail", "inconclusive", "not-evaluable", "counts-only"}


def test_what_decided_is_told_by_name() -> None:
    failed = a_check("sensitivity", "fail", upper=-0.001)
    comparison = {"reasons": ["sensitivity"], "checks": [a_check("auc", "pass"), failed], "test_set": {}}
    assert list(EN.because_of(comparison)) == ["sensitivity"]
    assert "surely worse" in EN.because_of(comparison)["sensitivity"]


def test_an_older_record_is_told_as_far_as_it_goes() -> None:
    assert EN.reason({"name": "evidence", "status": "pass"}, {"n_positive": 600}) == ""
    assert EN.reason({"name": "auc", "status": "unheard-of"}, {}) != "None"
