"""The demo's report tells why the gate said what it said."""

import json

from cli.demo.report import told
from model_registry.gate import Field, judge
from model_registry.reasons import Teller
from overread.wording.catalogue import catalogue
from tests.model_registry.toys import a_contender, a_look, a_policy, answering, some_cases


def test_every_check_has_its_reason_and_what_decided_is_marked() -> None:
    cases = some_cases(120, 120)
    before = a_contender("1", answering(cases, misses=10, false_alarms=10))
    after = a_contender("2", answering(cases, misses=90, false_alarms=10))
    record = judge(cases, Field(candidate=after, production=before), policy=a_policy(), look=a_look()).record
    comparison = json.loads(json.dumps(dict(record)))
    rows = told(Teller(words=catalogue("en"), findings={"nodule": "nodule"}), comparison)
    decided = {row["title"]: row for row in rows if row["decided"]}
    assert len(rows) == len(comparison["checks"])
    assert {"Sensitivity", "Forgetting: nodule"} <= set(decided)
    assert "surely worse" in decided["Sensitivity"]["why"]
    assert (decided["Sensitivity"]["role"], decided["Sensitivity"]["status"]) == ("Required", "Fail")
