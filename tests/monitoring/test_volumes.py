"""Days are the site's: they begin at its midnight, and have an hour less or more where clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bootstrap.storage import Storage
from monitoring.volumes import days_between, volumes
from overread.domain.identifiers import PatientKey
from tests.builders import a_prediction, a_study, keep_study

HOUR = timedelta(hours=1)


def test_days_lie_end_to_end_and_follow_the_clocks() -> None:
    since = datetime(2026, 3, 28, 12, tzinfo=UTC)
    days = days_between(since, since + timedelta(days=2), zone=ZoneInfo("Europe/Berlin"))
    assert [each.day for each in days] == [date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)]
    assert [each.ends - each.begins for each in days] == [11 * HOUR, 23 * HOUR, 24 * HOUR]
    assert days[0].begins == since
    assert [each.begins for each in days[1:]] == [each.ends for each in days[:-1]]
    assert days_between(since, since - HOUR, zone=UTC) == []


def test_an_answer_counts_on_the_sites_day(storage: Storage) -> None:
    midnight = datetime(2026, 3, 2, tzinfo=ZoneInfo("Asia/Shanghai"))
    with storage.work() as work:
        assert volumes(work, midnight - HOUR, zone=midnight.tzinfo) == []
        for number, after in enumerate((-2 * HOUR, -HOUR, 0 * HOUR, HOUR), start=1):
            keep_study(work, a_study(number, patient=PatientKey(f"patient-{number}")))
            made = a_prediction(number, probability=0.2 * number, made_at=midnight + after)
            work.studies.add_prediction(made)
        found = volumes(work, midnight - HOUR, zone=midnight.tzinfo)
    assert [(each.day.day, each.answers, each.flagged) for each in found] == [(1, 1, 0), (2, 2, 2)]
    assert found[1].mean_probability == (0.2 * 3 + 0.2 * 4) / 2
