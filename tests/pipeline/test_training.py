"""A training as a job: what it learns from, and that a killed one ends as an unbroken one would have."""

import json
import math
import os
import signal
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path

import pytest
from safetensors import safe_open

from feedback.datasets import DatasetRow, Recipe, load
from model_registry.packaging import open_package
from overread.domain.adjudication import Grade
from overread.domain.datasets import Split
from overread.domain.errors import ConfigurationError, EvidenceError, NotFoundError, RuleError
from overread.domain.findings import Label
from overread.domain.identifiers import PatientKey, StudyUid
from overread.learning.data import ANY
from overread.learning.mixing import Mix
from overread.learning.resuming import CHECKPOINT
from pipeline import children
from pipeline.candidates import Plan, find_recipe, jobs_of, train_side_by_side
from pipeline.children import KilledError, Told, train_in_children
from pipeline.labelling import columns_of, training_set
from pipeline.live import EXPERIMENT
from pipeline.ranks import environments
from pipeline.retraining import build_dataset
from pipeline.services import PipelineServices
from pipeline.training import run_job
from tests.pipeline.departments import TINY


def a_row(number: int, *codes: str, complete: bool = True, correction: bool = False) -> DatasetRow:
    return DatasetRow(
        study=StudyUid(f"1.2.{number}"),
        patient=PatientKey(f"p{number}"),
        split=Split.TRAIN,
        label=Label.HAS_FINDING if codes else Label.NO_FINDING,
        grade=Grade.REPORT,
        correction=correction,
        complete=complete,
        findings=tuple((code, None) for code in codes),
    )


def test_a_finding_gets_an_output_once_ten_training_studies_show_it() -> None:
    rows = [a_row(n, "nodule") for n in range(10)] + [a_row(n, "effusion") for n in range(10, 19)]
    assert columns_of(rows) == (ANY, "nodule")


def test_corrections_come_after_what_is_replayed() -> None:
    rows = [a_row(1, "nodule", correction=True), a_row(2), a_row(3, "nodule")]
    studies, dataset = training_set(rows, (ANY, "nodule"), Mix(), seed=1)
    assert studies == ["1.2.2", "1.2.3", "1.2.1"]
    assert dataset.labels[:, 0].tolist() == [0, 1, 1]


def test_an_incomplete_list_of_findings_says_nothing_of_the_others() -> None:
    rows = [a_row(1, "nodule", complete=False), a_row(2, "nodule"), a_row(3)]
    _, dataset = training_set(rows, (ANY, "nodule", "effusion"), Mix(), seed=1)
    assert dataset.labels[0, :2].tolist() == [1, 1]
    assert math.isnan(dataset.labels[0, 2])
    assert dataset.labels[1:].tolist() == [[1, 1, 0], [0, 0, 0]]


def test_a_label_weighs_what_its_evidence_is_worth() -> None:
    rows = [replace(a_row(n), grade=grade) for n, grade in enumerate(Grade)]
    mix = Mix(grade_weights={"report": 0.4, "single": 0.7})
    _, dataset = training_set(rows, (ANY,), mix, seed=1)
    assert dataset.weights.tolist() == pytest.approx([0.4, 0.7, 1, 1])


def test_a_training_is_named_or_a_file(tmp_path: Path) -> None:
    assert find_recipe("demo").name == "demo.toml"
    assert find_recipe(str(TINY)) == TINY
    with pytest.raises(
        ConfigurationError, match="no training 'none'; known: corrections, corrections-real, demo, "
    ):
        find_recipe("none")
    with pytest.raises(ConfigurationError, match="there is no file"):
        find_recipe(str(tmp_path / "none.toml"))


def test_a_first_model_starts_from_the_weights_its_recipe_names(
    department: PipelineServices, tmp_path: Path
) -> None:
    missing = tmp_path / "body.pth"
    named = f'[weights]\nsource = "checkpoint"\npath = "{missing}"\nsha256 = "{"0" * 64}"\n'
    (tmp_path / "named.toml").write_text(TINY.read_text() + named)
    version = build_dataset(department, Recipe(), by="tests")
    (job,) = jobs_of(department, [Plan(dataset=version, recipe=str(tmp_path / "named.toml"))])
    with pytest.raises(NotFoundError, match=r"body\.pth"):
        run_job(department.settings, job)


def test_the_same_plan_is_the_same_job_and_another_recipe_is_another(
    department: PipelineServices, tmp_path: Path
) -> None:
    dataset = build_dataset(department, Recipe(), by="tests")
    plan = Plan(dataset=dataset, recipe=str(TINY))
    (one,), (same,) = jobs_of(department, [plan]), jobs_of(department, [plan])
    assert one == same
    changed = tmp_path / "changed.toml"
    changed.write_text(TINY.read_text().replace("rate = 3e-3", "rate = 2e-3"))
    (other,) = jobs_of(department, [replace(plan, recipe=str(changed))])
    (later,) = jobs_of(department, [replace(plan, seed=2)])
    assert len({one.key, other.key, later.key}) == 3
    with pytest.raises(RuleError, match="starts from the model in production"):
        jobs_of(department, [replace(plan, variant="more")])


