"""When missed findings in audits stop the automatic normal text, and how it comes back."""

import math
from datetime import datetime, timedelta

import pytest

from feedback.audits import draw_audits
from monitoring.normal_text import ALERT, switch
from monitoring.stop_rule import judge, watch, watched
from overread.domain.alerts import Urgency
from overread.domain.errors import InputError
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey, VersionKey
from overread.domain.lots import StopRule
from overread.domain.normal_text import AlreadySwitchedError
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork
from tests.builders import NOW, a_label, a_model
from tests.feedback.test_audits import SALT, auditing, reported

HAS, NO = Label.HAS_FINDING, Label.NO_FINDING
RUTH = PersonKey("ruth")
DAY = timedelta(days=1)
RULE = StopRule(p0=0.03, p1=0.09, alpha=0.05, beta=0.1, threshold=4.5)


def test_too_many_from_the_beginning_fire_the_sequential_test_first() -> None:
    verdict = judge([True] * 3, RULE)
    assert (verdict.fired_by, verdict.start, verdict.missed) == ("sprt", "accept-h1", 3)
    assert verdict.log_likelihood_ratio == pytest.approx(3 * math.log(3))


def test_a_version_that_began_well_and_became_worse_fires_the_cumulative_sum() -> None:
    well = [False] * 100
    assert (judge(well, RULE).start, judge(well, RULE).fired_by) == ("accept-h0", None)
    worse = [*well, *[True] * 5]
    verdict = judge(worse, RULE)
    assert (verdict.start, verdict.fired_by) == ("accept-h0", "cusum")
    assert verdict.height >= verdict.threshold


def test_what_has_fired_stays_fired_however_well_it_goes_on() -> None:
    assert judge([*[True] * 3, *[False] * 500], RULE).fired_by == "sprt"
    assert judge([*[False] * 100, *[True] * 5, *[False] * 500], RULE).fired_by == "cusum"


def test_nothing_audited_says_nothing() -> None:
    verdict = judge([], RULE)
    assert (verdict.audited, verdict.start, verdict.height, verdict.fired_by) == (0, "continue", 0.0, None)


def produce(work: UnitOfWork, task: Task, version: str = "1", *, at: datetime = NOW - DAY) -> None:
    """Put a version into production."""
    if version not in {known.version for known in work.models.all()}:
        work.models.add(a_model(version))
    work.models.put_in_production(
        task.name, VersionKey(version), at=at, by=("ruth", "rolf"), reason="promoted", rollback=False
    )


def audited(work: UnitOfWork, task: Task, numbers: range, truth: Label, *, now: datetime = NOW) -> None:
    """Report, draw and settle studies that the model has called no finding."""
    for number in numbers:
        reported(work, number)
    for case in draw_audits(work, task=auditing(task, 1.0), salt=SALT, now=now):
        settled = a_label(0, id=f"label-{case.id}", study=case.study, case=case.id, label=truth, at=now)
        work.labels.add(settled)


def test_the_rule_switches_off_once_with_its_reason_and_an_urgent_alert(work: UnitOfWork, task: Task) -> None:
    produce(work, task)
    audited(work, task, range(3), HAS)
    before = len(work.audit.rows())
    assert work.text_switches.automatic(task.name)
    for _ in range(2):
        watch(work, task, now=NOW)
    assert not work.text_switches.automatic(task.name)
    latest = work.text_switches.latest(task.name)
    assert latest is not None
    assert (latest.by, latest.version) == ("overread", "1")
    assert latest.reason == "stop rule (sprt): 3 missed findings in 3 audits"
    (alert,) = work.monitoring.alerts(unresolved=True)
    assert (alert.kind, alert.urgency) == (ALERT, Urgency.URGENT)
    assert alert.facts == {"version": "1", "missed": "3", "audited": "3"}
    rows = [row.event for row in work.audit.rows()[before:]]
    assert [row.action for row in rows] == ["normal-text-switched", "alert-raised"]
    assert rows[0].subject == latest.id


def test_without_production_or_without_misses_nothing_is_switched(work: UnitOfWork, task: Task) -> None:
    assert watch(work, task, now=NOW) is None
    produce(work, task)
    audited(work, task, range(30), NO)
    seen = watch(work, task, now=NOW)
    assert seen is not None
    assert (seen.verdict.audited, seen.verdict.missed) == (30, 0)
    assert work.text_switches.automatic(task.name)


def test_a_person_switches_on_with_a_reason_and_answers_since_then_begin_anew(
    work: UnitOfWork, task: Task
) -> None:
    produce(work, task)
    audited(work, task, range(3), HAS)
    watch(work, task, now=NOW)
    with pytest.raises(InputError, match="reason"):
        switch(work, task=task.name, automatic=True, by=RUTH, reason=" ", now=NOW + DAY)
    made = switch(work, task=task.name, automatic=True, by=RUTH, reason="plate changed", now=NOW + DAY)
    assert (made.by, made.reason) == (RUTH, "plate changed")
    (over,) = work.monitoring.alerts()
    assert (over.resolved_by, over.resolution) == (RUTH, "plate changed")
    seen = watch(work, task, now=NOW + 2 * DAY)
    assert seen is not None
    assert (seen.since, seen.verdict.audited, seen.verdict.fired_by) == (NOW + DAY, 0, None)
    assert work.text_switches.automatic(task.name)
    with pytest.raises(AlreadySwitchedError, match="on already"):
        switch(work, task=task.name, automatic=True, by=RUTH, reason="again", now=NOW + 2 * DAY)


def test_a_new_version_begins_anew_and_does_not_switch_on(work: UnitOfWork, task: Task) -> None:
    produce(work, task)
    audited(work, task, range(3), HAS)
    watch(work, task, now=NOW)
    produce(work, task, "2", at=NOW + DAY)
    seen = watch(work, task, now=NOW + DAY)
    assert seen is not None
    assert (seen.version, seen.verdict.audited, seen.verdict.fired_by) == ("2", 0, None)
    assert not work.text_switches.automatic(task.name)


def test_a_version_that_comes_back_is_judged_by_what_it_answers_from_then_on(
    work: UnitOfWork, task: Task
) -> None:
    produce(work, task)
    audited(work, task, range(3), HAS)
    produce(work, task, "2", at=NOW + DAY)
    produce(work, task, "1", at=NOW + 2 * DAY)
    seen = watched(work, task)
    assert seen is not None
    assert (seen.version, seen.since, seen.verdict.audited) == ("1", NOW + 2 * DAY, 0)


def test_audits_count_in_the_order_in_which_they_were_settled(work: UnitOfWork, task: Task) -> None:
    produce(work, task)
    audited(work, task, range(1, 3), NO, now=NOW + 2 * DAY)
    audited(work, task, range(3, 4), HAS, now=NOW + DAY)
    assert work.lots.outcomes(VersionKey("1"), since=NOW - DAY) == [HAS, NO, NO]
