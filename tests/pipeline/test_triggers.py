"""The retraining that is due is asked for once, and not again by the same cases when it came to nothing."""

from dataclasses import replace
from datetime import time, timedelta

from monitoring.alerts import raise_once
from overread.domain.alerts import Urgency
from overread.domain.datasets import Split
from overread.domain.identifiers import PatientKey, PersonKey
from overread.domain.models import RunState
from overread.domain.retraining import Triggers
from pipeline.retraining import finish, request_run, take_up
from pipeline.services import PipelineServices
from pipeline.triggers import start_due
from tests.builders import a_label, a_patient, a_study


def settle(services: PipelineServices, *numbers: int, split: Split = Split.TRAIN) -> None:
    """Settle a case of each of these studies now."""
    with services.storage.work() as work:
        for number in numbers:
            patient = a_patient(f"patient-{number}")
            work.studies.keep_patient(patient, split)
            study = a_study(number, patient=PatientKey(patient.key))
            work.studies.add(study)
            work.labels.add(
                a_label(
                    number,
                    id=f"label-{number:04}",
                    study=study.uid,
                    at=services.now(),
                    case=f"case-{number:04}",
                )
            )
        work.commit()


def with_triggers(services: PipelineServices, **needed: int) -> PipelineServices:
    """Return a department whose triggers need so many cases, and the others out of reach."""
    far = {"corrections": 1000, "drift": 1000, "date": 1000} | needed
    triggers = Triggers(**far, weekday=6, at=time(4))
    return replace(services, task=replace(services.task, triggers=triggers))


def test_enough_settled_cases_start_one_retraining_and_test_patients_do_not_count(
    empty: PipelineServices,
) -> None:
    department = with_triggers(empty, corrections=3)
    settle(department, 1, 2)
    settle(department, 3, split=Split.TEST)
    assert start_due(department) is None
    settle(department, 4)
    run = start_due(department)
    assert run is not None
    assert (run.trigger, run.state, run.requested_by) == ("corrections", RunState.WAITING, "overread")
    assert start_due(department) is None  # it waits already


def test_one_that_failed_is_alerted_and_is_not_started_again_by_the_same_cases(
    empty: PipelineServices,
) -> None:
    department = with_triggers(empty, corrections=1)
    settle(department, 1)
    run = start_due(department)
    assert run is not None
    take_up(department, run.id, flow_run=None)
    finish(department, run.id, state=RunState.FAILED, message="too few studies")
    with department.storage.look() as work:
        assert [alert.kind for alert in work.monitoring.alerts(unresolved=True)] == ["retraining-failed"]
    assert start_due(department) is None
    settle(department, 2)
    again = start_due(department)
    assert again is not None
    assert again.id != run.id
    take_up(department, again.id, flow_run=None)
    finish(department, again.id, state=RunState.DONE)
    with department.storage.look() as work:
        assert work.monitoring.alerts(unresolved=True) == []


def test_fewer_cases_are_enough_while_drift_is_alerted(empty: PipelineServices) -> None:
    department = with_triggers(empty, drift=1)
    settle(department, 1)
    assert start_due(department) is None
    with department.storage.work() as work:
        raise_once(work, "drift", Urgency.WARNING, {}, now=department.now())
        work.commit()
    run = start_due(department)
    assert run is not None
    assert run.trigger == "drift"


def test_a_retraining_by_hand_begins_the_count_anew(empty: PipelineServices) -> None:
    department = with_triggers(empty, corrections=1)
    settle(department, 1)
    request_run(department, "by-hand", by=PersonKey("olga"), trigger="person")
    take_up(department, "by-hand", flow_run=None)
    finish(department, "by-hand", state=RunState.DONE)
    assert start_due(department) is None


def test_the_date_starts_one_retraining_a_week(empty: PipelineServices) -> None:
    department = with_triggers(empty, date=1)
    settle(department, 1)
    run = start_due(department)
    assert run is not None
    assert run.trigger == "date"
    take_up(department, run.id, flow_run=None)
    finish(department, run.id, state=RunState.DONE)
    settle(department, 2)
    assert start_due(department) is None
    with department.storage.work() as work:
        work.monitoring.save_run(
            replace(run, state=RunState.DONE, requested_at=run.requested_at - timedelta(8))
        )
        work.commit()
    assert start_due(department) is not None