def test_a_training_that_could_not_be_calibrated_does_not_begin(department: PipelineServices) -> None:
    with department.storage.work() as work:
        splits = work.studies.splits()
        for study in work.studies.all(cohort=True):
            (label,) = work.labels.of_study(study.uid)
            if splits[study.patient] is Split.TUNE and label.label is Label.HAS_FINDING:
                work.studies.save(replace(study, cohort=False))
        work.commit()
    dataset = build_dataset(department, Recipe(), by="tests")
    (job,) = jobs_of(department, [Plan(dataset=dataset, recipe=str(TINY))])
    with pytest.raises(
        EvidenceError, match="readable tuning studies are 23 no_finding, 0 has_finding; at least 20"
    ):
        run_job(department.settings, job)


@pytest.mark.slow
def test_a_killed_training_resumes_and_ends_as_an_unbroken_one(
    department: PipelineServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "BEAT_SECONDS", 0.1)
    dataset = build_dataset(department, Recipe(), by="tests")
    recipe = department.settings.folder / "long.toml"
    recipe.write_text(TINY.read_text().replace("passes = 2", "passes = 40"))
    (job,) = jobs_of(department, [Plan(dataset=dataset, recipe=str(recipe))])
    twin = replace(job, key="twin", folder=job.folder.with_name("twin"))
    killed: list[int] = []

    def kill_one_half_way(_share: float) -> None:
        if not killed and _told(job.folder) >= 0.3:
            child = next(child for child in active_children() if child.name == job.key)
            os.kill(child.pid or 0, signal.SIGKILL)
            killed.append(child.pid or 0)

    with pytest.raises(KilledError, match="goes on from its last checkpoint"):
        train_side_by_side(department, [job, twin], on_progress=kill_one_half_way)
    assert killed
    kept = _legs(job.folder / CHECKPOINT)
    assert 0 < len(kept) < 40
    resumed, unbroken = train_side_by_side(department, [job, twin])
    assert list(resumed.history[: len(kept)]) == kept
    assert _curve(department, job.key)[-1] > _curve(department, job.key)[0] > 0
    assert resumed.package == unbroken.package
    assert open_package(department.storage.objects.get(resumed.package)).contract.size == 64


@pytest.mark.slow
def test_two_processes_share_a_training_and_end_together_when_one_is_killed(
    department: PipelineServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "BEAT_SECONDS", 0.1)
    monkeypatch.setattr(children, "ANSWER_SECONDS", 1.0)
    dataset = build_dataset(department, Recipe(), by="tests")
    (job,) = jobs_of(department, [Plan(dataset=dataset, recipe=str(TINY))])
    settings = department.settings.model_copy(update={"training_processes": 2})
    department.pictures(64).readable([row.study for row in load(department.storage.objects, job.dataset)])

    def kill_the_second(_share: float) -> None:
        for child in active_children():
            if child.name == f"{job.key}+1":
                child.kill()

    with pytest.raises(KilledError, match=r"exit codes \[.*-9\]"):
        train_in_children(settings, [job], processes=1, told=Told(share=kill_the_second))
    assert not _processes_of(job.key)
    (shared,) = train_in_children(settings, [job], processes=1, told=Told())
    assert [leg["stage"] for leg in shared.history] == ["images", "images"]
    assert not _processes_of(job.key)


def _processes_of(key: str) -> list[str]:
    return [child.name for child in active_children() if child.name.startswith(key)]


def test_alone_a_process_needs_no_rank_and_together_each_has_its_own() -> None:
    assert environments(1) == [{}]
    first, second = environments(2)
    assert (first["RANK"], second["RANK"], second["LOCAL_RANK"]) == ("0", "1", "1")
    assert first["MASTER_PORT"] == second["MASTER_PORT"]
    assert first["WORLD_SIZE"] == "2"


def _curve(services: PipelineServices, key: str) -> list[int]:
    """Return the steps at which the run of a job was told its loss while it trained."""
    client = services.tracking.client
    experiment = services.tracking.experiment(EXPERIMENT)
    (run,) = client.search_runs([experiment], f"tags.`overread.key` = '{key}'")
    return [point.step for point in client.get_metric_history(run.info.run_id, "live.images.loss")]


def _told(folder: Path) -> float:
    try:
        said = json.loads((folder / "progress.json").read_text())
    except FileNotFoundError:
        return 0.0
    return float(said["done"] / said["of"])


def _legs(checkpoint: Path) -> list[dict[str, float | str]]:
    with safe_open(checkpoint, framework="np") as file:
        facts = json.loads(file.metadata()["overread"])
    history: list[dict[str, float | str]] = facts["history"]
    return history


def test_what_a_watcher_raises_ends_the_trainings(
    department: PipelineServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "BEAT_SECONDS", 0.1)
    dataset = build_dataset(department, Recipe(), by="tests")
    jobs = jobs_of(department, [Plan(dataset=dataset, recipe=str(TINY))])

    def refuse(_share: float) -> None:
        if _processes_of(jobs[0].key):
            raise RuleError("called off")

    with pytest.raises(RuleError, match="called off"):
        train_side_by_side(department, jobs, on_progress=refuse)
    assert not _processes_of(jobs[0].key)


@pytest.mark.slow
def test_a_child_tells_its_own_error_in_the_parent(department: PipelineServices) -> None:
    dataset = build_dataset(department, Recipe(), by="tests")
    (job,) = jobs_of(department, [Plan(dataset=dataset, recipe=str(TINY))])
    (department.settings.folder / "overread.db").rename(department.settings.folder / "gone.db")
    with pytest.raises(ConfigurationError, match="run `overread init` first"):
        train_in_children(department.settings, [job], processes=1, told=Told())
