"""Datasets, looks, model versions, requests, the production row, monitoring and people as rows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from overread.domain.alerts import Alert, Urgency
from overread.domain.datasets import DatasetVersion, Look, TestSet
from overread.domain.errors import ConflictError, NotFoundError
from overread.domain.identifiers import PersonKey, VersionKey
from overread.domain.models import ModelState, RunState, TrainingRun
from overread.domain.people import Role, Scope, Token
from overread.domain.promotion import RequestState
from overread.domain.resources import Device
from overread.store.monitoring import DriftCheck
from overread.store.unit_of_work import UnitOfWork
from tests.builders import NOW, a_digest, a_model, a_request, a_review, a_verdict, an_attribution

HOUR = timedelta(hours=1)


def a_test_set(version: str = "t1") -> TestSet:
    return TestSet(
        version=version,
        digest=a_digest(),
        task="cxr-binary",
        frozen_at=NOW,
        n_positive=120,
        n_negative=130,
        looks=5,
    )


def a_look(number: int = 1) -> Look:
    return Look(
        id=f"look-{number}",
        test_set="t1",
        look=number,
        alpha=0.005,
        candidate=VersionKey("2"),
        production=None,
        by="olga",
        at=NOW,
        why="retrained",
    )


def test_dataset_versions_come_in_order(work: UnitOfWork) -> None:
    one = DatasetVersion(
        version="one", digest=a_digest(), task="t", created_at=NOW + HOUR, counts={"train.has_finding": 3}
    )
    two = replace(one, version="two", created_at=NOW)
    work.datasets.add(one)
    work.datasets.add(two)
    assert work.datasets.all() == [two, one]
    assert work.datasets.get("one") == one
    with pytest.raises(NotFoundError):
        work.datasets.get("three")


def test_the_verdict_of_a_look_is_added_once(work: UnitOfWork) -> None:
    assert work.datasets.test_set() is None
    work.datasets.add_test_set(a_test_set())
    assert work.datasets.test_set() == a_test_set()
    work.datasets.add_look(a_look())
    work.datasets.set_verdict("look-1", "REJECT")
    with pytest.raises(ConflictError):
        work.datasets.set_verdict("look-1", "PROMOTE")
    assert work.datasets.looks("t1") == [replace(a_look(), verdict="REJECT")]


def test_one_version_serves_and_every_change_is_kept(work: UnitOfWork) -> None:
    for version in ("1", "2"):
        work.models.add(a_model(version))
    assert work.models.production("cxr-binary") is None
    for version in ("1", "2"):
        work.models.put_in_production(
            "cxr-binary", VersionKey(version), at=NOW, by=("ruth", "rolf"), reason="better", rollback=False
        )
    serving = work.models.production("cxr-binary")
    assert serving is not None
    assert (serving.version, serving.state) == ("2", ModelState.PRODUCTION)
    assert work.models.get("1").state is ModelState.RETIRED
    assert [(each.version, each.previous, each.by) for each in work.models.successions("cxr-binary")] == [
        ("1", None, ("ruth", "rolf")),
        ("2", "1", ("ruth", "rolf")),
    ]


def test_a_request_comes_back_with_its_reviews(work: UnitOfWork) -> None:
    for version in ("1", "2"):
        work.models.add(a_model(version))
    first = a_request("1", comparison={"production": None, "checks": [{"name": "auc", "value": 0.9}]})
    second = a_request("2", created_at=NOW + HOUR, drift=None, verdict=None)
    work.models.add_request(first)
    work.models.add_request(second)
    reviewed = first.reviewed(a_review("ruth")).reviewed(a_review("rolf", at=NOW + HOUR))
    work.models.save_request(reviewed)
    work.models.save_request(reviewed)  # again changes nothing
    assert work.models.request("1") == reviewed
    assert work.models.request("1").state is RequestState.APPROVED
    assert work.models.requests() == [second, reviewed]
    with pytest.raises(NotFoundError):
        work.models.request("3")


def test_drift_checks_alerts_and_runs_are_kept(work: UnitOfWork) -> None:
    verdict = replace(a_verdict(passed=False), attributions=(an_attribution(),))
    check = DriftCheck(id="check", at=NOW, verdict=verdict)
    work.monitoring.add_check(check)
    assert work.monitoring.checks() == [check]
    assert work.monitoring.check("check") == check
    with pytest.raises(NotFoundError, match="drift check"):
        work.monitoring.check("another")
    alert = Alert(id="a", kind="drift", urgency=Urgency.URGENT, raised_at=NOW, facts={"column": "noise"})
    work.monitoring.add_alert(alert)
    over = replace(alert, taken_by=PersonKey("olga"), resolved_at=NOW)
    work.monitoring.save_alert(over)
    assert work.monitoring.alerts() == [over]
    assert work.monitoring.alerts(unresolved=True) == []
    run = TrainingRun(id="run", state=RunState.WAITING, requested_by=PersonKey("olga"), requested_at=NOW)
    work.monitoring.add_run(run)
    going = replace(run, state=RunState.RUNNING, heartbeat=NOW, candidates=("2",), disk=2**40)
    going = replace(going, device=Device(place="cuda", name="Acme 9000", memory=2**36))
    work.monitoring.save_run(going)
    assert work.monitoring.run("run") == going
    assert work.monitoring.runs(state=RunState.WAITING) == []
    assert work.monitoring.runs() == [going]
    with pytest.raises(NotFoundError):
        work.monitoring.run("another")


def test_people_are_known_by_name_and_tokens_by_digest(work: UnitOfWork) -> None:
    rita = PersonKey("rita")
    work.people.add(rita, Role.READER, password="digest", at=NOW)  # noqa: S106 - not a password
    with pytest.raises(ConflictError):
        work.people.add(rita, Role.SENIOR, password=None, at=NOW)
    person = work.people.find(rita)
    assert person is not None
    assert (person.role, person.must_change_password) == (Role.READER, True)
    work.people.set_password(rita, "other")
    assert work.people.password(rita) == "other"
    work.people.set_language(rita, "en")
    assert work.people.language(rita) == "en"
    token = Token(
        digest=a_digest(),
        person=rita,
        role=Role.READER,
        scope=Scope.READ,
        created_at=NOW,
        expires_at=NOW + HOUR,
    )
    work.people.add_token(token)
    assert work.people.token(a_digest()) == token
    assert work.people.token(a_digest("b")) is None
    assert work.people.all() == [work.people.find(rita)]


def test_a_fact_of_the_installation_never_changes(work: UnitOfWork) -> None:
    work.people.keep_fact("colour", "grey")
    work.people.keep_fact("colour", "grey")
    assert work.people.fact("colour") == "grey"
    with pytest.raises(ConflictError, match="never changes"):
        work.people.keep_fact("colour", "red")
    with pytest.raises(NotFoundError, match="run `overread init`"):
        work.people.fact("weight")
