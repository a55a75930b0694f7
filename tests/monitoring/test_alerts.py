"""An alert is raised once, taken and resolved by a person or the system; every step is on record."""

from datetime import timedelta

import pytest

from monitoring.alerts import hand_back, note_gone, raise_once, resolve, resolve_gone, take
from overread.domain.alerts import CONDITION_GONE, Alert, AlreadyResolvedError, AlreadyTakenError, Urgency
from overread.domain.audit import SYSTEM
from overread.domain.errors import NotFoundError
from overread.domain.identifiers import PersonKey
from overread.store.unit_of_work import UnitOfWork
from tests.builders import NOW

OLGA, RUTH = PersonKey("olga"), PersonKey("ruth")
LATER = NOW + timedelta(hours=1)


def _on_record(work: UnitOfWork) -> list[tuple[str, str]]:
    return [(row.event.by, row.event.action) for row in work.audit.rows()]


def test_what_stands_is_not_raised_again(work: UnitOfWork) -> None:
    first = raise_once(work, "drift", Urgency.WARNING, {"n": "40"}, now=NOW)
    again = raise_once(work, "drift", Urgency.WARNING, {"n": "50"}, now=LATER, worse=lambda _: True)
    assert again == first
    assert work.monitoring.alerts() == [first]


def test_what_a_person_resolved_comes_back_once_it_was_gone_and_not_before(work: UnitOfWork) -> None:
    first = raise_once(work, "drift", Urgency.WARNING, {"n": "40"}, now=NOW)
    over = resolve(work, first.id, by=OLGA, reason="repaired", now=LATER)
    assert raise_once(work, "drift", Urgency.WARNING, {"n": "60"}, now=LATER) == over
    (gone,) = resolve_gone(work, "drift", now=LATER)
    assert (gone.resolved_by, gone.resolution, gone.gone_at) == (OLGA, "repaired", LATER)
    second = raise_once(work, "drift", Urgency.WARNING, {"n": "60"}, now=LATER)
    assert work.monitoring.alerts(unresolved=True) == [second]
    assert _on_record(work) == [
        ("overread", "alert-raised"), ("olga", "alert-resolved"), ("overread", "alert-gone"),
        ("overread", "alert-raised"),
    ]  # fmt: skip


def test_what_a_person_resolved_comes_back_where_it_is_worse_than_it_was(work: UnitOfWork) -> None:
    def seen(cases: int) -> Alert:
        return raise_once(
            work,
            "senior",
            Urgency.WARNING,
            {"cases": str(cases)},
            now=NOW + timedelta(hours=cases),
            worse=lambda before: cases > int(before["cases"]),
        )

    first = seen(2)
    over = resolve(work, first.id, by=OLGA, reason="one is asked", now=LATER)
    assert seen(1) == over
    second = seen(3)
    assert work.monitoring.alerts(unresolved=True) == [second]
    resolve(work, second.id, by=OLGA, reason="two are asked", now=LATER)
    assert seen(3).id == second.id  # no worse than the latest, though worse than the first


def test_who_has_an_alert_goes_on_record_once_for_each_change(work: UnitOfWork) -> None:
    alert = raise_once(work, "drift", Urgency.WARNING, {}, now=NOW)
    for _ in range(2):
        assert take(work, alert.id, by=OLGA, now=LATER).taken_by == OLGA
    with pytest.raises(AlreadyTakenError):
        take(work, alert.id, by=RUTH, now=LATER)
    take(work, alert.id, by=RUTH, now=LATER, holder=OLGA)
    for _ in range(2):
        assert hand_back(work, alert.id, by=RUTH, now=LATER).taken_by is None
    assert work.monitoring.alert(alert.id) == alert
    rows = [row.event for row in work.audit.rows()][1:]
    assert [(row.by, row.action, row.details.get("from")) for row in rows] == [
        ("olga", "alert-taken", None), ("ruth", "alert-taken", "olga"), ("ruth", "alert-handed-back", None)
    ]  # fmt: skip
    assert len({row.subject for row in rows}) == len(rows)


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
        resolve(work, alert.id, by=RUTH, reason="no", now=LATER)
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
    take(work, drift.id, by=OLGA, now=NOW)
    (over,) = resolve_gone(work, "drift", now=LATER)
    assert (over.id, over.resolved_by, over.resolution) == (drift.id, SYSTEM, CONDITION_GONE)
    assert (over.taken_by, over.gone_at) == (OLGA, over.resolved_at)
    assert work.monitoring.alerts(unresolved=True) == [senior]


def test_where_nothing_stands_the_system_writes_nothing(work: UnitOfWork) -> None:
    assert resolve_gone(work, "drift", now=NOW) == []
    assert _on_record(work) == []


def test_what_only_a_person_may_resolve_stands_when_its_condition_has_gone(work: UnitOfWork) -> None:
    alert = raise_once(work, "chain", Urgency.URGENT, {}, now=NOW)
    assert note_gone(work, "chain", now=LATER) == []
    resolve(work, alert.id, by=OLGA, reason="restored", now=LATER)
    assert [each.id for each in note_gone(work, "chain", now=LATER)] == [alert.id]
    assert note_gone(work, "chain", now=LATER) == []
