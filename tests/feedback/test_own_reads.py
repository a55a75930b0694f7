"""A person's own reads of a day: theirs alone, since their midnight, the latest first."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from feedback.own_reads import median_seconds, own_read, reads_of_day
from overread.domain.adjudication import Resolution, Stage
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey
from overread.store.unit_of_work import UnitOfWork
from tests.builders import a_case, a_read, keep_predicted

REMY, SVEN = PersonKey("remy"), PersonKey("sven")
SHANGHAI = ZoneInfo("Asia/Shanghai")
MIDNIGHT = datetime(2026, 3, 1, 16, tzinfo=UTC)  # there, the second of March
SECOND = timedelta(seconds=1)


def test_a_day_begins_at_the_sites_midnight_and_holds_nobody_elses_reads(work: UnitOfWork) -> None:
    given = {1: -SECOND, 2: timedelta(0), 3: timedelta(hours=2)}
    for number, after in given.items():
        keep_predicted(work, number)
        work.cases.add(a_case(number))
        work.cases.add_read(a_read("remy", case=f"case-000{number}", at=MIDNIGHT + after))
        work.cases.add_read(a_read("rosa", case=f"case-000{number}", at=MIDNIGHT + after, stage=Stage.SECOND))
    own = reads_of_day(work, REMY, now=MIDNIGHT + timedelta(hours=23), zone=SHANGHAI)
    assert [(each.read.case, each.read.by) for each in own] == [("case-0003", "remy"), ("case-0002", "remy")]
    assert reads_of_day(work, REMY, now=MIDNIGHT + timedelta(hours=24), zone=SHANGHAI) == []


def test_a_decision_is_its_seniors_alone() -> None:
    decision = Resolution(
        id="decided",
        case="case-0001",
        by=SVEN,
        at=MIDNIGHT,
        label=Label.NO_FINDING,
        findings=(),
        reason="nipple",
        changed_after_reveal=True,
    )
    case = a_case(reads=(a_read("remy"), a_read("sven", stage=Stage.SENIOR)), resolution=decision)
    by_sven, by_remy = own_read(case, SVEN), own_read(case, REMY)
    assert by_sven is not None
    assert by_sven.decision == decision
    assert by_remy is not None
    assert by_remy.decision is None
    assert own_read(case, PersonKey("rosa")) is None


def test_the_median_time_leaves_out_what_was_not_timed(work: UnitOfWork) -> None:
    taken = (12.0, None, 40.0, 20.0)
    reads = [own_read(a_case(reads=(a_read("remy", seconds=seconds),)), REMY) for seconds in taken]
    assert median_seconds([read for read in reads if read is not None]) == 20.0
    assert median_seconds([]) is None
