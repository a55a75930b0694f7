"""A reader study is drawn from its seed, registered before it is read, and every read has its audit row."""

from collections import Counter
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from feedback.reader_studies import (
    TELL_READER_STUDY,
    NameTakenError,
    open_to,
    register,
    sequences,
    take_read,
)
from overread.domain.adjudication import AlreadyReadError
from overread.domain.errors import InputError, NotFoundError
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role
from overread.domain.reader_studies import Arm, CrossoverStudy, WashoutError
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork
from tests.builders import (
    NOW,
    a_crossover,
    a_crossover_read,
    a_finding,
    a_model,
    a_person,
    keep_predicted,
)

KEYS = [f"case-{number}" for number in range(40)]
READERS = [PersonKey(f"reader-{number}") for number in range(6)]


def test_one_seed_draws_one_plan_and_another_seed_another() -> None:
    drawn = [sequences(READERS, KEYS, np.random.default_rng(seed)) for seed in (5, 5, 6)]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def test_every_reader_and_arm_has_an_order_of_its_own() -> None:
    plan = sequences(READERS, KEYS, np.random.default_rng(1))
    orders = [order for sequence in plan for order in sequence.orders]
    assert len(set(orders)) == len(orders) == 12
    assert all(sorted(order) == sorted(KEYS) for order in orders)


def test_of_every_two_readers_one_begins_aided_and_chance_says_which() -> None:
    firsts = [
        [sequence.arms[0] for sequence in sequences(READERS, KEYS, np.random.default_rng(seed))]
        for seed in range(200)
    ]
    assert all(set(plan[at : at + 2]) == set(Arm) for plan in firsts for at in (0, 2, 4))
    begins_aided = Counter(plan[0] for plan in firsts)[Arm.AIDED]
    assert 70 < begins_aided < 130  # of 200 at chance one half: beyond four standard deviations


def test_the_first_case_of_an_order_is_any_of_them() -> None:
    firsts = {
        sequences(READERS[:1], KEYS[:5], np.random.default_rng(seed))[0].orders[0][0] for seed in range(60)
    }
    assert firsts == set(KEYS[:5])


def people(work: UnitOfWork, **roles: Role) -> None:
    for name, role in roles.items():
        work.people.add(PersonKey(name), role, password=None, at=NOW)


@pytest.fixture
def registered(work: UnitOfWork) -> CrossoverStudy:
    for number in (1, 2, 3, 4):
        keep_predicted(work, number)
    people(work, remy=Role.READER, rosa=Role.SENIOR, olga=Role.OPERATOR)
    work.models.add(a_model())
    study = a_crossover()
    register(work, study)
    return study


def test_registration_is_one_row_of_the_record_that_says_the_design(
    work: UnitOfWork, registered: CrossoverStudy
) -> None:
    (row,) = work.audit.rows()
    assert (row.event.action, row.event.subject, row.event.by) == (
        "reader-study-registered",
        registered.id,
        "olga",
    )
    assert row.event.details == {
        "name": "pilot",
        "source": "test-set:t1",
        "cases": 4,
        "readers": ["remy", "rosa"],
        "first_arms": ["unaided", "unaided"],
        "model": "1",
        "washout_days": 14,
        "seed": 1,
    }


def test_a_name_stands_for_one_study(work: UnitOfWork, registered: CrossoverStudy) -> None:
    with pytest.raises(NameTakenError, match="pilot is registered already"):
        register(work, registered)


@pytest.mark.parametrize(
    ("name", "said"), [("nobody", "nobody here is named"), ("olga", "only a reader or a senior")]
)
def test_only_people_who_may_read_are_readers(
    work: UnitOfWork, registered: CrossoverStudy, name: str, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        register(work, a_crossover(id="other", name="other", readers=(name,)))


def test_a_read_is_kept_once_with_one_row_of_the_record(
    work: UnitOfWork, registered: CrossoverStudy, task: Task
) -> None:
    read = a_crossover_read(registered.sequences[0].orders[0][0])
    where = take_read(work, read, a_person("remy"), task=task)
    assert (where.done, where.total) == (1, 4)
    assert work.reader_studies.reads(registered.id) == [read]
    with pytest.raises(AlreadyReadError):
        take_read(work, read, a_person("remy"), task=task)
    _, row = work.audit.rows()
    assert (row.event.action, row.event.subject, row.event.by) == ("reader-study-read", read.id, "remy")
    assert row.event.details["arm"] == "unaided"


@pytest.mark.parametrize(
    "changes",
    [
        {"findings": (a_finding("no_such_thing"),)},
        {"findings": (a_finding(),), "label": Label.NO_FINDING},
        {"findings": (a_finding(box=(0, 0, 5000, 10)),)},
    ],
)
def test_a_read_that_cannot_be_true_is_refused(
    work: UnitOfWork, registered: CrossoverStudy, task: Task, changes: dict[str, Any]
) -> None:
    read = a_crossover_read(registered.sequences[0].orders[0][0], **changes)
    with pytest.raises(InputError):
        take_read(work, read, a_person("remy"), task=task)
    assert work.reader_studies.reads(registered.id) == []


def test_nobody_reads_for_another(work: UnitOfWork, registered: CrossoverStudy, task: Task) -> None:
    read = a_crossover_read(registered.sequences[0].orders[0][0])
    with pytest.raises(NotFoundError):
        take_read(work, read, a_person("rosa"), task=task)


def test_a_reader_sees_the_study_until_both_arms_are_read(
    work: UnitOfWork, registered: CrossoverStudy, task: Task
) -> None:
    (sequence, _), remy, now = registered.sequences, a_person("remy"), NOW
    for arm, order in zip(sequence.arms, sequence.orders, strict=True):
        for case in order:
            ((study, where),) = open_to(work, remy.key, now=now)
            assert (study.id, where.case, where.arm) == (registered.id, case, arm)
            take_read(work, a_crossover_read(case, arm=arm, at=now), remy, task=task)
        if arm is sequence.arms[0]:
            early = a_crossover_read(sequence.orders[1][0], arm=Arm.AIDED, at=now)
            with pytest.raises(WashoutError):
                take_read(work, early, remy, task=task)
            now += timedelta(days=14)
            assert work.outbox.waiting(TELL_READER_STUDY) == 0
    assert open_to(work, remy.key, now=now) == []
    assert work.outbox.waiting(TELL_READER_STUDY) == 1
