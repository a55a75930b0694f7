"""A test set is refreshed: new patients, a few old ones, a bridge that spends no look."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cli import test_sets
from model_registry.ledger import looks_left
from model_registry.refresh import TooFewNewPatientsError
from model_registry.test_set import cases_of
from overread.domain.datasets import Purpose, Split
from overread.domain.errors import EvidenceError
from overread.settings.environment import Settings
from pipeline import refreshing
from pipeline import services as services_module
from pipeline.comparing import UnbridgedError, compare, frozen_test_set
from pipeline.importing import import_collection
from pipeline.refreshing import planned, refresh_test_set
from pipeline.services import PipelineServices
from pipeline.training import Trained
from tests.pipeline.conftest import copied
from tests.pipeline.departments import balanced, in_split, put_in_production, write_collection

NEW = 5  # patients of each class, at least


def lenient(services: PipelineServices) -> PipelineServices:
    """Return services whose gate asks for a few patients only."""
    return replace(services, policy=replace(services.policy, min_positive=NEW, min_negative=NEW))


@pytest.fixture(scope="module")
def worn(trained: tuple[Settings, Trained], tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The department with production, one look taken, and eight new test studies of each class."""
    files = tmp_path_factory.mktemp("files")
    services = lenient(copied(trained[0], tmp_path_factory.mktemp("worn") / "data"))
    compare(services, "1", by="tests", why="first")
    put_in_production(services, "1")
    write_collection(files, balanced({Split.TEST: 8}, seed=77))
    import_collection(services, files, "folder")
    services.storage.engine.dispose()
    return services.settings


@pytest.fixture
def aged(worn: Settings, tmp_path: Path) -> Iterator[PipelineServices]:
    """A copy of it for each test."""
    services = copied(worn, tmp_path / "data")
    yield lenient(services)
    services.storage.engine.dispose()


def test_a_refreshed_set_is_new_patients_old_ones_and_a_bridge_without_a_look(aged: PipelineServices) -> None:
    before = frozen_test_set(aged)
    made = refresh_test_set(aged, by="tests", why="the old one is worn")
    old = cases_of(aged.storage.objects, before)
    patients, known = (
        {case.patient for case in cases_of(aged.storage.objects, made.test_set)},
        {case.patient for case in old},
    )
    assert len(patients & known) == round(0.2 * len(known))
    assert made.test_set.n_positive >= NEW
    assert (made.test_set.parent, frozen_test_set(aged)) == (before.version, made.test_set)
    (crossed,) = made.crossings.values()
    assert (crossed.version, set(crossed.difference)) == ("1", {"sensitivity", "specificity", "auc"})
    assert all(shown.lower <= shown.estimate <= shown.upper for shown in crossed.difference.values())
    with aged.storage.look() as work:
        assert looks_left(work, made.test_set) == made.test_set.looks
        assert [look.look for look in work.datasets.looks(before.version)] == [1]
        for version in (before.version, made.test_set.version):
            assert [(use.purpose, use.model) for use in work.datasets.uses(version)] == [
                (Purpose.BRIDGE, "1")
            ]
        rows = [row.event for row in work.audit.rows()]
    done = [row.action for row in rows if row.action.startswith("test-set")]
    assert done == [
        "test-set-frozen",
        "test-set-look",
        "test-set-frozen",
        "test-set-refreshed",
        "test-set-use",
        "test-set-use",
        "test-set-bridged",
    ]


def test_killed_before_its_bridge_nothing_is_compared_until_it_is_run_again(
    aged: PipelineServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(refreshing, "contender", die)
        with pytest.raises(KeyboardInterrupt):
            refresh_test_set(aged, by="tests", why="worn")
    with pytest.raises(UnbridgedError, match="refresh-test-set"):
        compare(aged, "1", by="tests", why="too early")
    made = refresh_test_set(aged, by="tests", why="again")
    assert frozen_test_set(aged) == made.test_set
    with aged.storage.look() as work:
        assert len(work.datasets.test_sets()) == 2
    assert compare(aged, "1", by="tests", why="now it may").verdict == "INCONCLUSIVE"


def test_without_new_patients_nothing_is_frozen(school: PipelineServices) -> None:
    with pytest.raises(EvidenceError, match="the first comparison freezes one"):
        refresh_test_set(school, by="tests", why="too early")
    known = frozen_test_set(school)
    with pytest.raises(TooFewNewPatientsError, match="100 more new patients with a finding and 100 more"):
        refresh_test_set(school, by="tests", why="too early")
    assert frozen_test_set(school) == known


def test_a_new_picture_that_a_training_set_has_held_is_left_out(aged: PipelineServices) -> None:
    with aged.storage.look() as work:
        used = {case.patient for case in cases_of(aged.storage.objects, frozen_test_set(aged))}
    fresh = next(study for study in in_split(aged, Split.TEST) if study.patient not in used)
    with aged.storage.work() as work:
        seen = in_split(aged, Split.TRAIN)[0]
        work.studies.save(replace(fresh, fingerprint=seen.fingerprint))
        work.commit()
    plan = planned(aged)
    assert plan.left_out == (fresh.uid,)


def test_the_bridge_is_in_mlflow_without_a_single_study(aged: PipelineServices) -> None:
    refresh_test_set(aged, by="tests", why="worn")
    client = aged.tracking.client
    (experiment,) = [found for found in client.search_experiments() if found.name == "test-set-bridge"]
    (run,) = client.search_runs([experiment.experiment_id])
    assert {"production.difference.auc", "production.difference.auc.lower"} <= set(run.data.metrics)
    told = json.dumps([run.data.to_dictionary(), client.list_artifacts(run.info.run_id)], default=str)
    assert not any(study.uid in told for study in in_split(aged, Split.TEST))


def test_the_commands_show_the_ledger_and_refresh(
    aged: PipelineServices, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(test_sets, "settings", lambda: aged.settings)
    monkeypatch.setattr(
        services_module, "pipeline_services", lambda _: aged
    )  # its policy asks for five, not 100
    test_sets.refresh(dry_run=True, as_json=True)
    test_sets.refresh(why="the old one is worn", as_json=True)
    test_sets.show(as_json=True)
    planned_first, made, ledger = map(json.loads, capsys.readouterr().out.splitlines())
    assert planned_first["new"] + planned_first["kept"] == made["with_finding"] + made["without"]
    assert set(made["by_the_set_alone"]["production"]["difference"]) == {"sensitivity", "specificity", "auc"}
    assert (ledger["version"], ledger["refreshes"]) == (made["version"], made["refreshes"])
    assert ledger["looks_left"] == ledger["looks"] == aged.policy.looks
    assert [(row["purpose"], row["why"]) for row in ledger["asked"]] == [("bridge", "the old one is worn")]
