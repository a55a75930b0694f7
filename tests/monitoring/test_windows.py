"""Which studies a drift check compares."""

from datetime import UTC, datetime, timedelta

import pytest

from monitoring.windows import Seen, windows
from overread.domain.identifiers import PatientKey, StudyUid

NOW = datetime(2025, 3, 10, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


def seen(number: int, *, days_ago: float, patient: str | None = None) -> Seen:
    return Seen(
        study=uid(number), patient=PatientKey(patient or f"p{number}"), at=NOW - timedelta(days=days_ago)
    )


def uid(number: int) -> StudyUid:
    return StudyUid(f"1.2.{number}")


def test_the_current_window_is_the_last_span_and_the_reference_what_came_before() -> None:
    chosen = windows([seen(1, days_ago=1), seen(2, days_ago=9), seen(3, days_ago=3)], now=NOW, span=WEEK)
    assert chosen.current == (uid(3), uid(1))
    assert chosen.reference == (uid(2),)


def test_a_study_on_the_far_edge_belongs_to_the_past() -> None:
    chosen = windows([seen(1, days_ago=7), seen(2, days_ago=0)], now=NOW, span=WEEK)
    assert (chosen.reference, chosen.current) == ((uid(1),), (uid(2),))


def test_what_production_was_tested_on_is_the_reference_and_never_current() -> None:
    everything = [seen(1, days_ago=1), seen(2, days_ago=2), seen(3, days_ago=30), seen(4, days_ago=40)]
    chosen = windows(everything, now=NOW, span=WEEK, tested={uid(1), uid(4)})
    assert chosen.reference == (uid(4), uid(1))
    assert chosen.current == (uid(2),)


def test_only_the_latest_study_of_a_patient_counts_in_a_window() -> None:
    everything = [
        seen(1, days_ago=1, patient="p"),
        seen(2, days_ago=3, patient="p"),
        seen(3, days_ago=8, patient="p"),
    ]
    chosen = windows(everything, now=NOW, span=WEEK)
    assert (chosen.reference, chosen.current) == ((uid(3),), (uid(1),))


def test_a_full_window_keeps_the_newest() -> None:
    chosen = windows([seen(i, days_ago=i) for i in range(1, 20)], now=NOW, span=WEEK, most=3)
    assert chosen.current == (uid(3), uid(2), uid(1))
    assert chosen.reference == (uid(9), uid(8), uid(7))


def test_what_has_not_come_yet_is_not_seen() -> None:
    assert windows([seen(1, days_ago=-1)], now=NOW, span=WEEK, tested={uid(1)}).reference == ()


@pytest.mark.parametrize(("span", "most"), [(timedelta(0), 10), (WEEK, 0)])
def test_a_window_without_room_is_a_mistake(span: timedelta, most: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        windows([], now=NOW, span=span, most=most)
