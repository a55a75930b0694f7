"""Lists as files: what the page shows, in its order, for those who may see it; each is recorded."""

import csv
import io

import pytest

from serving.pages import exports
from tests.serving.builders import a_dicom
from tests.serving.conftest import House
from tests.serving.pages.builders import Browser, furnish, sign_in


def rows_of(browser: Browser, path: str) -> list[dict[str, str]]:
    answer = browser.get(path)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def exported(house: House) -> list[tuple[str, dict[str, object]]]:
    with house.storage.look() as work:
        rows = work.audit.rows(after=0, limit=200)
    return [(r.event.by, dict(r.event.details)) for r in rows if r.event.action == "list-exported"]


def test_the_worklist_is_the_filtered_list_in_its_order_and_hides_what_is_hidden(
    served: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 2)  # several pages of a short list
    there = furnish(served)
    served.send(a_dicom(bright=False, seed=6, PatientName="+1+1", PatientID="R1"))
    rita, remy = sign_in(served, "rita"), sign_in(served, "remy")
    shown = rows_of(rita, "/worklist.csv")
    assert [row["Study UID"] for row in shown[:1] + shown[2:]] == [
        there.finding, there.quarantined, there.excluded, there.clear
    ]  # fmt: skip
    assert (shown[1]["Patient"], shown[0]["AI result"], shown[0]["State"]) == (
        "'+1+1",
        "Finding",
        "To read",
    )
    assert [row["Study UID"] for row in rows_of(rita, "/worklist.csv?label=no_finding&q=Doe")] == [
        there.clear
    ]
    assert exported(served)[-1] == (
        "rita", {"list": "worklist", "state": "", "label": "no_finding", "searched": True, "mine": False}
    )  # fmt: skip

    rita.fill(f"/studies/{there.clear}", f"/studies/{there.clear}/feedback", {"press": "disagree"})
    remy.get("/adjudication")  # remy holds the case now
    held = next(row for row in rows_of(remy, "/worklist.csv") if row["Study UID"] == there.clear)
    assert (held["AI result"], held["Probability"], held["Prio"]) == ("Waiting for the model", "", "3")
    assert rita.get("/worklist.csv?state=lost").status_code == 422
    assert served.ask("dora", "GET", "/worklist.csv").status_code == 403


def test_cases_name_no_study_and_no_reader_and_tell_nothing_while_open(served: House) -> None:
    there = furnish(served)
    rita = sign_in(served, "rita")
    rita.fill(f"/studies/{there.clear}", f"/studies/{there.clear}/feedback", {"press": "disagree"})
    sven = sign_in(served, "sven")
    (case,) = rows_of(sven, "/adjudication/cases.csv")
    assert (case["State"], case["Reads"], case["Label, once closed"]) == ("open", "0", "")
    text = sven.get("/adjudication/cases.csv").text
    assert not any(word in text for word in (there.clear, "rita", "Doe"))
    assert rita.get("/adjudication/cases.csv").status_code == 403
    ruth = sign_in(served, "ruth")
    ruth.fill("/monitoring", f"/monitoring/alerts/alert-1{'0' * 20}/take", {})
    (alert,) = rows_of(ruth, "/monitoring/alerts.csv")
    assert (alert["Urgency"], alert["Taken by"], alert["Resolved by"]) == ("urgent", "ruth", "")
    assert any(value and name.startswith("Taken (") for name, value in alert.items())
    assert [details["list"] for _, details in exported(served)] == ["cases", "cases", "alerts"]
