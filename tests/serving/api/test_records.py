"""The change record, the figures over time, and health."""

import pytest
from fastapi.testclient import TestClient

from overread.domain.alerts import Alert, Urgency
from overread.store.monitoring import DriftCheck
from serving.app import create_app
from tests.serving.builders import ClockedServices, a_dicom, a_drift_verdict, put_in_production, set_digest
from tests.serving.conftest import House


def test_the_record_is_read_in_order_from_behind_a_row(house: House) -> None:
    house.send(a_dicom(), wait=None)
    first = house.ask("anna", "GET", "/api/v1/audit", params={"limit": "3"}).json()
    assert [row["seq"] for row in first["items"]] == [1, 2, 3]
    assert set(first["items"][0]) == {
        "seq",
        "at",
        "by",
        "action",
        "subject",
        "study",
        "details",
        "previous",
        "hash",
    }
    then = house.ask("anna", "GET", "/api/v1/audit", params={"cursor": first["next_cursor"]}).json()
    after = house.ask("anna", "GET", "/api/v1/audit", params={"after": "3"}).json()
    assert then["items"][0]["seq"] == after["items"][0]["seq"] == 4
    assert first["items"][1]["previous"] == first["items"][0]["hash"]


def test_a_changed_row_is_found(house: House) -> None:
    assert house.ask("anna", "GET", "/api/v1/audit/verify").json()["ok"]
    with house.storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit SET by = 'somebody' WHERE seq = 2")
    state = house.ask("anna", "GET", "/api/v1/audit/verify").json()
    assert (state["ok"], state["first_bad"]) == (False, 2)


def test_the_figures_have_everything_the_page_shows(served: House) -> None:
    served.send(a_dicom(bright=True))
    served.send(a_dicom(bright=False, seed=1))
    report = served.storage.objects.put(b"<html></html>")
    with served.storage.work() as work:
        verdict = a_drift_verdict(passed=False, report=report)
        work.monitoring.add_check(DriftCheck(id="c1", at=served.clock.now(), verdict=verdict))
        work.monitoring.add_alert(
            Alert(
                id="a1",
                kind="drift",
                urgency=Urgency.WARNING,
                raised_at=served.clock.now(),
                facts={"column": "mean_grey"},
            )
        )
        work.commit()
    shown = served.ask("rita", "GET", "/api/v1/monitoring").json()
    assert set(shown) == {
        *("drift", "alerts", "calibration", "audit", "readers", "volume", "waits", "studies"),
        *("performance", "stop_rule", "normal_text", "corrections", "to_production"),
    }
    assert (shown["performance"], shown["stop_rule"]["audited"]) == ([], 0)
    assert shown["normal_text"] == {"automatic": True, "since": None, "by": None, "reason": None}
    assert (shown["drift"][0]["passed"], shown["drift"][0]["drifted"]) == (False, ["mean_grey"])
    assert [found["levels"] for found in shown["drift"][0]["attributions"]] == [["N"]]
    assert served.ask("rita", "GET", shown["drift"][0]["report"]).status_code == 200
    (day,) = shown["volume"]
    assert (day["predicted"], day["has_finding"]) == (2, 1)
    assert shown["readers"]["kappa"] is None
    assert shown["alerts"][0]["kind"] == "drift"


def test_live_and_ready_say_so_without_credentials(house: House) -> None:
    assert house.client.get("/health/live").json() == {"status": "live"}
    ready = house.client.get("/health/ready")
    assert ready.status_code == 200
    checks = ready.json()["checks"]
    assert set(checks) == {"database", "objects", "inference", "mlflow", "prefect"}
    assert checks["inference"] == {"ok": True, "model": None}


def test_ready_names_the_version_that_serves(served: House) -> None:
    assert served.client.get("/health/ready").json()["checks"]["inference"]["model"] == "1"


def test_a_version_that_cannot_be_loaded_makes_the_process_unready(house: House) -> None:
    put_in_production(house.storage, house.task, "1")
    set_digest(house.storage, "1", "0" * 64)
    house.app.state.web.slot.follow()
    answer = house.client.get("/health/ready")
    assert (answer.status_code, answer.json()["checks"]["inference"]["ok"]) == (503, False)


def test_without_a_database_the_process_lives_but_is_not_ready(services: ClockedServices) -> None:
    app = create_app(services, scoring=False)
    with services.storage.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE people RENAME TO gone")
    with TestClient(app) as client:
        assert client.get("/health/live").status_code == 200
        answer = client.get("/health/ready")
        assert (answer.status_code, answer.json()["status"]) == (503, "unready")


def test_the_numbers_are_in_prometheus_format_and_name_no_study(served: House) -> None:
    uid = served.send(a_dicom()).json()["study_instance_uid"]
    served.ask("rita", "GET", f"/api/v1/studies/{uid}")
    text = served.client.get("/metrics").text
    assert 'overread_predictions_total{label="has_finding",version="1"} 1.0' in text
    assert "/api/v1/studies/{uid}" in text
    assert uid not in text


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/studies/1.2/nothing"])
def test_an_address_without_anything_is_a_problem_document(house: House, path: str) -> None:
    answer = house.ask("rita", "GET", path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert set(answer.json()) == {"type", "title", "status", "detail", "instance", "code"}
    assert answer.json()["instance"] == path


def test_a_method_that_is_not_taken_is_405(house: House) -> None:
    answer = house.ask("rita", "PATCH", "/api/v1/studies")
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
