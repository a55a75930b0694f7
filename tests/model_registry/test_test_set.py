"""The frozen test set and the ledger of its looks."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from model_registry.ledger import LooksSpentError, Occasion, Question, looks_left, note_use, take_look
from model_registry.test_set import TestCase, cases_of, freeze
from overread.domain.datasets import Purpose, TestSet
from overread.domain.errors import InputError, NotFoundError
from overread.domain.identifiers import VersionKey
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork
from tests.model_registry.toys import a_case, a_policy, some_cases


def frozen(
    work: UnitOfWork, objects: Objects, cases: list[TestCase], now: datetime, *, looks: int = 5
) -> TestSet:
    return freeze(work, objects, cases, task="demo", policy=a_policy(looks=looks), now=now)


def question(candidate: str, production: str | None = "1") -> Question:
    before = None if production is None else VersionKey(production)
    return Question(candidate=VersionKey(candidate), production=before, by="overread", why="retraining")


def test_what_is_frozen_comes_back_in_one_order(work: UnitOfWork, objects: Objects, now: datetime) -> None:
    cases = some_cases(3, 4)
    test_set = frozen(work, objects, cases[::-1], now)
    assert (test_set.n_positive, test_set.n_negative) == (3, 4)
    assert cases_of(objects, test_set) == tuple(sorted(cases, key=lambda case: case.study))


def test_freezing_the_same_studies_again_changes_nothing(
    work: UnitOfWork, objects: Objects, now: datetime
) -> None:
    first = frozen(work, objects, some_cases(3, 4), now)
    assert frozen(work, objects, some_cases(3, 4)[::-1], now) == first
    assert work.datasets.test_set() == first
    assert [row.event.action for row in work.audit.rows()] == ["test-set-frozen"]


def test_another_label_is_another_test_set(work: UnitOfWork, objects: Objects, now: datetime) -> None:
    first = frozen(work, objects, some_cases(3, 4), now)
    assert frozen(work, objects, [*some_cases(3, 3), a_case(6, positive=True)], now).digest != first.digest


def test_a_damaged_test_set_is_not_used(
    work: UnitOfWork, objects: Objects, now: datetime, tmp_path: Path
) -> None:
    test_set = frozen(work, objects, some_cases(3, 4), now)
    place = tmp_path / "objects" / test_set.digest[:2] / test_set.digest
    place.write_bytes(place.read_bytes().replace(b"no_finding", b"no-finding"))
    with pytest.raises(NotFoundError, match="damaged"):
        cases_of(objects, test_set)


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        ([a_case(1, positive=True), a_case(1, positive=False)], "stands twice"),
        ([a_case(1, positive=True), a_case(2, positive=False, findings=("nodule",))], "the label no_finding"),
        (some_cases(5, 0), "with and without"),
        ([], "with and without"),
    ],
)
def test_a_test_set_that_contradicts_itself_is_refused(
    work: UnitOfWork, objects: Objects, now: datetime, cases: list[TestCase], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        frozen(work, objects, cases, now)


def test_each_question_takes_the_next_look_and_its_share_of_alpha(
    work: UnitOfWork, objects: Objects, now: datetime
) -> None:
    test_set = frozen(work, objects, some_cases(3, 4), now)
    policy = a_policy()
    first = take_look(work, test_set, question("1", None), policy=policy, now=now)
    second = take_look(work, test_set, question("2"), policy=policy, now=now)
    assert (first.look, second.look) == (1, 2)
    assert first.alpha == second.alpha == pytest.approx(0.005)
    assert work.datasets.looks(test_set.version) == [first, second]
    assert looks_left(work, test_set) == 3
    rows = [row.event for row in work.audit.rows()]
    assert [(row.action, row.subject) for row in rows[1:]] == [
        ("test-set-look", first.id),
        ("test-set-look", second.id),
    ]


def test_a_run_taken_up_again_spends_no_second_look(
    work: UnitOfWork, objects: Objects, now: datetime
) -> None:
    test_set = frozen(work, objects, some_cases(3, 4), now)
    first = take_look(work, test_set, question("2"), policy=a_policy(), now=now)
    work.datasets.set_verdict(first.id, "REJECT")
    again = take_look(work, test_set, question("2"), policy=a_policy(), now=now)
    assert (again.id, again.verdict) == (first.id, "REJECT")
    assert take_look(work, test_set, question("2", "7"), policy=a_policy(), now=now).look == 2


def test_a_spent_test_set_refuses(work: UnitOfWork, objects: Objects, now: datetime) -> None:
    test_set = frozen(work, objects, some_cases(3, 4), now, looks=2)
    for candidate in ("2", "3"):
        take_look(work, test_set, question(candidate), policy=a_policy(looks=2), now=now)
    with pytest.raises(LooksSpentError, match="refresh it with new patients") as refused:
        take_look(work, test_set, question("4"), policy=a_policy(looks=2), now=now)
    assert refused.value.code == "looks-spent"
    assert looks_left(work, test_set) == 0


def test_raising_the_looks_of_a_policy_later_buys_none_for_a_frozen_set(
    work: UnitOfWork, objects: Objects, now: datetime
) -> None:
    test_set = frozen(work, objects, some_cases(3, 4), now, looks=1)
    take_look(work, test_set, question("2"), policy=a_policy(looks=1), now=now)
    with pytest.raises(LooksSpentError):
        take_look(work, test_set, question("3"), policy=a_policy(looks=9), now=now)


def test_a_look_that_was_not_committed_was_not_taken(
    unit: Callable[[], UnitOfWork], objects: Objects, now: datetime
) -> None:
    with unit() as work:
        test_set = frozen(work, objects, some_cases(3, 4), now)
        work.commit()
    with unit() as work:
        take_look(work, test_set, question("2"), policy=a_policy(), now=now)
    with unit() as work:
        assert work.datasets.looks(test_set.version) == []


def test_a_use_without_a_verdict_is_a_row_and_no_look(
    work: UnitOfWork, objects: Objects, now: datetime
) -> None:
    test_set = frozen(work, objects, some_cases(3, 4), now)
    occasion = Occasion(purpose=Purpose.BRIDGE, model=VersionKey("1"), by="olga", why="refreshed")
    first = note_use(work, test_set, occasion, now=now)
    assert note_use(work, test_set, occasion, now=now) == first
    reference = note_use(work, test_set, replace(occasion, purpose=Purpose.DRIFT_REFERENCE), now=now)
    assert sorted(use.id for use in work.datasets.uses(test_set.version)) == sorted([first.id, reference.id])
    assert looks_left(work, test_set) == 5
    rows = [row.event for row in work.audit.rows()]
    assert [(row.action, row.by, row.subject) for row in rows[1:]] == [
        ("test-set-use", "olga", first.id),
        ("test-set-use", "olga", reference.id),
    ]
