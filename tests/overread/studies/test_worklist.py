"""What a reader sees, in which order, and in how many queries."""

import pytest
from sqlalchemy import event

from bootstrap.storage import Storage
from overread.domain.findings import Label
from overread.domain.tasks import Task
from overread.store.engine import Engine
from overread.store.studies import Filter
from overread.store.unit_of_work import UnitOfWork
from overread.studies.worklist import page, priority
from tests.builders import a_prediction, a_study, keep_predicted


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
