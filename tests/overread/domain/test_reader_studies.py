"""Where a reader stands: one case at a time in the drawn order, the second arm only after the washout."""

from dataclasses import replace
from datetime import timedelta

import pytest

from overread.domain.adjudication import AlreadyReadError
from overread.domain.errors import InputError, NotFoundError
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey
from overread.domain.reader_studies import (
    Arm,
    CrossoverName,
    CrossoverRead,
    CrossoverStudy,
    NotDueError,
    ReaderSequence,
    WashoutError,
)
from tests.builders import NOW, a_crossover, a_crossover_read

REMY = PersonKey("remy")
LATER = NOW + timedelta(hours=3)


def first_arm(study: CrossoverStudy) -> list[CrossoverRead]:
    """Return Remy's reads of the first arm; the last is given three hours after the others."""
    *cases, last = study.sequences[0].orders[0]
    return [*(a_crossover_read(case) for case in cases), a_crossover_read(last, at=LATER)]


def test_cases_are_due_one_at_a_time_in_the_drawn_order() -> None:
    study = a_crossover()
    given: list[CrossoverRead] = []
    for place, case in enumerate(study.sequences[0].orders[0]):
        where = study.standing(REMY, given, now=NOW)
        assert (where.period, where.done, where.left, where.case, where.arm) == (
            0,
            place,
            4 - place,
            case,
            Arm.UNAIDED,
        )
        given.append(a_crossover_read(case))


def test_the_second_arm_opens_when_the_washout_since_the_last_read_is_over() -> None:
    study = a_crossover(washout_days=14)
    given = first_arm(study)
    opens = LATER + timedelta(days=14)
    waiting = study.standing(REMY, given, now=opens - timedelta(microseconds=1))
    assert (waiting.case, waiting.arm, waiting.opens_at, waiting.left) == (None, None, opens, 0)
    ready = study.standing(REMY, given, now=opens)
    assert (ready.case, ready.arm, ready.period) == (study.sequences[0].orders[1][0], Arm.AIDED, 1)


def test_a_read_during_the_washout_is_refused_with_the_instant_it_ends() -> None:
    study = a_crossover(washout_days=2)
    early = a_crossover_read(study.sequences[0].orders[1][0], arm=Arm.AIDED, at=LATER + timedelta(days=1))
    with pytest.raises(WashoutError, match="2026-03-04T11:30") as raised:
        study.require_due(early, first_arm(study))
    assert raised.value.members == {"opens_at": "2026-03-04T11:30:00+00:00"}
    study.require_due(replace(early, at=LATER + timedelta(days=2)), first_arm(study))


def test_both_arms_read_is_the_end() -> None:
    study = a_crossover()
    given = first_arm(study) + [a_crossover_read(case.key, arm=Arm.AIDED) for case in study.cases]
    where = study.standing(REMY, given, now=NOW)
    assert where.finished
    assert (where.case, where.left) == (None, 0)


@pytest.mark.parametrize(
    ("arm", "place", "error"),
    [
        (Arm.UNAIDED, 0, AlreadyReadError),
        (Arm.UNAIDED, 2, NotDueError),
        (Arm.AIDED, 1, NotDueError),
        (Arm.AIDED, 0, NotDueError),
    ],
)
def test_another_case_or_arm_than_the_due_one_is_refused(
    arm: Arm, place: int, error: type[Exception]
) -> None:
    study = a_crossover()
    order = study.sequences[0].orders[0]
    with pytest.raises(error):
        study.require_due(a_crossover_read(order[place], arm=arm), [a_crossover_read(order[0])])


def test_who_is_not_a_reader_of_the_study_learns_nothing_of_it() -> None:
    with pytest.raises(NotFoundError, match="not yours"):
        a_crossover().standing(PersonKey("rita"), [], now=NOW)


def test_what_is_no_crossover_cannot_be_made() -> None:
    study = a_crossover()
    with pytest.raises(InputError, match="at least one day"):
        replace(study, washout_days=0)
    with pytest.raises(InputError, match="each named once"):
        replace(study, sequences=study.sequences * 2)
    with pytest.raises(InputError, match="all cases"):
        replace(study, cases=study.cases[1:])
    keys = study.sequences[0].orders[0]
    with pytest.raises(InputError, match="once in each arm"):
        ReaderSequence(reader=REMY, arms=(Arm.AIDED, Arm.AIDED), orders=(keys, keys))
    with pytest.raises(InputError, match="once in each arm"):
        ReaderSequence(reader=REMY, arms=(Arm.AIDED, Arm.UNAIDED), orders=(keys, keys[1:]))
    with pytest.raises(InputError, match="0 to 100"):
        a_crossover_read(keys[0], rating=101)


def test_the_model_calls_at_its_fixed_threshold() -> None:
    study = a_crossover(threshold=0.9)
    assert [study.called(case) for case in study.cases[:2]] == [Label.HAS_FINDING, Label.NO_FINDING]


@pytest.mark.parametrize("name", ["pilot", "阅片研究 2", "Strands (2026)"])
def test_a_name_is_words_in_any_script(name: str) -> None:
    assert CrossoverName(name) == name


@pytest.mark.parametrize("name", ["", "=1+1", "-x", " pilot", "a/b", "x" * 101])
def test_a_name_is_nothing_that_a_spreadsheet_or_a_path_would_take_for_more(name: str) -> None:
    with pytest.raises(InputError, match="letter or digit"):
        CrossoverName(name)
