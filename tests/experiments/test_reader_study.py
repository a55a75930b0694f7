"""A simulated crossover goes the way of a real one and leaves only its row of the ledger."""

import json
from dataclasses import replace

import pytest

from cli import main
from experiments import reader_study
from experiments.reader_study import READERS, play
from model_registry.recording import recorded
from overread.domain.errors import NotFoundError
from overread.domain.identifiers import PersonKey, VersionKey
from overread.domain.reader_studies import Arm, CrossoverName
from pipeline.comparing import frozen_test_set
from pipeline.reader_studies import Design, plan
from pipeline.services import PipelineServices
from tests.pipeline.departments import put_in_production


@pytest.fixture
def released(school: PipelineServices) -> PipelineServices:
    """The department with its test set frozen and version 1 in production."""
    frozen_test_set(school)
    put_in_production(school, "1")
    return school


def test_one_seed_gives_one_table_and_nothing_is_left_but_the_use_of_the_test_set(
    released: PipelineServices,
) -> None:
    with released.storage.look() as work:
        people, rows = work.people.all(), work.audit.length()
    shares: list[float] = []
    found = play(released, seed=3, cases=10, on_progress=shares.append)
    assert recorded(play(released, seed=3, cases=10)) == recorded(found)
    assert recorded(play(released, seed=4, cases=10)) != recorded(found)
    assert (found.n_cases, found.n_positive, found.reads, found.interim) == (10, 5, 80, False)
    assert found.readers == tuple(reader.key for reader in READERS)
    assert shares == [0.25, 0.5, 0.75, 1.0]
    with released.storage.look() as work:
        test_set = work.datasets.test_set()
        assert test_set is not None
        assert [use.purpose for use in work.datasets.uses(test_set.version)] == ["reader-study"]
        assert work.people.all() == people
        assert work.reader_studies.names() == []
        assert work.audit.length() == rows + 1


def test_a_reader_who_always_gives_way_says_what_the_model_says_in_the_aided_arm_alone(
    released: PipelineServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = [
        replace(reader, habits=dict.fromkeys(reader.habits, 0.0), false_calls=0.0) for reader in READERS[:2]
    ]
    monkeypatch.setattr(reader_study, "READERS", tuple(blind))
    monkeypatch.setattr(reader_study, "GIVES_WAY", 1.0)
    found = play(released, seed=3, cases=10)
    design = Design(
        name=CrossoverName("same seed"),
        n_cases=10,
        readers=tuple(reader.key for reader in blind),
        version=VersionKey("1"),
        washout_days=14,
        seed=3,
        by=PersonKey("tests"),
    )
    study = plan(released, design)
    right = sum(study.called(case) is case.truth for case in study.cases)
    for reader in found.readers:
        unaided, aided = (found.by_reader[reader][arm] for arm in Arm)
        assert (unaided.sensitivity.estimate, unaided.specificity.estimate) == (0.0, 1.0)
        assert aided.accuracy.estimate == right / 10


def test_without_a_release_there_is_nothing_to_aid_with(school: PipelineServices) -> None:
    with pytest.raises(NotFoundError, match="promote one first"):
        play(school)


def test_the_command_prints_what_is_assumed_and_the_table(
    released: PipelineServices, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OVERREAD_DATA_DIR", str(released.settings.folder))
    for more in ((), ("--json",)):
        with pytest.raises(SystemExit) as ended:
            main.run(["experiment", "reader-study", "--seed", "3", *more])
        assert ended.value.code == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("Simulated readers, who give way")
    assert "| aided less unaided | change | p |" in printed
    assert "| unaided | not timed |" in "\n".join(printed)
    assert json.loads(printed[-1])["n_cases"] == 40
