"""Strategies are measured against their parent on the tuning set alone, and nothing is registered."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cli import main
from cli.experiments import table
from experiments.corrections import Comparison, compare_strategies, corrected_codes
from feedback.datasets import DatasetRow, Recipe
from model_registry.recording import recorded
from overread.domain.adjudication import Grade
from overread.domain.datasets import Split
from overread.domain.errors import EvidenceError
from overread.domain.findings import Finding, Label
from overread.domain.identifiers import FindingCode, PatientKey
from overread.domain.labels import StudyLabel
from pipeline.retraining import build_dataset
from pipeline.services import PipelineServices
from tests.builders import uid
from tests.pipeline.departments import TINY, in_split, put_in_production

STRATEGIES = """
[variants.gentle]
images = { passes = 1, rate = 1e-3 }

[variants.anew]
fresh = true
images = { passes = 1, rate = 3e-3 }
"""
CORRECTED = 12


def rows(codes: list[str | None], *, correction: bool) -> list[DatasetRow]:
    return [
        DatasetRow(
            study=uid(number),
            patient=PatientKey(f"patient-{number}"),
            split=Split.TRAIN,
            label=Label.NO_FINDING if code is None else Label.HAS_FINDING,
            grade=Grade.DOUBLE,
            correction=correction,
            complete=True,
            findings=() if code is None else ((code, None),),
        )
        for number, code in enumerate(codes, start=1)
    ]


def test_corrections_are_about_what_they_name_twice_as_often_as_older_labels() -> None:
    older = rows(["nodule"] * 20 + ["fibrous_strand"] * 5 + [None] * 75, correction=False)
    corrections = rows(
        ["nodule"] * 15 + ["fibrous_strand"] * 15 + ["effusion"] * 9 + [None] * 11, correction=True
    )
    assert corrected_codes([*older, *corrections]) == ("fibrous_strand",)  # effusion: only nine name it
    assert corrected_codes(older) == ()


def corrected(services: PipelineServices) -> str:
    """Let the candidate serve, and settle some training studies as strands; return the dataset version."""
    now = services.now()
    put_in_production(services, "1")
    with services.storage.work() as work:
        for study in in_split(services, Split.TRAIN)[:CORRECTED]:
            work.labels.add(
                StudyLabel(
                    id=f"settled-{study.uid}",
                    study=study.uid,
                    label=Label.HAS_FINDING,
                    grade=Grade.ADJUDICATED,
                    source="adjudication",
                    at=now,
                    findings=(Finding(code=FindingCode("rib_variant")),),
                )
            )
        work.commit()
    return build_dataset(services, Recipe(), by="tests")


@pytest.fixture
def training(tmp_path: Path) -> str:
    place = tmp_path / "strategies.toml"
    place.write_text(TINY.read_text().partition("[variants")[0] + STRATEGIES)
    return str(place)


@pytest.mark.slow
def test_every_strategy_is_measured_beside_its_parent_and_nothing_is_registered(
    school: PipelineServices,
    training: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    version = corrected(school)
    shares: list[float] = []
    found = compare_strategies(school, training=training, on_progress=shares.append)
    assert (found.parent, found.dataset, found.corrections) == ("1", version, CORRECTED)
    assert found.codes == ("rib_variant",)
    assert [one.name for one in found.strategies] == ["(parent)", "gentle", "anew"]
    parent, gentle, anew = found.strategies
    assert (parent.lost.estimate, parent.falls, parent.cpu_seconds) == (0.0, {}, 0.0)
    assert gentle.cpu_seconds > 0
    assert anew.auc != gentle.auc
    tuning = in_split(school, Split.TUNE)
    assert {one.auc.n for one in found.strategies} == {len(tuning)}
    assert {one.auc.n_clusters for one in found.strategies} == {len({study.patient for study in tuning})}
    assert shares[-1] == 1.0
    with school.storage.look() as work:
        assert [model.version for model in work.models.all()] == ["1"]
        assert work.datasets.test_set() is None  # nobody has asked the test set

    monkeypatch.setenv("OVERREAD_DATA_DIR", str(school.settings.folder))
    with pytest.raises(SystemExit) as ended:
        main.run(["experiment", "corrections", "--training", training, "--json"])
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out) == recorded(found)


def test_without_a_release_or_corrections_it_says_what_to_do(school: PipelineServices, training: str) -> None:
    with pytest.raises(EvidenceError, match="promote a first one"):
        compare_strategies(school, training=training)
    put_in_production(school, "1")
    with pytest.raises(EvidenceError, match="adjudicate some"):
        compare_strategies(school, training=training)


def test_the_table_has_a_line_a_strategy_with_limits(school: PipelineServices, training: str) -> None:
    corrected(school)
    found = compare_strategies(school, training=training)
    forgetful = replace(found.strategies[1], falls={"nodule": 0.25})
    lines = table(replace(found, strategies=(found.strategies[0], forgetful)))
    assert isinstance(found, Comparison)
    assert "mostly of rib_variant. Tuning set, specificity 0.90, 95 % limits. Grey levels alone" in lines[0]
    assert lines[0].endswith("No verdict: 23 of one class, fewer than 100.")
    assert len(lines) == 6
    assert lines[4].startswith("| (parent) | 0.")
    assert "| nodule 0.25 |" in lines[5]
    assert lines[5].count("[") == 4
