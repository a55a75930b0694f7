"""The card, the tokens lent for it, and what other programs say is open."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx2 import Response

from bootstrap.credentials import issue_token
from overread.domain.errors import InputError
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role, Scope
from tests.serving.builders import a_dicom
from tests.serving.conftest import House

SAID = {"verdict": "disagree", "label": "no_finding", "kind": "false_alarm"}


def vouched(house: House, path: str, **body: object) -> Response:
    """Ask as the server of a RIS."""
    return house.ask("only-vouch", "POST", f"/api/v1/{path}", json=body)


def sent(house: House, **tags: Any) -> str:
    return str(house.send(a_dicom(**tags)).json()["study_instance_uid"])


def test_a_card_has_the_answer_and_ones_own_word_and_says_not_whose_it_is(served: House) -> None:
    path = f"/api/v1/studies/{sent(served, PatientName='Doe^Jane', PatientID='P-77')}"
    card = served.ask("rita", "GET", f"{path}/card").json()
    assert (card["state"], card["reasons"], card["own"], card["near"]) == ("predicted", [], None, None)
    assert card["prediction"] == served.ask("rita", "GET", f"{path}/prediction").json()
    filed = served.ask("rita", "POST", f"{path}/feedback", json=SAID, headers={"Idempotency-Key": "k"}).json()
    served.clock.ahead = timedelta(seconds=20)
    answer = served.ask("rita", "GET", f"{path}/card")
    own = answer.json()["own"]
    assert own["feedback"] == filed
    assert 30 < own["undo_seconds"] <= 40
    assert not any(secret in answer.text for secret in ("Jane", "P-77", "1970"))
    assert served.ask("remy", "GET", f"{path}/card").json()["own"] is None

    served.ask("rita", "DELETE", f"{path}/feedback/{filed['id']}")
    assert served.ask("rita", "GET", f"{path}/card").json()["own"] is None


def test_a_card_says_why_a_study_is_not_scored_and_hides_what_is_read_blinded(served: House) -> None:
    lateral = served.ask("rita", "GET", f"/api/v1/studies/{sent(served, ViewPosition='LL')}/card").json()
    assert (lateral["state"], lateral["prediction"]) == ("excluded", None)
    assert [reason["code"] for reason in lateral["reasons"]] == ["R03_LATERAL"]
    assert served.ask("rita", "GET", "/api/v1/studies/1.2.3/card").status_code == 404

    path = f"/api/v1/studies/{sent(served, seed=2)}"
    served.ask("rita", "POST", f"{path}/feedback", json=SAID, headers={"Idempotency-Key": "k"})
    assert served.ask("remy", "GET", "/api/v1/adjudication/next").status_code == 200  # remy holds its case
    blinded = served.ask("remy", "GET", f"{path}/card")
    assert (blinded.status_code, blinded.json()["code"]) == (403, "blinded")


def test_a_ris_is_lent_a_short_token_for_a_reader_that_it_vouches_for(house: House) -> None:
    lent = vouched(house, "widget-tokens", person="rita", minutes=30).json()
    left = datetime.fromisoformat(lent["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=29) < left <= timedelta(minutes=30)
    with house.storage.look() as work:
        (last,) = work.audit.rows(after=work.audit.length() - 1)
    assert (last.event.action, last.event.by) == ("token-made", "only-vouch")
    assert lent["token"] not in str(last)

    house.clock.ahead = timedelta(hours=1)  # ended ones are not kept: a workstation gets several a day
    vouched(house, "widget-tokens", person="rita")
    with house.storage.look() as work:
        scopes = [token.scope for token in work.people.tokens_of(PersonKey("rita"))]
    assert scopes.count(Scope.WIDGET) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"person": "nobody"}, 404),
        ({"person": "no name at all"}, 404),
        ({"person": "ruth"}, 403),
        ({"person": "rita", "minutes": 721}, 422),
        ({"person": "rita", "role": "operator"}, 422),
    ],
)
def test_nobody_else_and_nothing_longer_is_lent(house: House, body: dict[str, object], status: int) -> None:
    assert vouched(house, "widget-tokens", **body).status_code == status


def test_a_switched_off_reader_is_lent_nothing(house: House) -> None:
    with house.storage.work() as work:
        work.people.switch(PersonKey("rita"), off_at=datetime.now(UTC))
        work.commit()
    assert vouched(house, "widget-tokens", person="rita").json()["code"] == "switched-off"


def test_a_token_for_the_widget_lasts_a_working_day_at_the_most(house: House) -> None:
    now = datetime.now(UTC)
    issue_token(house.storage, PersonKey("rita"), Role.READER, scope=Scope.WIDGET, now=now)
    with house.storage.look() as work:
        ends = {token.scope: token.expires_at for token in work.people.tokens_of(PersonKey("rita"))}
    assert ends == {None: None, Scope.WIDGET: now + timedelta(hours=12)}
    tomorrow = now + timedelta(days=1)
    with pytest.raises(InputError, match="at most 12 hours"):
        issue_token(
            house.storage, PersonKey("rita"), Role.READER, scope=Scope.WIDGET, now=now, expires_at=tomorrow
        )


def test_a_token_that_could_do_nothing_is_not_made(house: House) -> None:
    with pytest.raises(InputError, match="may do nothing of vouch"):
        issue_token(house.storage, PersonKey("ris"), Role.DEVICE, scope=Scope.VOUCH, now=datetime.now(UTC))


def test_what_is_open_elsewhere_is_told_to_its_own_reader_for_the_day(house: House) -> None:
    nothing = {"study_instance_uid": None, "at": None}
    assert house.ask("rita", "GET", "/api/v1/context").json() == nothing
    assert vouched(house, "context", person="rita", study_instance_uid="1.2.3").status_code == 204
    told = house.ask("rita", "GET", "/api/v1/context").json()
    assert told["study_instance_uid"] == "1.2.3"
    assert house.ask("remy", "GET", "/api/v1/context").json() == nothing
    assert vouched(house, "context", person="nobody", study_instance_uid="1.2.3").status_code == 404
    vouched(house, "context", person="rita", study_instance_uid=None)
    closed = house.ask("rita", "GET", "/api/v1/context").json()
    assert closed["study_instance_uid"] is None
    assert closed["at"] > told["at"]
    house.clock.ahead = timedelta(hours=13)
    assert house.ask("rita", "GET", "/api/v1/context").json() == nothing


def test_words_and_look_of_the_widget_come_as_one_module(house: House) -> None:
    answer = house.client.get("/static/widget/furnishing.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    words, style = (
        json.loads(line.partition(" = ")[2].removesuffix(";")) for line in answer.text.splitlines()
    )
    assert words["zh"]["widget.idle"] == "等待打开检查"
    assert words["en"].keys() == words["zh"].keys()
    assert ":root" not in style
