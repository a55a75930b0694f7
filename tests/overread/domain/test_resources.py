"""Room for another training and time after it: what the last ones took, and nothing made up."""

from datetime import timedelta

import pytest

from overread.domain.resources import NoRoomError, Room, TimeAfter

MINUTE = timedelta(minutes=1)


def test_another_training_needs_as_much_as_the_largest_of_the_last() -> None:
    room = Room(free=40, total=100, taken=(20, 41, 30))
    assert (room.needed, room.suffices) == (41, False)
    with pytest.raises(NoRoomError, match="40 bytes are free, and one of the last took 41") as refused:
        room.require()
    assert refused.value.members == {"free": 40, "needed": 41}
    Room(free=41, total=100, taken=(20, 41, 30)).require()


def test_before_the_first_training_nothing_is_known_and_nothing_refused() -> None:
    room = Room(free=0, total=100)
    assert (room.needed, room.suffices) == (None, True)
    room.require()


def test_the_time_after_is_the_range_of_the_last_less_what_is_gone() -> None:
    after = TimeAfter.of([3 * MINUTE, 7 * MINUTE, 5 * MINUTE])
    assert after == TimeAfter(shortest=3 * MINUTE, longest=7 * MINUTE, n=3)
    assert after.left(4 * MINUTE) == TimeAfter(shortest=timedelta(0), longest=3 * MINUTE, n=3)
    assert after.left(8 * MINUTE) is None
    assert TimeAfter.of([]) is None
