"""When a retraining starts by itself: enough cases, fewer while drift is alerted, fewer from a date on."""

from dataclasses import replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from overread.domain.errors import InputError
from overread.domain.retraining import Standing, Trigger, Triggers, due

TRIGGERS = Triggers(corrections=200, drift=50, date=20, weekday=6, at=time(4))
WEDNESDAY = datetime(2026, 3, 4, 12, tzinfo=UTC)
LAST = datetime(2026, 3, 2, tzinfo=UTC)  # the Monday before


@pytest.mark.parametrize(
    ("settled", "drifting", "since", "trigger"),
    [
        (200, False, LAST, Trigger.CORRECTIONS),
        (199, False, LAST, None),
        (50, True, LAST, Trigger.DRIFT),
        (49, True, LAST, None),
        (20, False, datetime(2026, 2, 28, tzinfo=UTC), Trigger.DATE),
        (19, False, datetime(2026, 2, 28, tzinfo=UTC), None),
        (20, False, LAST, None),  # the date of this week is still to come
        (20, False, None, Trigger.DATE),
    ],
)
def test_any_one_trigger_starts_a_retraining_once_it_has_enough_cases(
    settled: int, drifting: bool, since: datetime | None, trigger: Trigger | None
) -> None:
    standing = Standing(settled=settled, drifting=drifting, since=since)
    assert due(TRIGGERS, standing, now=WEDNESDAY, zone=UTC) is trigger


def test_the_date_is_the_next_sunday_at_four_where_the_site_is() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    assert TRIGGERS.next_date(WEDNESDAY, shanghai) == datetime(2026, 3, 7, 20, tzinfo=UTC)
    at_four = datetime(2026, 3, 8, 4, tzinfo=UTC)
    assert TRIGGERS.next_date(at_four, UTC) == datetime(2026, 3, 15, 4, tzinfo=UTC)
    assert TRIGGERS.last_date(at_four, UTC) == at_four
    assert TRIGGERS.last_date(WEDNESDAY, UTC) == datetime(2026, 3, 1, 4, tzinfo=UTC)


def test_a_trigger_that_needs_nothing_new_is_refused() -> None:
    with pytest.raises(InputError, match="at least 1"):
        replace(TRIGGERS, date=0)
    with pytest.raises(InputError, match="weekday"):
        replace(TRIGGERS, weekday=7)
