"""The monitoring page says what the API says, to whom it may, and leads to what is to be done."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.alerts import raise_once
from monitoring.reader_codes import reader_code
from overread.domain.alerts import Urgency
from overread.domain.corrections import Kind
from overread.domain.findings import Label
from overread.domain.identifiers import PatientKey, PersonKey
from overread.domain.people import Permission
from overread.domain.reports import ReportStatus
from overread.domain.studies import Acquisition
from overread.store.monitoring import DriftCheck
from overread.store.unit_of_work import UnitOfWork
from overread.wording.numbers import between, grouped, percent
from serving.pages.alerts_view import PLACES
from tests.builders import a_correction, a_finding, a_prediction, a_report, a_study, keep_study
from tests.serving.builders import a_drift_verdict
from tests.serving.conftest import House
from tests.serving.pages.builders import sign_in

HAS, NO = Label.HAS_FINDING, Label.NO_FINDING
READERS = ("rita", "remy", "rosa")
EACH = 21  # studies that each reader signs
MISSED, ALARM = {1, 4, 7, 10, 22}, 24


@pytest.fixture
def read(served: House) -> House:
    """Three readers have signed 21 studies each; rita corrected 4 of hers, remy 2; rosa has her own room."""
    with served.storage.work() as work:
        for place, reader in enumerate(READERS):
            for number in range(EACH * place, EACH * (place + 1)):
                sign(work, number, by=reader, station="CR-4" if reader == "rosa" else "DX-1")
        work.commit()
    return served


def sign(work: UnitOfWork, number: int, *, by: str, station: str) -> None:
    """Keep a study that the model answered and somebody signed; every third is called a finding."""
    now, called = datetime.now(UTC), number % 3 == 0
    probability, patient = (0.9 if called else 0.2), PatientKey(f"patient-{number}")
    scanner = Acquisition(manufacturer="Acme", station=station)
    keep_study(work, a_study(number, patient=patient, probability=probability, acquisition=scanner))
    work.studies.add_prediction(
        a_prediction(number, probability=probability, made_at=now - timedelta(days=2))
    )
    label, named = (NO, ()) if called else (HAS, (a_finding("nodule"),))
    signature = {"status": ReportStatus.SIGNED, "signed_by": PersonKey(by), "signed_at": now}
    work.reports.add(a_report(number, label=label, findings=named, **signature))
    if number in MISSED:
        work.corrections.add(a_correction(number, by=by, at=now, findings=named))
    elif number == ALARM:
        said = {"label": NO, "model_label": HAS, "kind": Kind.FALSE_ALARM}
        work.corrections.add(a_correction(number, by=by, at=now, **said))


def panel(page: str, name: str) -> str:
    """Return a panel's text, with one space wherever there is any."""
    found = re.search(rf'<section class="panel" id="{name}">(.*?)</section>', page, re.DOTALL)
    assert found is not None, name
    return " ".join(re.sub(r"<[^>]+>", " ", found.group(1)).split())


def line_of(rate: dict[str, Any]) -> str:
    """Return how the page writes a rate of the API."""
    counts = f"{grouped(rate['count'])}/{grouped(rate['n'])}"
    share = rate["share"]
    if share is None:
        return f"fewer than 20: no rate {counts}"
    interval = between(100 * share["lower"], 100 * share["upper"], 1)
    return f"{percent(share['estimate'])} {counts} {interval}"


def test_the_numbers_of_the_page_are_those_of_the_interface(read: House) -> None:
    told = read.ask("anna", "GET", "/api/v1/monitoring?days=30").json()
    page = sign_in(read, "anna").get("/monitoring?days=30").text
    said = told["corrections"]
    assert (said["answers"], said["corrected"]["count"], said["spoken"]["n"]) == (63, 6, 63)
    (nodule,) = said["findings"]
    assert f"nodule {line_of(nodule)}" in panel(page, "by-finding")
    assert f"False alarms {line_of(said['false_alarms'])}" in panel(page, "by-finding")
    assert [each["station"] for each in said["scanners"]] == ["CR-4", "DX-1"]
    for each in said["scanners"]:
        assert f"Acme · {each['station']} {line_of(each)}" in panel(page, "by-scanner")
    assert sorted(each["count"] for each in said["readers"]) == [0, 2, 4]
    for each in said["readers"]:
        assert f"{each['reader']} {line_of(each)}" in panel(page, "by-reader")
    (day,) = told["volume"]
    assert (day["predicted"], day["has_finding"]) == (63, 21)
    assert "63 studies, 21 with a finding" in panel(page, "volumes")
    way = told["to_production"]
    assert (way["places"]["read"], way["arrived"], way["median_seconds"]) == (6, 0, None)
    assert "for readers 6" in panel(page, "to-production")
    for name in ("answers", "spoken", "corrected"):
        rate = said[name]
        shown = grouped(rate) if name == "answers" else percent(rate["share"]["estimate"])
        assert f'<b class="t20">{shown}</b>' in page, name


