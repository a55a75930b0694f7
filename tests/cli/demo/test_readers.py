"""Whoever looks faster, reports are filed in the order of studies and cases are handed out in turn."""

import random
import threading
from dataclasses import dataclass, field
from typing import cast

import pytest

from cli.demo.readers import Json, Radiologist, Seen, adjudicate_all, read_all
from overread.simulation.readers import Perception

SECONDS = 20.0


@dataclass
class Department:
    """What a server would keep: the order of reports, the cases that wait and who has read which."""

    waiting: list[str] = field(default_factory=list)
    reported: list[tuple[str, str]] = field(default_factory=list)
    read: set[tuple[str, str]] = field(default_factory=set)
    looked: dict[str, threading.Event] = field(default_factory=dict)


@dataclass
class Slow:
    """A radiologist whose look at a study ends only once the next study has been looked at."""

    name: str
    department: Department
    last: str

    def see(self, uid: str) -> Seen | None:
        self.department.looked[uid].set()
        following = str(int(uid) + 1)
        if int(uid) % 2 == 0 and uid != self.last:
            assert self.department.looked[following].wait(SECONDS)
        by = cast("Radiologist", self)
        return Seen(uid=uid, by=by, perception=Perception(), size=8, differs=False, draft="")

    def report(self, seen: Seen, _habit: random.Random) -> None:
        self.department.reported.append((self.name, seen.uid))

    def next_case(self) -> Json | None:
        return {"case": self.department.waiting.pop(0)} if self.department.waiting else None

    def read_case(self, case: Json) -> None:
        self.department.read.add((self.name, str(case["case"])))


def people(department: Department, *names: str, last: str = "") -> list[Radiologist]:
    return [cast("Radiologist", Slow(name, department, last)) for name in names]


def test_reports_are_filed_in_order_however_long_each_look_takes() -> None:
    uids = [str(number) for number in range(9)]
    department = Department(looked={uid: threading.Event() for uid in uids})
    steps: list[None] = []
    read_all(people(department, "a", "b", last="8"), uids, seed=1, on_read=lambda: steps.append(None))
    assert department.reported == [("ab"[place % 2], uid) for place, uid in enumerate(uids)]
    assert len(steps) == len(uids)


@pytest.mark.parametrize("count", [0, 1, 5, 6])
def test_cases_are_handed_out_in_turn_until_none_waits(count: int) -> None:
    department = Department(waiting=[str(number) for number in range(count)])
    adjudicate_all(people(department, "a", "b", "c"), people(department, "senior"))
    assert department.read == {("abc"[number % 3], str(number)) for number in range(count)}
    assert not department.waiting
