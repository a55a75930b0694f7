"""A training that asks for eight bits gets a package that says whether they may serve."""

import io
from dataclasses import replace

import numpy as np
import pytest

from feedback.datasets import Recipe, load
from model_registry.evaluation import score
from model_registry.packaging import Precision, int8_verdict, open_package, package_parts
from model_registry.recording import recorded
from overread.domain.datasets import Split
from overread.domain.identifiers import StudyUid
from overread.domain.policies import Int8Margins
from pipeline import training
from pipeline.candidates import Plan, jobs_of, register_candidate
from pipeline.evaluating import tuning_evaluation
from pipeline.pictures import PictureSource
from pipeline.quantising import with_int8
from pipeline.retraining import build_dataset
from pipeline.services import PipelineServices
from pipeline.training import Trained, run_job
from tests.pipeline.departments import TINY

pytestmark = pytest.mark.slow
WIDE = Int8Margins(sensitivity=0.5, specificity=0.5)


def trained_with_int8(services: PipelineServices, calibration: int = 20) -> Trained:
    """Train the tiny network as a recipe with `[export]` says."""
    recipe = services.settings.folder / "int8.toml"
    recipe.write_text(f"{TINY.read_text()}\n[export]\nint8 = true\ncalibration = {calibration}\n")
    version = build_dataset(services, Recipe(), by="tests")
    (job,) = jobs_of(services, [Plan(dataset=version, recipe=str(recipe))])
    return run_job(services.settings, job)


def test_a_tuning_set_too_small_to_tell_keeps_the_floats(department: PipelineServices) -> None:
    trained = trained_with_int8(department)
    assert trained.int8 is not None
    assert trained.int8.reasons == ("sensitivity", "specificity")
    content = department.storage.objects.get(trained.package)
    assert open_package(content).precision is Precision.FLOAT32
    verdict = int8_verdict(io.BytesIO(content))
    assert verdict is not None
    assert verdict["n"] == trained.int8.n == 46
    assert "model-int8.onnx" in package_parts(content)


def test_where_they_pass_every_number_is_theirs(
    department: PipelineServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    lenient = replace(department.policy, int8=WIDE)  # 23 studies a class can show no smaller loss
    monkeypatch.setattr(training, "load_policy", lambda _name: lenient)
    trained = trained_with_int8(department)
    assert trained.int8 is not None
    assert trained.int8.passed
    assert open_package(department.storage.objects.get(trained.package)).precision is Precision.INT8
    version = register_candidate(department, trained)
    again = tuning_evaluation(department, version)  # scores the package that would serve
    assert again["brier"] == recorded(trained.evaluation.brier)
    run = department.tracking.client.get_run(_run(department, version)).data
    assert run.tags["overread.precision"] == "int8"


def _run(services: PipelineServices, version: str) -> str:
    with services.storage.look() as work:
        return work.models.get(version).lineage.run


def test_ranges_come_from_training_studies_alone(
    department: PipelineServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[StudyUid]] = []
    gather = PictureSource.gather

    def noted(source: PictureSource, studies: list[StudyUid]) -> np.ndarray:
        asked.append(studies)
        return gather(source, studies)

    monkeypatch.setattr(PictureSource, "gather", noted)
    trained = trained_with_int8(department, calibration=12)
    rows = {row.study: row.split for row in load(department.storage.objects, trained.job.dataset)}
    assert len(asked[-1]) == 12
    assert {rows[study] for study in asked[-1]} == {Split.TRAIN}


def test_the_verdict_is_on_the_very_graph_of_the_package(school: PipelineServices) -> None:
    with school.storage.look() as work:
        model = work.models.get("1")
        dataset = work.datasets.get(model.lineage.dataset_version)
    rows = load(school.storage.objects, dataset.digest)
    parts = {split: [row for row in rows if row.split is split] for split in (Split.TRAIN, Split.TUNE)}
    source = school.pictures(model.image_size)
    training_set, tuning = (source.gather([row.study for row in part]) for part in parts.values())
    truth = np.array([row.label == "has_finding" for row in parts[Split.TUNE]], np.float32)
    content = school.storage.objects.get(model.digest)
    made = with_int8(content, training_set[:10], tuning, truth, margins=WIDE)
    served = open_package(made.package)
    assert served.precision is Precision.INT8
    probability = score(served, tuning).probability[:, 0]
    assert np.array_equal(probability, made.probability)
    floats = score(open_package(content), tuning).probability[:, 0]
    assert made.verdict.largest_change == pytest.approx(float(np.abs(floats - probability).max()), abs=1e-6)
    assert package_parts(made.package)["weights.safetensors"] == package_parts(content)["weights.safetensors"]
