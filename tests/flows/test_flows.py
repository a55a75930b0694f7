"""Flows on a real server: they end COMPLETED, on schedule, one retraining at a time, and survive a kill."""

import os
import signal
import subprocess
import sys
from contextvars import copy_context
from pathlib import Path
from threading import Event, Thread

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate

from bootstrap.processes import Processes, Program
from flows.attend import attend
from flows.collect import collect
from flows.doubt import doubt
from flows.improve import improve
from flows.slots import LIMIT, alone
from flows.sweep import sweep
from model_registry.retrainings import time_after
from overread.domain.adjudication import CaseState
from overread.domain.identifiers import PersonKey
from overread.domain.models import RunState, TrainingRun
from pipeline.retraining import cancel, request_run, under_way
from pipeline.services import PipelineServices, pipeline_services
from tests.flows.conftest import Api, a_training, wait_until
from tests.pipeline.departments import TINY

pytestmark = [pytest.mark.xdist_group("prefect"), pytest.mark.services, pytest.mark.slow]
OLGA = PersonKey("olga")


def run_of(services: PipelineServices, run_id: str) -> TrainingRun:
    with services.storage.look() as work:
        return work.monitoring.run(run_id)


def asked(services: PipelineServices, run_id: str) -> TrainingRun:
    return request_run(services, run_id, by=OLGA, trigger="person")


def test_the_whole_loop_ends_completed_with_its_flow_runs_on_the_request(
    api: Api, department: PipelineServices, tmp_path: Path
) -> None:
    training = a_training(tmp_path, passes=2)
    version = improve("run-loop", "olga", training)
    assert improve("run-loop", "olga", training) == version  # a trigger may be repeated
    with department.storage.look() as work:
        (request,) = work.models.requests()
        (look,) = work.datasets.looks(work.datasets.test_set().version)  # type: ignore[union-attr]  # frozen by now
    assert (request.version, request.requested_by, request.verdict) == (version, "olga", "INCONCLUSIVE")
    assert look.verdict == "INCONCLUSIVE"
    flow_runs = request.lineage["flow_runs"]
    assert isinstance(flow_runs, list)
    assert {api.state(str(run)) for run in flow_runs} == {"COMPLETED"}
    for name in ("improve", "relabel", "compare", "promote"):
        assert api.runs(name)[-1]["state_type"] == "COMPLETED", name
    run = run_of(department, "run-loop")
    assert (run.state, run.candidates, run.progress) == (RunState.DONE, (version,), 1.0)
    assert run.device is not None
    assert run.device.place == "cpu"
    (job,) = (department.settings.folder / "trainings").iterdir()
    assert run.disk is not None
    assert run.disk > 2 * (job / "training.safetensors").stat().st_size
    with department.storage.look() as work:
        assert {point.stage for point in work.monitoring.points("run-loop")} <= {"patches", "images"}
        points = work.monitoring.points("run-loop")
        after = time_after(work)
    assert run.finished_at is not None
    assert after is not None
    assert (after.n, after.longest) == (1, run.finished_at - points[-1].at)


def test_small_flows_end_completed(api: Api, department: PipelineServices) -> None:
    assert collect() == collect()
    assert attend() is None
    cases = doubt(training=str(TINY), most=1)
    assert len(cases) == 1
    assert doubt(training=str(TINY), most=1) == []
    with department.storage.look() as work:
        assert [case.id for case in work.cases.in_state(CaseState.OPEN)] == cases
    for name in ("collect", "attend", "doubt", "sweep", "hand-on"):
        assert api.runs(name)[-1]["state_type"] == "COMPLETED", name


def test_two_retrainings_never_overlap(api: Api, department: PipelineServices) -> None:
    first_is_in, first_may_go = Event(), Event()

    @flow(name="first-of-two")
    def first() -> None:
        with alone(), under_way(pipeline_services(), "one", flow_run="1"):
            first_is_in.set()
            first_may_go.wait(120)

    @flow(name="second-of-two")
    def second() -> None:
        with alone(), under_way(pipeline_services(), "two", flow_run="2"):
            pass

    asked(department, "one"), asked(department, "two")
    threads = [
        Thread(target=copy_context().run, args=(one,)) for one in (first, second)
    ]  # a new thread does not inherit which server to use
    threads[0].start()
    assert first_is_in.wait(120)
    threads[1].start()
    wait_until(lambda: any(run["state_type"] == "RUNNING" for run in api.runs("second-of-two")))
    assert run_of(department, "two").state is RunState.WAITING
    first_may_go.set()
    for thread in threads:
        thread.join()
    assert {run_of(department, name).state for name in ("one", "two")} == {RunState.DONE}


def test_a_cancelled_retraining_ends_cancelled_and_attending_goes_on(
    api: Api, department: PipelineServices
) -> None:
    asked(department, "called-off")
    cancel(department, by=OLGA)
    ended = improve("called-off", "olga", return_state=True)
    assert ended.is_cancelled()
    assert api.runs("improve")[-1]["state_type"] == "CANCELLED"
    assert attend() is None


def test_a_schedule_fires_by_itself_and_takes_up_what_waits(
    api: Api, department: PipelineServices, tmp_path: Path
) -> None:
    asked(department, "scheduled")
    program = Program(
        name="schedules",
        command=[
            *(sys.executable, "-m", "flows.deployments", "--attend-seconds", "20"),
            *("--training", a_training(tmp_path, passes=2)),
        ],
        environment={"PREFECT_RUNNER_POLL_FREQUENCY": "2"},
    )
    with Processes(tmp_path / "logs") as processes:
        processes.begin(program)
        wait_until(lambda: run_of(department, "scheduled").state is RunState.DONE, seconds=240)
        wait_until(lambda: any(_scheduled_and_done(run) for run in api.runs("attend")))
        improved = str(run_of(department, "scheduled").flow_run)
        wait_until(lambda: api.state(improved) == "COMPLETED")
    with department.storage.look() as work:
        (request,) = work.models.requests()
    assert request.requested_by == "olga"


def _scheduled_and_done(run: dict[str, object]) -> bool:
    return bool(run["auto_scheduled"]) and run["state_type"] == "COMPLETED"


def test_a_killed_flow_is_swept_up_and_its_retraining_resumes(
    api: Api, department: PipelineServices, tmp_path: Path
) -> None:
    training = a_training(tmp_path, passes=40)
    asked(department, "killed")
    script = f"from flows.improve import improve; improve('killed', 'olga', {training!r})"
    with subprocess.Popen([sys.executable, "-c", script]) as process:  # noqa: S603 - our own interpreter
        wait_until(lambda: run_of(department, "killed").progress > 0.55, seconds=240)
        os.kill(process.pid, signal.SIGKILL)
    dead = run_of(department, "killed")
    assert (dead.state, api.state(str(dead.flow_run))) == (RunState.RUNNING, "RUNNING")
    assert sweep(silent_seconds=0) == ["killed"]
    assert api.state(str(dead.flow_run)) == "CRASHED"
    assert run_of(department, "killed").state is RunState.WAITING
    with get_client(sync_client=True) as client:  # its lease would end by itself after a minute
        client.update_global_concurrency_limit(LIMIT, GlobalConcurrencyLimitUpdate(active_slots=0))
    version = improve("killed", "olga", training)
    resumed = run_of(department, "killed")
    assert (resumed.state, resumed.candidates) == (RunState.DONE, (version,))
    assert resumed.dataset_version == dead.dataset_version
    with department.storage.look() as work:
        assert len(work.models.all()) == 1
