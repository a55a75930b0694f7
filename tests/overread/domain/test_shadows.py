"""What a shadow takes, and when it is over."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from overread.domain.errors import InputError
from overread.domain.identifiers import PersonKey, VersionKey
from overread.domain.shadows import MOST_STUDIES, Ending, Progress, ShadowEnd
from tests.builders import NOW, a_shadow

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"studies": None}, "say one of them"),
        ({"until": NOW + HOUR}, "say one of them"),
        ({"studies": 0}, "1 to 10,000"),
        ({"studies": MOST_STUDIES + 1}, "1 to 10,000"),
        ({"studies": None, "until": NOW}, "later than it begins"),
        ({"why": " "}, "say why"),
        ({"candidate": VersionKey("1")}, "name a candidate"),
    ],
)
def test_a_registration_says_what_runs_why_and_for_how_long(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        a_shadow(**changes)


def test_a_number_of_studies_takes_so_many_and_waits_for_the_last() -> None:
    shadow = a_shadow(studies=3)
    underway = Progress(answered=1, failed=1, waiting=0)
    assert shadow.takes(underway, now=NOW)
    assert not shadow.takes(replace(underway, waiting=1), now=NOW)
    assert not shadow.is_complete(replace(underway, waiting=1), now=NOW)
    assert shadow.is_complete(Progress(answered=2, failed=1), now=NOW)


def test_an_instant_takes_what_comes_before_it_and_waits_for_what_was_taken() -> None:
    shadow = a_shadow(studies=None, until=NOW + HOUR)
    assert shadow.takes(Progress(answered=MOST_STUDIES), now=NOW)
    assert not shadow.takes(Progress(), now=NOW + HOUR)
    assert not shadow.is_complete(Progress(), now=NOW)
    assert not shadow.is_complete(Progress(waiting=1), now=NOW + HOUR)
    assert shadow.is_complete(Progress(), now=NOW + HOUR)


def test_what_has_ended_takes_nothing_more() -> None:
    end = ShadowEnd(at=NOW, by=PersonKey("olga"), how=Ending.STOPPED, reason="a pause")
    assert not a_shadow(end=end).takes(Progress(), now=NOW)
