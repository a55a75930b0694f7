"""A test set that has been asked often is refreshed: new patients, a few old ones, and a measured bridge."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from feedback.datasets import load
from model_registry.bridge import Crossing, Side, bridge_record, crossing
from model_registry.ledger import Occasion, note_use
from model_registry.refresh import Refreshed, refreshed
from model_registry.test_set import cases_of, drafted, keep
from overread.domain.audit import AuditEvent
from overread.domain.datasets import Purpose, TestSet
from overread.domain.errors import EvidenceError
from overread.domain.identifiers import StudyUid
from overread.domain.models import ModelVersion
from overread.store.unit_of_work import UnitOfWork
from pipeline.comparing import contender, test_cases
from pipeline.leaks import leaks_between
from pipeline.services import PipelineServices

EXPERIMENT = "test-set-bridge"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a refreshed test set would hold, before anything is frozen."""

    before: TestSet
    refreshed: Refreshed
    left_out: tuple[StudyUid, ...]  # studies of which a training set has held something


@dataclass(frozen=True, kw_only=True, slots=True)
class Bridged:
    """A refreshed test set, and what the change alone does to production and the first release."""

    test_set: TestSet
    before: TestSet
    crossings: Mapping[str, Crossing]


def planned(services: PipelineServices) -> Plan:
    """Return what a refreshed test set would hold now.

    Raises
    ------
    EvidenceError
        No test set was frozen yet.
    TooFewNewPatientsError
        With how many patients of each class are missing.
    """
    objects = services.storage.objects
    with services.storage.look() as work:
        known = work.datasets.test_sets()
        if not known:
            raise EvidenceError("no test set is frozen yet; the first comparison freezes one")
        before = known[-1]
        labelled = test_cases(work)
        used = {case.patient for test_set in known for case in cases_of(objects, test_set)}
        tested = {case.study: case.patient for case in labelled}
        learned = {
            row.study: row.patient for dataset in work.datasets.all() for row in load(objects, dataset.digest)
        }
        left_out = {leak.stays for leak in leaks_between(services, work, learned=learned, tested=tested)}
    return Plan(
        before=before,
        refreshed=refreshed(
            cases_of(objects, before),
            [case for case in labelled if case.study not in left_out],
            used=used,
            policy=services.policy,
            salt=before.version,
        ),
        left_out=tuple(sorted(left_out)),
    )


def refresh_test_set(services: PipelineServices, *, by: str, why: str) -> Bridged:
    """Freeze a new version of the test set, and measure what the change alone does; resumes where it stopped.

    Production and the first release are scored on both versions, each under a row of the ledger. No
    candidate is asked, so no look is spent; the new version starts with all of its own.

    Raises
    ------
    TooFewNewPatientsError
        Nothing is frozen.
    """
    with services.storage.look() as work:
        known = {test_set.version: test_set for test_set in work.datasets.test_sets()}
        latest = work.datasets.test_set()
    if latest is not None and latest.parent is not None and latest.unbridged:
        return _bridged(services, known[latest.parent], latest, by=by, why=why)
    plan = planned(services)
    draft = drafted(
        services.storage.objects,
        plan.refreshed.cases,
        task=services.task.name,
        policy=services.policy,
        now=services.now(),
    )
    with services.storage.work() as work:
        made = keep(work, replace(draft, parent=plan.before.version))
        work.audit.append(_refreshed(plan, made, by=by, why=why))
        work.commit()
    return _bridged(services, plan.before, made, by=by, why=why)


def _refreshed(plan: Plan, made: TestSet, *, by: str, why: str) -> AuditEvent:
    details = {
        "from": plan.before.version,
        "to": made.version,
        "new": plan.refreshed.new,
        "kept": plan.refreshed.kept,
        "relabelled": list(plan.refreshed.relabelled),
        "left_out": list(plan.left_out),
        "why": why,
    }
    subject = f"test-set-refresh:{made.version}"
    return AuditEvent(at=made.frozen_at, by=by, action="test-set-refreshed", subject=subject, details=details)


def _bridged(services: PipelineServices, before: TestSet, made: TestSet, *, by: str, why: str) -> Bridged:
    """Score whoever serves, and the first release, on both test sets, and keep the difference."""
    with services.storage.look() as work:
        models = _known(work, services.task.name)
    crossings = {
        part: crossing(*(_side(services, model, test_set, by=by, why=why) for test_set in (before, made)))
        for part, model in models.items()
    }
    record = {"from": before.version, "to": made.version, "models": bridge_record(crossings)}
    digest = services.storage.objects.put(json.dumps(record, sort_keys=True, allow_nan=False).encode())
    _log(services, made, crossings, record)
    now = services.now()
    with services.storage.work() as work:
        work.datasets.set_bridge(made.version, digest)
        details = {"from": before.version, "to": made.version, "bridge": digest}
        subject = f"test-set-bridge:{made.version}"
        work.audit.append(
            AuditEvent(at=now, by=by, action="test-set-bridged", subject=subject, details=details)
        )
        work.commit()
    return Bridged(test_set=replace(made, bridge=digest), before=before, crossings=crossings)


def _known(work: UnitOfWork, task: str) -> dict[str, ModelVersion]:
    """Return production and, where it is another, the first release; nobody before the first release."""
    production, history = work.models.production(task), work.models.successions(task)
    if production is None or not history:
        return {}
    first = work.models.get(history[0].version)
    found = {"production": production, "anchor": first}
    return found if first.version != production.version else {"production": production}


def _side(services: PipelineServices, model: ModelVersion, test_set: TestSet, *, by: str, why: str) -> Side:
    with services.storage.work() as work:
        occasion = Occasion(purpose=Purpose.BRIDGE, model=model.version, by=by, why=why)
        entry = note_use(work, test_set, occasion, now=services.now())
        work.commit()
    cases = cases_of(services.storage.objects, test_set)
    scored = contender(services, model, test_set=test_set, cases=cases, entry=entry)
    return Side(cases=cases, model=scored)


def _log(
    services: PipelineServices, made: TestSet, crossings: Mapping[str, Crossing], record: Mapping[str, object]
) -> None:
    now = services.now()
    with services.tracking.run(EXPERIMENT, f"test-set-{made.version}", key=made.version, now=now) as run:
        run.tags({"overread.test_set": made.version, "overread.test_set.digest": made.digest})
        for part, crossed in crossings.items():
            numbers = {
                f"{part}.difference.{name}{suffix}": value
                for name, shown in crossed.difference.items()
                for suffix, value in (("", shown.estimate), (".lower", shown.lower), (".upper", shown.upper))
            }
            run.metrics(numbers, at=now)
        run.table("bridge.json", record)
