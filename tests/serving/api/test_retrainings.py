from overread.domain.models import RunState
from tests.serving.conftest import House

PATH = "/api/v1/retrainings"


def test_a_retraining_is_asked_for_listed_and_called_off(house: House) -> None:
    asked = house.ask("ruth", "POST", PATH)
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    (listed,) = house.ask("anna", "GET", PATH).json()["items"]
    assert listed == asked.json()
    path = f"{PATH}/{asked.json()['id']}"
    assert house.ask("olga", "DELETE", path).json()["state"] == "cancelled"
    assert house.ask("olga", "DELETE", path).status_code == 409
    with house.storage.look() as work:
        rows = [row.event.action for row in work.audit.rows() if row.event.action.startswith("retraining")]
        assert work.monitoring.run(asked.json()["id"]).state is RunState.CANCELLED
    assert rows == ["retraining-asked", "retraining-cancelled"]


def test_a_second_one_does_not_queue_behind_one_that_waits(house: House) -> None:
    house.ask("ruth", "POST", PATH)
    answer = house.ask("olga", "POST", PATH)
    assert (answer.status_code, answer.json()["code"]) == (409, "already-waiting")


def test_an_unknown_retraining_is_404(house: House) -> None:
    assert house.ask("olga", "DELETE", f"{PATH}/nothing").status_code == 404
