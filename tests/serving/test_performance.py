"""Production's accuracy over the API and on the page: numbers where audits were read, words where not."""

from datetime import UTC, datetime

import pytest

from feedback.audits import draw_audits
from overread.domain.findings import Label
from overread.domain.tasks import Task
from overread.settings.tasks import load_task
from tests.builders import a_label
from tests.feedback.test_audits import SALT, auditing, reported
from tests.serving.conftest import House
from tests.serving.pages.builders import sign_in

HAS, NO = Label.HAS_FINDING, Label.NO_FINDING


def audited(house: House, *, read: int) -> None:
    """Report 10 studies called clear and 10 called a finding, draw all that are clear, and settle some."""
    task: Task = auditing(load_task(house.task), 1.0)
    now = datetime.now(UTC)
    with house.storage.work() as work:
        work.models._connection.exec_driver_sql("UPDATE production_history SET at = '2026-01-01 00:00:00'")
        for number in range(20):
            reported(work, number, called=NO if number < 10 else HAS, at=now)
        for number, case in enumerate(draw_audits(work, task=task, salt=SALT, now=now)[:read]):
            label = HAS if number == 0 else NO
            work.labels.add(a_label(number, study=case.study, case=case.id, label=label, at=now))
        work.commit()


def test_the_api_gives_both_estimates_with_limits_by_month_and_in_all(served: House) -> None:
    audited(served, read=5)
    shown = served.ask("rita", "GET", "/api/v1/monitoring").json()
    everything, month = shown["performance"]
    assert (everything["version"], everything["month"]) == ("1", None)
    assert month["month"] == f"{datetime.now(UTC):%Y-%m}-01"
    assert (everything["audits_drawn"], everything["audits_read"], everything["gaps"]) == (10, 5, [])
    for name in ("horvitz_thompson", "begg_greenes"):
        sensitivity = everything[name]["sensitivity"]
        assert sensitivity["estimate"] == pytest.approx(10 / (10 + 2))  # one of the five stands for two
        assert sensitivity["lower"] < 10 / 12 < sensitivity["upper"]
    assert everything["missed"]["estimate"] == pytest.approx(0.2)
    assert (shown["stop_rule"]["audited"], shown["stop_rule"]["missed"]) == (5, 1)


def test_without_a_read_audit_there_is_null_and_never_a_number_from_disputes_alone(served: House) -> None:
    audited(served, read=0)
    everything = served.ask("rita", "GET", "/api/v1/monitoring").json()["performance"][0]
    assert (everything["horvitz_thompson"], everything["begg_greenes"]) == (None, None)
    assert everything["gaps"] == ["cleared"]
    assert (everything["missed"]["estimate"], everything["missed"]["upper"]) == (None, 1.0)


@pytest.mark.parametrize(
    ("language", "unknown", "second"),
    [
        ("en", "no audit of a study called no finding has been read", "from what chance alone chose"),
        ("zh", "判为无发现的检查还没有读完的抽查", "只用随机抽中的检查"),
    ],
)
def test_the_page_says_what_is_not_known_and_then_the_numbers(
    served: House, language: str, unknown: str, second: str
) -> None:
    rita = sign_in(served, "rita", language=language)
    audited(served, read=0)
    before = rita.get("/monitoring").text
    assert unknown in before
    assert second not in before
    with served.storage.work() as work:
        for number, lot in enumerate(lot for lot in work.lots.all() if lot.case is not None):
            label = HAS if number == 0 else NO
            work.labels.add(a_label(number, study=lot.study, case=lot.case, label=label))
        work.commit()
    after = rita.get("/monitoring").text
    assert second in after
    assert "90.9 %" in after  # 10 of 11
    assert "1 missed findings in 10 audits" in after or "10 次抽查中漏诊 1 次" in after
