from tests.serving.builders import a_dicom, put_in_production
from tests.serving.conftest import House


def test_a_model_has_the_shape_of_the_interface(served: House) -> None:
    (model,) = served.ask("rita", "GET", "/api/v1/models").json()["items"]
    assert set(model) == {"version", "state", "digest", "trained_at", "lineage"}
    assert set(model["lineage"]) == {"parent", "dataset_version", "corrections", "code", "run"}
    assert (model["version"], model["state"]) == ("1", "production")


def test_nothing_to_roll_back_is_said_so(served: House) -> None:
    answer = served.ask("olga", "POST", "/api/v1/models/rollback")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing-to-roll-back")


def test_a_rollback_serves_the_model_before_once_it_answers(served: House) -> None:
    put_in_production(served.storage, served.task, "2", slope=30)
    served.app.state.web.slot.follow()
    answer = served.ask("ruth", "POST", "/api/v1/models/rollback", json={"reason": "too many alarms"})
    assert answer.status_code == 200, answer.text
    back = answer.json()
    assert set(back) == {"from", "to", "at", "seconds"}
    assert (back["from"], back["to"]) == ("2", "1")
    assert 0 <= back["seconds"] < 60
    assert served.send(a_dicom()).json()["prediction"]["model"]["version"] == "1"
    record = served.ask("anna", "GET", "/api/v1/audit", params={"limit": "200"}).json()["items"]
    (row,) = [row for row in record if row["action"] == "production-rolled-back"]
    assert row["details"]["reason"] == "too many alarms"


def test_a_rollback_with_an_unknown_field_is_422(served: House) -> None:
    assert served.ask("ruth", "POST", "/api/v1/models/rollback", json={"to": "1"}).status_code == 422
