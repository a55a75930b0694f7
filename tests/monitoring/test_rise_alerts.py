"""From words to an alert: raised once, over when the rate is as before, news again where it rises further."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from bootstrap.storage import Storage
from monitoring.alerts import resolve
from monitoring.rise_alerts import watch_corrections
from overread.domain.alerts import Alert
from overread.domain.identifiers import PatientKey, PersonKey
from overread.domain.studies import Acquisition
from overread.store.unit_of_work import UnitOfWork
from tests.builders import a_correction, a_prediction, a_study, an_agreement, keep_study

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SENT = 8  # studies a day and scanner
USUAL = (1, 0)  # corrected a day, in turn


class Department:
    """Days of a department whose readers correct so many studies of a scanner."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.numbers = count(1)
        self.days = 0

    def go_on(self, days: int, **corrected: tuple[int, ...]) -> None:
        """Let days go by; of each scanner, by station, how many of its studies are corrected, day by day."""
        with self.storage.work() as work:
            for day in range(days):
                at = MONDAY + self.days * DAY + 9 * HOUR
                for station, shares in corrected.items():
                    self._read(work, at, station, shares[day % len(shares)])
                self.days += 1
            work.commit()

    def _read(self, work: UnitOfWork, at: datetime, station: str, corrected: int) -> None:
        header = Acquisition(manufacturer="Acme", model="One", station=station)
        for place in range(SENT):
            number = next(self.numbers)
            patient = PatientKey(f"patient-{number}")
            keep_study(work, a_study(number, patient=patient, acquisition=header, received_at=at))
            work.studies.add_prediction(a_prediction(number, made_at=at))
            if place < corrected:
                work.corrections.add(a_correction(number, at=at + HOUR))
                work.corrections.add(an_agreement(number, by="remy", at=at + HOUR))

    def look(self) -> bool | None:
        """Ask in the night after the last day."""
        with self.storage.work() as work:
            now = MONDAY + self.days * DAY + 3 * HOUR
            risen = watch_corrections(work, task="cxr", now=now, zone=UTC)
            work.commit()
        return risen

    def alerts(self, *, unresolved: bool = True) -> list[Alert]:
        with self.storage.look() as work:
            return work.monitoring.alerts(unresolved=unresolved)


@pytest.fixture
def department(storage: Storage) -> Department:
    made = Department(storage)
    made.go_on(28, dx=USUAL, cr=USUAL)
    return made


def test_a_rise_is_one_alert_with_its_counts_until_the_rate_is_as_it_was(department: Department) -> None:
    department.go_on(7, dx=USUAL, cr=(3,))
    assert [department.look() for _ in range(2)] == [True, True]
    (alert,) = department.alerts()
    assert alert.facts == {
        "recent": "25/112",
        "before": "28/448",
        "since": "2026-03-30T00:00:00+00:00",
        "scanner": "Acme · One · cr",
        "scanner_recent": "21/56",
        "scanner_before": "14/224",
    }
    department.go_on(7, dx=USUAL, cr=USUAL)
    assert department.look() is False
    (over,) = department.alerts(unresolved=False)
    assert (over.id, over.resolved_by, over.gone_at) == (alert.id, "overread", over.resolved_at)


def test_the_level_a_person_has_resolved_is_no_news_and_a_further_rise_is(department: Department) -> None:
    department.go_on(7, dx=(3,))
    assert department.look() is True
    (alert,) = department.alerts()
    with department.storage.work() as work:
        resolve(work, alert.id, by=PersonKey("olga"), reason="a new reader", now=MONDAY)
        work.commit()
    department.go_on(28, dx=(3,))
    assert department.look() is False
    assert department.alerts() == []
    department.go_on(7, dx=(8,))
    assert department.look() is True
    (worse,) = department.alerts()
    assert worse.facts["recent"] == "56/56"


def test_in_its_first_weeks_a_department_is_not_judged(storage: Storage) -> None:
    made = Department(storage)
    assert made.look() is None
    made.go_on(14, dx=(1,))
    assert made.look() is None
    assert made.alerts() == []
