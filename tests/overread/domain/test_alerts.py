"""An alert is open until it is resolved, once, with a reason; one person at a time sees to it."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from overread.domain.alerts import Alert, AlreadyResolvedError, AlreadyTakenError, Urgency
from overread.domain.errors import InputError
from overread.domain.identifiers import PersonKey
from tests.builders import NOW

OLGA, RUTH = PersonKey("olga"), PersonKey("ruth")
LATER = NOW + timedelta(hours=1)


def an_alert() -> Alert:
    return Alert(id="a" * 20, kind="drift", urgency=Urgency.WARNING, raised_at=NOW, facts={})


def test_a_resolved_alert_says_who_when_and_why() -> None:
    over = an_alert().resolved(by=OLGA, reason=" the scanner was repaired ", at=NOW)
    assert (over.resolved_by, over.resolved_at, over.resolution) == (OLGA, NOW, "the scanner was repaired")


def test_an_alert_is_resolved_once() -> None:
    over = an_alert().resolved(by=OLGA, reason="repaired", at=NOW)
    with pytest.raises(AlreadyResolvedError, match="olga has resolved"):
        over.resolved(by=RUTH, reason="repaired", at=NOW)


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_nobody_resolves_an_alert_without_a_reason(reason: str) -> None:
    with pytest.raises(InputError, match="with a reason"):
        an_alert().resolved(by=OLGA, reason=reason, at=NOW)


def test_the_same_word_of_the_same_person_again_changes_nothing() -> None:
    over = an_alert().resolved(by=OLGA, reason="repaired", at=NOW)
    assert over.resolved(by=OLGA, reason="repaired ", at=LATER) == over


def test_whoever_takes_an_alert_has_it_and_taking_it_again_changes_nothing() -> None:
    taken = an_alert().taken(by=OLGA, at=NOW)
    assert (taken.taken_by, taken.taken_at) == (OLGA, NOW)
    assert taken.taken(by=OLGA, at=LATER) == taken


@pytest.mark.parametrize(
    "act",
    [
        partial(Alert.taken, by=RUTH, at=LATER),
        partial(
            Alert.taken, by=RUTH, at=LATER, holder=PersonKey("rolf")
        ),  # who had it when the page was made
        partial(Alert.handed_back, by=RUTH),
        partial(Alert.resolved, by=RUTH, reason="repaired", at=LATER),
    ],
)
def test_another_neither_takes_nor_hands_back_nor_resolves_what_somebody_has(
    act: Callable[[Alert], Alert],
) -> None:
    taken = an_alert().taken(by=OLGA, at=NOW)
    with pytest.raises(AlreadyTakenError, match="olga has taken") as refused:
        act(taken)
    assert refused.value.by == OLGA


def test_naming_who_has_it_takes_it_over() -> None:
    taken = an_alert().taken(by=OLGA, at=NOW)
    over = taken.taken(by=RUTH, at=LATER, holder=OLGA)
    assert (over.taken_by, over.taken_at) == (RUTH, LATER)
    assert taken.resolved(by=RUTH, reason="repaired", at=LATER, holder=OLGA).resolved_by == RUTH


def test_what_is_handed_back_is_anybodys_again() -> None:
    free = an_alert().taken(by=OLGA, at=NOW).handed_back(by=OLGA)
    assert free == an_alert() == free.handed_back(by=RUTH)
    assert free.taken(by=RUTH, at=LATER).taken_by == RUTH


def test_what_is_over_is_neither_taken_nor_handed_back() -> None:
    over = an_alert().taken(by=OLGA, at=NOW).resolved(by=OLGA, reason="repaired", at=NOW)
    with pytest.raises(AlreadyResolvedError):
        over.taken(by=OLGA, at=LATER)
    with pytest.raises(AlreadyResolvedError):
        over.handed_back(by=OLGA)
