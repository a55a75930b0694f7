"""An alert is raised once while it stands, resolved by a person or the system; every step is on record."""

from datetime import timedelta

import pytest

from monitoring.alerts import SYSTEM, raise_once, resolve, resolve_gone
from overread.domain.alerts import CONDITION_GONE, AlreadyResolvedError, Urgency
from overread.domain.errors import NotFoundError
from overread.domain.identifiers import PersonKey
from overread.store.unit_of_work import UnitOfWork
from tests.builders import NOW

OLGA = PersonKey("olga")
LATER = NOW + timedelta(hours=1)


def _on_record(work: UnitOfWork) -> list[tuple[str, str]]:
    return [(row.event.by, row.event.action) for row in work.audit.rows()]


def test_what_stands_is_not_raised_again_and_what_came_back_is(work: UnitOfWork) -> None:
    first = raise_once(work, "drift", Urgency.WARNING, {"n": "40"}, now=NOW)
    assert raise_once(work, "drift", Urgency.WARNING, {"n": "50"}, now=LATER) == first
    resolve(work, first.id, by=OLGA, reason="repaired", now=LATER)
    assert raise_once(work, "drift", Urgency.WARNING, {"n": "60"}, now=LATER) != first
    assert len(work.monitoring.alerts(unresolved=True)) == 1
    assert len(work.monitoring.alerts()) == 2


def test_a_person_resolves_with_a_reason_that_goes_on_record(work: UnitOfWork) -> None:
    alert = raise_once(work, "drift", Urgency.WARNING, {}, now=NOW)
    over = resolve(work, alert.id, by=OLGA, reason="repaired", now=LATER)
    assert work.monitoring.alert(alert.id) == over
    assert (over.resolved_by, over.resolved_at) == (OLGA, LATER)
    assert _on_record(work) == [("overread", "alert-raised"), ("olga", "alert-resolved")]
    *_, last = work.audit.rows()
    assert last.event.details == {"kind": "drift", "why": "repaired"}


def test_a_second_resolution_changes_nothing(work: UnitOfWork) -> None:
    alert = raise_once(work, "drift", Urgency.WARNING, {}, now=NOW)
    over = resolve(work, alert.id, by=OLGA, reason="repaired", now=NOW)
    with pytest.raises(AlreadyResolvedError):
        resolve(work, alert.id, by=PersonKey("ruth"), reason="no", now=LATER)
    assert work.monitoring.alert(alert.id) == over
    assert len(_on_record(work)) == 2


def test_an_alert_that_there_is_not_is_not_found(work: UnitOfWork) -> None:
    with pytest.raises(NotFoundError):
        resolve(work, "nothing", by=OLGA, reason="repaired", now=NOW)


def test_the_system_resolves_one_kind_whose_condition_has_gone_and_leaves_the_others(
    work: UnitOfWork,
) -> None:
    drift = raise_once(work, "drift", Urgency.WARNING, {}, now=NOW)
    senior = raise_once(work, "senior", Urgency.WARNING, {}, now=NOW)
    (over,) = resolve_gone(work, "drift", now=LATER)
    assert (over.id, over.resolved_by, over.resolution) == (drift.id, SYSTEM, CONDITION_GONE)
    assert work.monitoring.alerts(unresolved=True) == [senior]


def test_where_nothing_stands_the_system_writes_nothing(work: UnitOfWork) -> None:
    assert resolve_gone(work, "drift", now=NOW) == []
    assert _on_record(work) == []
