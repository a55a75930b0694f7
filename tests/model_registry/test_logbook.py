"""What a run holds after a training and after a comparison."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from model_registry.gate import Field, Judgement, judge
from model_registry.logbook import flat, log_history, log_judgement, log_order, side_by_side
from model_registry.test_set import freeze
from model_registry.tracking import Tracking
from overread.domain.datasets import DatasetVersion, TestSet
from overread.domain.identifiers import Digest
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork
from tests.model_registry.toys import a_contender, a_look, a_policy, answering, some_cases

CASES = [
    replace(case, boxes=((0.0, 0.0, 0.25, 0.25),) if case.positive else ()) for case in some_cases(120, 120)
]
MAPS = np.zeros((240, 4, 4), np.float32)
MAPS[:, 0, 0] = 1


@pytest.fixture(scope="module")
def judgement() -> Judgement:
    before = a_contender("1", answering(CASES, misses=30, false_alarms=10))
    after = replace(a_contender("2", answering(CASES, misses=10, false_alarms=12)), maps=MAPS)
    control = a_contender("3", answering(CASES, misses=28, false_alarms=10))
    field = Field(candidate=after, production=before, anchor=before, beside=(("control", control),))
    return judge(CASES, field, policy=a_policy(), look=a_look())


def test_an_order_is_kept_with_data_seed_code_and_libraries(tracking: Tracking, now: datetime) -> None:
    dataset = DatasetVersion(version="d1", digest=Digest("a" * 64), task="demo", created_at=now)
    order = {"architecture": "resnet10-lse", "images": {"rate": 0.0035, "augment": {"degrees": 4.0}}}
    with tracking.run("ordered", "train", key="ordered", now=now) as record:
        log_order(record, order, dataset=dataset, seed=7, code="0.1.0+abc")
        log_history(record, [{"stage": "patches", "loss": 0.9}, {"stage": "images", "loss": 0.4}], at=now)
    data = tracking.client.get_run(record.id).data
    assert data.params == {
        "architecture": "resnet10-lse",
        "images.rate": "0.0035",
        "images.augment.degrees": "4.0",
        "seed": "7",
    }
    assert (data.tags["overread.code"], data.tags["overread.dataset.training"]) == ("0.1.0+abc", "d1")
    assert data.tags["environment.python"].startswith("3.")
    assert data.metrics == {"patches.loss": 0.9, "images.loss": 0.4}


@pytest.fixture
def compared(
    tracking: Tracking, judgement: Judgement, now: datetime, work: UnitOfWork, objects: Objects
) -> tuple[str, TestSet]:
    """Return the run in which a comparison was logged, and its test set."""
    test_set = freeze(work, objects, CASES, task="demo", policy=a_policy(), now=now)
    with tracking.run("compared", "2 against 1", key="compared", now=now) as record:
        log_judgement(record, judgement, look=a_look(), test_set=test_set, at=now)
    return record.id, test_set


def test_a_comparison_stands_side_by_side_in_one_run(
    tracking: Tracking, judgement: Judgement, compared: tuple[str, TestSet]
) -> None:
    run, test_set = compared
    data = tracking.client.get_run(run).data
    metrics, tags = data.metrics, data.tags
    assert metrics["candidate.sensitivity"] == pytest.approx(110 / 120)
    assert metrics["production.sensitivity"] == pytest.approx(90 / 120)
    assert metrics["control.true_positive"] == 92
    assert metrics["difference.sensitivity"] == pytest.approx(20 / 120)
    assert metrics["difference.sensitivity.lower"] < metrics["difference.sensitivity"]
    assert metrics["candidate.has_finding.f1"] == pytest.approx(2 * 110 / (120 + 122))
    assert (tags["overread.verdict"], tags["overread.test_set.digest"]) == (
        judgement.verdict,
        test_set.digest,
    )
    assert metrics["localisation.candidate.model.pointing"] == 1
    assert metrics["localisation.candidate.centre.pointing.upper"] < 0.1
    assert metrics["localisation.candidate.n"] == 120
    assert not [name for name in metrics if name.startswith("localisation.production")]
    assert (data.params["look"], data.params["alpha"], data.params["anchor"]) == ("1", "0.005", "1")
    assert data.params["policy_version"] == "1"
    assert metrics["candidate.auc.lower"] <= metrics["candidate.auc"] <= metrics["candidate.auc.upper"]


def test_every_check_is_a_tag_with_its_reason_and_an_undecided_one_has_its_number(
    tracking: Tracking, judgement: Judgement, compared: tuple[str, TestSet]
) -> None:
    data = tracking.client.get_run(compared[0]).data
    checks = judgement.record["checks"]
    assert isinstance(checks, list)
    tags = {name: said for name, said in data.tags.items() if name.startswith("overread.check.")}
    assert len(tags) == len(checks)
    assert tags["overread.check.sensitivity"].startswith("pass: +16.7 pp [")
    assert "overread.check.slice:age__60:specificity" in tags
    assert data.tags["overread.reasons"] == "specificity, anchor.specificity"
    assert (
        data.metrics["further_cases.specificity"] == 100
    )  # ceil(3.857^2 (2/120 - (2/120)^2) / (4/120)^2) - 120
    assert "further_cases.sensitivity" not in data.metrics


def test_mlflow_learns_of_no_study_and_no_patient(
    tracking: Tracking, compared: tuple[str, TestSet], tmp_path: Path
) -> None:
    run, _ = compared
    (tmp_path / "run").mkdir()
    folder = Path(tracking.client.download_artifacts(run, "", str(tmp_path / "run")))
    files = [path for path in folder.rglob("*") if path.is_file()]
    said = "".join(path.read_text() for path in files)
    said += json.dumps(tracking.client.get_run(run).data.to_dictionary())
    assert {path.name for path in files} >= {"comparison.json", "comparison.md", "candidate.json"}
    assert "1.2.3." not in said
    assert not [case.patient for case in CASES if f'"{case.patient}"' in said]
    assert json.loads((folder / "comparison.json").read_text())["flips"] == 2


def test_the_table_has_a_column_for_everybody(judgement: Judgement) -> None:
    table = side_by_side(judgement).splitlines()
    assert table[2] == "| | candidate | production | anchor | control |"
    assert table[5].startswith("| sensitivity | 0.917 [")
    assert judgement.verdict in table[0]
    assert [line for line in table if line.startswith("- `specificity` inconclusive: ")]


def test_nested_tables_become_one() -> None:
    assert flat({"a": 1, "b": {"c": {"d": 2}}}) == {"a": 1, "b.c.d": 2}
