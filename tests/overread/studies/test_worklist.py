"""What a reader sees, in which order, and in how many queries."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from bootstrap.storage import Storage
from overread.domain.datasets import Split
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey, StudyUid
from overread.domain.studies import StudyState
from overread.domain.tasks import Task
from overread.store.engine import Engine
from overread.store.studies import Filter
from overread.store.unit_of_work import UnitOfWork
from overread.studies.predicting import keep_prediction
from overread.studies.worklist import by_priority, next_unread, page, priority
from tests.builders import (
    NOW,
    a_correction,
    a_patient,
    a_prediction,
    a_study,
    keep_predicted,
    keep_study,
    uid,
)


@pytest.mark.parametrize(
    ("by_finding", "expected"),
    [({"pneumothorax": 0.8}, 1), ({"pneumothorax": 0.4, "nodule": 0.9}, 2), ({}, 2)],
)
def test_an_urgent_finding_is_read_first(task: Task, by_finding: dict[str, float], expected: int) -> None:
    study = a_study(label=Label.HAS_FINDING)
    prediction = a_prediction(probability=0.9, by_finding=by_finding)
    assert priority(study, prediction, task.vocabulary) == expected


def test_no_finding_and_no_answer_come_last(task: Task) -> None:
    urgent = a_prediction(probability=0.2, by_finding={"pneumothorax": 0.8})
    assert priority(a_study(), urgent, task.vocabulary) == 3
    assert priority(a_study(label=None), None, task.vocabulary) == 3
    assert priority(a_study(label=Label.HAS_FINDING), None, task.vocabulary) == 2


def test_a_page_shows_study_patient_and_priority(work: UnitOfWork, task: Task) -> None:
    keep_predicted(work, 1)
    keep_predicted(work, 2, probability=0.9)
    rows = page(work, Filter(), after=None, limit=50, vocabulary=task.vocabulary)
    assert [(row.study.label, row.patient.name, row.priority) for row in rows] == [
        (Label.HAS_FINDING, "Li^Na", 2),
        (Label.NO_FINDING, "Li^Na", 3),
    ]


def test_a_page_takes_the_same_few_queries_however_long_it_is(
    storage: Storage, engine: Engine, task: Task
) -> None:
    with storage.work() as work:
        for number in range(40):
            keep_predicted(work, number, probability=0.9)
        work.commit()
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: asked.append(statement))
    with storage.look() as work:
        assert len(page(work, Filter(), after=None, limit=200, vocabulary=task.vocabulary)) == 40
    assert len([statement for statement in asked if statement.startswith("SELECT")]) == 2


def shown(work: UnitOfWork, task: Task, wanted: Filter, *, at_once: int) -> list[StudyUid]:
    """Return the whole list, turned page by page."""
    found: list[StudyUid] = []
    after = None
    while rows := by_priority(work, wanted, after=after, limit=at_once, vocabulary=task.vocabulary):
        found += [row.study.uid for row, _ in rows]
        after = rows[-1][1]
    return found


@pytest.mark.parametrize("at_once", [1, 2, 3, 50])
def test_findings_that_wait_come_first_urgent_ones_before_and_no_row_is_lost_between_pages(
    work: UnitOfWork, task: Task, at_once: int
) -> None:
    labels = {2: Label.HAS_FINDING, 3: Label.HAS_FINDING, 4: Label.HAS_FINDING, 6: None}
    for number in range(8):
        study = a_study(
            number,
            received_at=NOW + timedelta(minutes=number // 2),
            urgent=number in {1, 4, 5},
            label=labels.get(number, Label.NO_FINDING),
        )
        keep_study(work, replace(study, state=StudyState.REPORTED) if number in {3, 5} else study)
    assert shown(work, task, Filter(), at_once=at_once) == [uid(n) for n in (4, 1, 2, 7, 6, 5, 3, 0)]
    rows = by_priority(work, Filter(), after=None, limit=9, vocabulary=task.vocabulary)
    for at, (_, place) in enumerate(rows):
        before = by_priority(
            work, Filter(), after=place, limit=at_once, vocabulary=task.vocabulary, backwards=True
        )
        assert before == rows[max(at - at_once, 0) : at]
    hidden = Filter(not_so=frozenset({uid(4), uid(2)}))
    assert shown(work, task, hidden, at_once=at_once) == [uid(n) for n in (1, 7, 6, 5, 4, 3, 2, 0)]
    signed = Filter(state=StudyState.REPORTED)
    assert shown(work, task, signed, at_once=at_once) == [uid(5), uid(3)]


def test_the_next_unread_is_an_urgent_one_then_the_following_then_from_the_top(work: UnitOfWork) -> None:
    for number in range(6):  # the list shows 3 (urgent), then 5 4 2 1 0
        keep_study(work, a_study(number, received_at=NOW + timedelta(minutes=number), urgent=number == 3))
    rita = PersonKey("rita")

    def after(number: int, wanted: Filter | None = None) -> StudyUid | None:
        return next_unread(work, wanted or Filter(), by=rita, left=work.studies.get(uid(number)))

    assert after(2) == uid(3)
    assert after(2, Filter(not_so=frozenset({uid(3)}))) == uid(1)
    work.studies.save(replace(work.studies.get(uid(3)), state=StudyState.REPORTED))
    assert after(2) == uid(1)
    assert after(0) == uid(5)
    for number in (5, 1):
        work.corrections.add(a_correction(number))
    assert (after(0), after(2), after(4)) == (uid(4), uid(0), uid(2))
    for number in (0, 2, 4):
        work.studies.save(replace(work.studies.get(uid(number)), state=StudyState.REPORTED))
    assert after(4) is None


def test_the_next_unread_is_a_finding_before_one_without(work: UnitOfWork) -> None:
    for number in range(5):  # the list shows 3 1 (findings), then 4 2 0
        label = Label.HAS_FINDING if number in {1, 3} else Label.NO_FINDING
        keep_study(work, a_study(number, received_at=NOW + timedelta(minutes=number), label=label))
    read: list[StudyUid] = []
    left = uid(2)
    while (
        following := next_unread(work, Filter(), by=PersonKey("rita"), left=work.studies.get(left))
    ) is not None:
        work.studies.save(replace(work.studies.get(left), state=StudyState.REPORTED))
        read.append(left := following)
    assert read == [uid(n) for n in (3, 1, 0, 4)]


@pytest.mark.parametrize("asked", ["小东", "王小东", "xiaodong", "Wang Xiao", "Wang^XiaoDong", "4711", "0_4"])
def test_a_patient_is_found_by_any_part_of_name_or_number(work: UnitOfWork, task: Task, asked: str) -> None:
    sought = a_patient("wang", id="A0_4711", name="Wang^XiaoDong=王^小东")
    work.studies.keep_patient(sought, Split.TRAIN)
    keep_study(work, a_study(1))
    keep_study(work, a_study(2, patient=sought.key))
    rows = page(work, Filter(text=asked), after=None, limit=9, vocabulary=task.vocabulary)
    assert [row.study.uid for row in rows] == [uid(2)]


@pytest.mark.parametrize(("likely", "urgent"), [({"pneumothorax": 0.8}, True), ({"nodule": 0.8}, False)])
def test_an_answer_makes_its_study_urgent(
    work: UnitOfWork, task: Task, likely: dict[str, float], urgent: bool
) -> None:
    keep_study(work, a_study(state=StudyState.SCREENED, label=None, probability=None))
    prediction = a_prediction(probability=0.9, label=Label.HAS_FINDING, by_finding=likely)
    assert keep_prediction(work, prediction, task=task, language="en", now=NOW).urgent is urgent
    assert work.studies.get(uid(1)).urgent is urgent


def test_the_list_is_read_along_an_index(work: UnitOfWork, task: Task, engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("the plan is asked in SQLite's words")
    keep_predicted(work)
    asked: list[tuple[str, tuple[object, ...]]] = []

    def note(_c: object, _cursor: object, statement: str, values: tuple[object, ...], *_: object) -> None:
        asked.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    (_, place), *_ = by_priority(work, Filter(), after=None, limit=2, vocabulary=task.vocabulary)
    by_priority(work, Filter(), after=place, limit=2, vocabulary=task.vocabulary)
    event.remove(engine, "before_cursor_execute", note)
    with engine.connect().execution_options(reading=True) as connection:
        plans = [
            [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
            for statement, values in asked
            if "JOIN patients" in statement
        ]
    assert [plan[0].partition(" (")[0] for plan in plans] == [
        "SEARCH studies USING INDEX ix_studies_urgent_state_received_at_uid",
        "SEARCH studies USING INDEX ix_studies_urgent_state_received_at_uid",
        "SCAN studies USING INDEX ix_studies_received_at_uid",
        "SEARCH studies USING INDEX ix_studies_received_at_uid",
    ]
    assert not any("TEMP B-TREE" in step for plan in plans for step in plan)
