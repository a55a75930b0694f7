"""The life of one retraining: asked once, held by one process, swept when that dies, called off."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from overread.domain.errors import ConflictError, EvidenceError, NotFoundError
from overread.domain.identifiers import PersonKey
from overread.domain.models import RunState, TrainingRun
from overread.domain.resources import NoRoomError
from overread.settings.environment import Settings
from pipeline.retraining import (
    CancelledError,
    cancel,
    change,
    finish,
    next_waiting,
    request_run,
    sweep,
    take_up,
    under_way,
)
from pipeline.room import space_taken
from pipeline.services import PipelineServices

OLGA = PersonKey("olga")


def asked(services: PipelineServices, run_id: str = "run-1") -> TrainingRun:
    return request_run(services, run_id, by=OLGA, trigger="person")


def state_of(services: PipelineServices, run_id: str = "run-1") -> RunState:
    with services.storage.look() as work:
        return work.monitoring.run(run_id).state


def test_asked_for_twice_it_is_one_run(empty: PipelineServices) -> None:
    assert asked(empty) == asked(empty)
    assert next_waiting(empty) == asked(empty)


def test_two_never_run_at_once(empty: PipelineServices) -> None:
    asked(empty), asked(empty, "run-2")
    with under_way(empty, "run-1", flow_run="a"):
        assert next_waiting(empty) is None
        with pytest.raises(ConflictError, match="another retraining is running"):
            take_up(empty, "run-2", flow_run="b")
        with pytest.raises(ConflictError, match="running in another process"):
            take_up(empty, "run-1", flow_run="b")
    assert state_of(empty) is RunState.DONE
    waiting = next_waiting(empty)
    assert waiting is not None
    assert waiting.id == "run-2"


def test_a_step_that_fails_says_why_and_a_finished_run_is_not_taken_up_again(empty: PipelineServices) -> None:
    asked(empty)
    with pytest.raises(EvidenceError), under_way(empty, "run-1", flow_run="a"):
        raise EvidenceError("too few studies")
    with empty.storage.look() as work:
        run = work.monitoring.run("run-1")
    assert (run.state, run.message) == (RunState.FAILED, "too few studies")
    with pytest.raises(ConflictError, match="ask for a new one"):
        take_up(empty, "run-1", flow_run="b")


def test_none_is_begun_that_would_fill_the_disk_and_it_says_so(empty: PipelineServices) -> None:
    asked(empty)
    with under_way(empty, "run-1", flow_run="a"):
        change(empty, "run-1", lambda run: replace(run, disk=2**60))  # more than any disk has
    asked(empty, "run-2")
    with pytest.raises(NoRoomError), under_way(empty, "run-2", flow_run="b"):
        raise AssertionError("it was begun")
    with empty.storage.look() as work:
        run = work.monitoring.run("run-2")
        (alert,) = work.monitoring.alerts(unresolved=True)
    assert run.state is RunState.FAILED
    assert run.message.startswith("too little disk for another training")
    assert alert.kind == "retraining-failed"


def test_one_that_waits_for_room_begins_once_it_is_there_and_an_alert_stands_till_then(
    empty: PipelineServices,
) -> None:
    asked(empty)
    with under_way(empty, "run-1", flow_run="a"):
        change(empty, "run-1", lambda run: replace(run, disk=2**60))
    second = asked(empty, "run-2")
    assert next_waiting(empty) is None
    assert next_waiting(empty) is None
    assert state_of(empty, "run-2") is RunState.WAITING
    with empty.storage.work() as work:
        (alert,) = work.monitoring.alerts()
        work.monitoring.save_run(replace(work.monitoring.run("run-1"), disk=1))
        work.commit()
    assert (alert.kind, alert.facts["needed"]) == ("no-room", "1073741824.0 GiB")
    assert next_waiting(empty) == second
    with empty.storage.look() as work:
        assert work.monitoring.alerts(unresolved=True) == []


def test_a_training_counts_its_checkpoint_twice_and_its_package_where_it_lies_here(tmp_path: Path) -> None:
    (tmp_path / "training.safetensors").write_bytes(bytes(1000))
    (tmp_path / "progress.json").write_bytes(bytes(10))
    here = Settings(data_dir=tmp_path)
    elsewhere = Settings(data_dir=tmp_path, object_url="s3://pictures", mlflow_uri="https://mlflow.example")
    assert space_taken(here, tmp_path, package_bytes=300) == 2 * 1010 + 2 * 300
    assert space_taken(elsewhere, tmp_path, package_bytes=300) == 2 * 1010


def test_a_process_that_is_stopped_leaves_its_run_to_be_resumed(school: PipelineServices) -> None:
    asked(school)
    with pytest.raises(KeyboardInterrupt), under_way(school, "run-1", flow_run="a"):
        raise KeyboardInterrupt
    assert state_of(school) is RunState.RUNNING
    assert sweep(school) == []  # it spoke a moment ago
    (dead,) = sweep(school, silent_for=timedelta(0))
    assert (dead.id, dead.flow_run) == ("run-1", "a")
    assert state_of(school) is RunState.WAITING
    with under_way(school, "run-1", flow_run="b") as run:
        assert run.flow_run == "b"
    assert state_of(school) is RunState.DONE


def test_a_slow_process_that_was_swept_goes_on_with_its_next_word(school: PipelineServices) -> None:
    asked(school)
    with under_way(school, "run-1", flow_run="a"):
        sweep(school, silent_for=timedelta(0))
        change(school, "run-1", lambda run: replace(run, step="training"))
        assert state_of(school) is RunState.RUNNING


def asked_to_stop(services: PipelineServices) -> str:
    """Call the run off, twice: it is told so, and its process still holds it."""
    for _ in range(2):
        assert cancel(services, by=OLGA).state is RunState.STOPPING
    assert next_waiting(services) is None
    return "run-1"


def test_a_cancelled_run_stops_at_its_next_step_and_stays_cancelled(empty: PipelineServices) -> None:
    asked(empty)
    with pytest.raises(CancelledError), under_way(empty, "run-1", flow_run="a"):
        change(empty, asked_to_stop(empty), lambda run: replace(run, progress=0.5))
    assert state_of(empty) is RunState.CANCELLED
    with pytest.raises(CancelledError):
        take_up(empty, "run-1", flow_run="b")
    with pytest.raises(NotFoundError, match="nothing to cancel"):
        cancel(empty, by=OLGA)


def test_one_called_off_at_its_last_step_is_cancelled_and_one_whose_process_died_is_swept(
    school: PipelineServices,
) -> None:
    asked(school), asked(school, "run-2")
    with pytest.raises(CancelledError), under_way(school, "run-1", flow_run="a"):
        cancel(school, by=OLGA)
    assert state_of(school) is RunState.CANCELLED
    take_up(school, "run-2", flow_run="b")
    cancel(school, by=OLGA)
    sweep(school, silent_for=timedelta(0))
    assert state_of(school, "run-2") is RunState.CANCELLED


def test_how_it_ended_is_on_record(empty: PipelineServices) -> None:
    asked(empty)
    take_up(empty, "run-1", flow_run=None)
    run = finish(empty, "run-1", state=RunState.DONE)
    assert run.progress == 1.0
    with empty.storage.look() as work:
        actions = [row.event.action for row in work.audit.rows()]
        assert work.audit.verify().ok
    assert actions[-2:] == ["retraining-asked", "retraining-done"]