def test_the_score_of_the_page_is_that_of_the_latest_drift_check(served: House) -> None:
    now = datetime.now(UTC)
    with served.storage.work() as work:
        for hours, statistic in ((2, 0.081), (1, 0.264)):
            verdict = a_drift_verdict(passed=False)
            measures = (replace(verdict.measures[0], column="score", statistic=statistic),)
            verdict = replace(verdict, measures=measures)
            work.monitoring.add_check(
                DriftCheck(id=f"check-{hours}", at=now - timedelta(hours=hours), verdict=verdict)
            )
        work.commit()
    text = panel(sign_in(served, "ruth").get("/monitoring").text, "score-drift")
    assert "Drifted" in text
    assert "0.264, Kolmogorov" in text


def test_a_reader_sees_the_own_rate_and_no_colleagues(read: House) -> None:
    secret = read.app.state.web.services.secret
    codes = {name: reader_code(name, secret) for name in READERS}
    for who, seen in {"rita": 1, "sven": 0, "ruth": 0, "olga": 3, "anna": 3}.items():
        rows = read.ask(who, "GET", "/api/v1/monitoring").json()["corrections"]["readers"]
        assert len(rows) == seen, who
        assert [row["reader"] for row in rows] == sorted(row["reader"] for row in rows)  # no ranking
        assert [row["own"] for row in rows] == [who in READERS] * seen
    for who, seen in {"rita": 1, "ruth": 0}.items():
        text = panel(sign_in(read, who).get("/monitoring").text, "by-reader")
        assert sum(code in text for code in codes.values()) == seen
        assert not any(name in text for name in READERS)
        assert (f"{codes['rita']}, you" in text) is (who == "rita")


def test_rates_of_readers_are_withheld_while_a_code_would_name_its_reader(served: House) -> None:
    assert served.ask("anna", "GET", "/api/v1/monitoring").json()["corrections"]["readers"] == []
    page = sign_in(served, "anna").get("/monitoring").text
    assert "fewer than 3 readers have 20 studies each" in panel(page, "by-reader")


def test_every_alert_says_what_to_do_and_leads_there_who_may_open_it(served: House) -> None:
    with served.storage.work() as work:
        for kind in PLACES:
            raise_once(work, kind, Urgency.WARNING, {}, now=datetime.now(UTC))
        work.commit()
    olga, rita = sign_in(served, "olga"), sign_in(served, "rita")
    for_olga, for_rita = olga.get("/monitoring").text, rita.get("/monitoring").text
    for href, needed in PLACES.values():
        link = f'<a href="{href}">Go there</a>'
        assert link in for_olga
        assert (link in for_rita) is (needed in {Permission.SEE_MONITORING, Permission.SEE_STUDIES})
        assert href.startswith("#") or olga.get(href).status_code == 200


def test_a_period_is_chosen_by_the_address(read: House) -> None:
    page = sign_in(read, "ruth").get("/monitoring?days=1").text
    assert '<a href="/monitoring?days=7">' in page
    assert read.ask("ruth", "GET", "/api/v1/monitoring?days=1").json()["corrections"]["answers"] == 0
    assert read.ask("ruth", "GET", "/monitoring?days=0").status_code in {303, 422}


def test_one_scanner_is_shown_alone_beside_all(read: House) -> None:
    everything = read.ask("anna", "GET", "/api/v1/monitoring").json()
    one = read.ask("anna", "GET", "/api/v1/monitoring", params={"scanner": "Acme\\\\CR-4"}).json()
    assert (one["corrections"]["answers"], one["volume"][0]["predicted"]) == (21, 21)
    assert (one["corrections"]["corrected"]["count"], one["corrections"]["spoken"]["count"]) == (0, 0)
    assert one["corrections"]["readers"] == []  # one reader's: withheld
    assert one["corrections"]["scanners"] == everything["corrections"]["scanners"]
    page = sign_in(read, "anna")
    (link,) = re.findall(r'<a href="(/monitoring\?[^"]+)">Acme · CR-4</a>', page.get("/monitoring").text)
    shown = page.get(link.replace("&amp;", "&")).text
    assert '<b class="t20">21</b>' in shown
    assert "Only Acme · CR-4 in volumes" in shown
    assert "21 studies, 7 with a finding" in panel(shown, "volumes")
    wrong = read.ask("anna", "GET", "/api/v1/monitoring", params={"scanner": "CR-4"})
    assert (wrong.status_code, wrong.json()["type"]) == (422, "urn:overread:problem:bad-input")


def test_the_page_says_how_long_studies_waited_for_their_answer(read: House) -> None:
    waits = read.ask("ruth", "GET", "/api/v1/monitoring").json()["waits"]
    assert 0 < waits["median_seconds"] <= waits["p99_seconds"]
    days = f"{int(waits['p99_seconds'] // 86_400)} d"
    page = sign_in(read, "ruth").get("/monitoring").text
    assert f'<b class="t20">{days}</b><span class="hint">median {days}' in page
    assert sign_in(read, "ruth").get("/monitoring?scanner=no").status_code == 422
