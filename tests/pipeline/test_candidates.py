"""A trained package becomes a registered version, once, with all that it came from."""

import json

import pytest
from mlflow.artifacts import load_text

from feedback.datasets import load
from overread.domain.datasets import Split
from overread.learning.backbones import RANDOM_STATEMENT
from overread.settings.environment import Settings
from pipeline.candidates import register_candidate
from pipeline.evaluating import tuning_evaluation
from pipeline.services import PipelineServices
from pipeline.training import Trained


def test_a_candidate_says_what_it_came_from(
    school: PipelineServices, trained: tuple[Settings, Trained]
) -> None:
    learned = trained[1]
    with school.storage.look() as work:
        (model,) = work.models.all()
        assert work.models.production(school.task.name) is None
    assert (model.version, model.digest, model.threshold) == ("1", learned.package, learned.threshold)
    assert model.lineage.dataset_version == learned.job.dataset_version
    assert (model.lineage.recipe, model.lineage.flow_runs) == ("tiny", ("flow-1",))


def test_registered_again_nothing_changes(
    school: PipelineServices, trained: tuple[Settings, Trained]
) -> None:
    with school.storage.look() as work:
        before = work.audit.length()
    assert register_candidate(school, trained[1]) == "1"
    with school.storage.look() as work:
        assert work.audit.length() == before
        assert len(work.models.all()) == 1
    assert len(school.tracking.client.search_model_versions(f"name = '{school.task.name}'")) == 1


def test_its_run_has_data_code_seed_environment_and_the_tuning_set(
    school: PipelineServices, trained: tuple[Settings, Trained]
) -> None:
    with school.storage.look() as work:
        run_id = work.models.get("1").lineage.run
    run = school.tracking.client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["seed"] == "1"
    assert run.data.params["architecture"] == "resnet10-lse"
    assert run.data.params["device"] == "cpu"
    assert run.data.params["start"] == RANDOM_STATEMENT
    assert run.data.tags["overread.dataset.training"] == trained[1].job.dataset_version
    assert "environment.torch" in run.data.tags
    metrics = run.data.metrics
    for name in ("auc", "auc.lower", "auc.upper", "true_positive", "has_finding.precision", "no_finding.f1"):
        assert f"tuning.{name}" in metrics
    assert metrics["grey_levels.auc.lower"] <= metrics["grey_levels.auc"] <= metrics["grey_levels.auc.upper"]
    assert metrics["parity.probability"] < 1e-4
    assert -1 <= metrics["map.likeness_to_random"] <= 1
    whole = json.loads(load_text(f"{run.info.artifact_uri}/tuning.json"))
    assert sum(whole["confusion"].values()) == whole["n"]


def test_its_files_are_found_again_where_the_data_folder_has_moved(
    school: PipelineServices, trained: tuple[Settings, Trained]
) -> None:
    assert school.settings.folder != trained[0].folder
    with school.storage.look() as work:
        run = school.tracking.client.get_run(work.models.get("1").lineage.run)
    assert run.info.artifact_uri.startswith((school.settings.folder / "mlflow").as_uri())


def test_what_is_evaluated_is_the_tuning_set_beside_grey_levels_alone(school: PipelineServices) -> None:
    shown = tuning_evaluation(school, "1")
    with school.storage.look() as work:
        dataset = work.datasets.get(work.models.get("1").lineage.dataset_version)
    rows = [row for row in load(school.storage.objects, dataset.digest) if row.split is Split.TUNE]
    assert shown["n"] == len(rows)
    assert isinstance(shown["auc"], dict)
    assert isinstance(shown["grey_levels_alone"], dict)
    assert shown["note"] == "no verdict: 23 of one class, fewer than 100"
    trained_auc = school.tracking.client.get_run(_run(school)).data.metrics["tuning.auc"]
    assert shown["auc"]["estimate"] == pytest.approx(trained_auc, abs=1e-3)


def _run(services: PipelineServices) -> str:
    with services.storage.look() as work:
        return work.models.get("1").lineage.run
