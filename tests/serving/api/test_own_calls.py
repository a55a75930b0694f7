"""Where a site shows the answer after the reader's own call, nothing of it reaches them before."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bootstrap.credentials import issue_token
from overread.domain.identifiers import PersonKey, StudyUid
from overread.domain.own_calls import AnswerOrder
from overread.domain.people import Role, Scope
from tests.serving.builders import ClockedServices, a_dicom
from tests.serving.conftest import House, another
from tests.serving.pages.builders import forms_of, sign_in

FINDING, CLEAR = {"label": "has_finding"}, {"label": "no_finding"}
KEY = {"Idempotency-Key": "k"}


@pytest.fixture
def uids(served: House) -> list[str]:
    """Return two studies, the earlier with an urgent finding; both were answered while answers came first."""
    sent = [served.send(a_dicom(bright=bright, seed=seed)).json() for seed, bright in ((1, True), (2, False))]
    uids = [each["study_instance_uid"] for each in sent]
    with served.storage.work() as work:
        work.studies.save(replace(work.studies.get(StudyUid(uids[0])), urgent=True))
        work.commit()
    return uids


@pytest.fixture
def after(served: House, uids: list[str], services: ClockedServices) -> Iterator[House]:
    """The same folder, where readers call first from now on."""
    with another(served, services, answer_shown=AnswerOrder.AFTER_OWN_CALL) as house:
        yield house


def code(house: House, who: str, path: str, method: str = "GET", **more: Any) -> str | int:
    answer = house.ask(who, method, f"/api/v1/studies/{path}", **more)
    return answer.status_code if answer.is_success else str(answer.json()["code"])


def rows(house: House, who: str, query: str = "") -> list[tuple[str, object, object, int]]:
    items = house.ask(who, "GET", f"/api/v1/studies{query}").json()["items"]
    return [(row["study_instance_uid"], row["label"], row["probability"], row["priority"]) for row in items]


def test_before_the_own_call_nothing_on_the_wire_tells_the_answer(after: House, uids: list[str]) -> None:
    urgent, clear = uids
    now = datetime.now(UTC)
    narrow = issue_token(after.storage, PersonKey("rita"), Role.READER, scope=Scope.READ, now=now)
    readers = replace(after, tokens=after.tokens | {"narrow": narrow})
    for who in ("rita", "sven", "narrow"):
        for path in ("prediction", "heatmap.png", "report", "card"):
            assert [code(readers, who, f"{uid}/{path}") for uid in uids] == ["own-call-first"] * 2, (
                who,
                path,
            )
        assert rows(readers, who) == [(clear, None, None, 3), (urgent, None, None, 3)]
        for label in ("has_finding", "no_finding"):
            assert rows(readers, who, f"?label={label}") == []
        told = [readers.ask(who, "GET", f"/api/v1/studies/{uid}").json() for uid in uids]
        assert [(one["prediction"], one["report"], one["feedback"]) for one in told] == [(None, None, [])] * 2
    report = {"status": "draft", "language": "en", "label": "no_finding", "text": {}}
    said = {"verdict": "agree", "label": "no_finding"}
    for uid in uids:  # what a refusal says is the same whatever the model answered
        assert (
            code(after, "rita", f"{uid}/report", "PUT", json=report, headers={"If-Match": "*"})
            == "own-call-first"
        )
        assert code(after, "rita", f"{uid}/feedback", "POST", json=said, headers=KEY) == "own-call-first"
    assert code(after, "ruth", f"{urgent}/prediction") == 200  # a reviewer reads no studies
    assert code(after, "dora", f"{urgent}/prediction") == 200


def test_the_pages_of_a_reader_tell_nothing_before_the_own_call(after: House, uids: list[str]) -> None:
    urgent, clear = uids
    rita = sign_in(after, "rita")
    first, second = (rita.get(f"/studies/{uid}").text.replace(uid, "UID") for uid in uids)
    for page in (first, second):
        assert "Your call first" in page
        assert "Structured report" not in page
        assert "heatmap.png" not in page
        assert "<b>0." not in page  # a probability
        assert "Model v" not in page
    listed = rita.get("/").text
    assert listed.index(clear) < listed.index(urgent)  # as they came: urgency moves nothing
    assert listed.count('class="pri p3"') == 2
    assert 'class="gauge"' not in listed
    for label in ("has_finding", "no_finding"):
        assert "No study matches" in rita.get(f"/?label={label}").text
    sent = forms_of(rita.get(f"/studies/{urgent}"))[f"/studies/{urgent}/own-call"]
    kept = rita.client.post(f"/studies/{urgent}/report/kept", data=sent)
    assert (kept.status_code, "own-call" in kept.text) == (403, True)
    assert "Model v1" in sign_in(after, "ruth").get(f"/studies/{urgent}").text


def test_the_own_call_opens_the_answer_for_its_person_and_stands(after: House, uids: list[str]) -> None:
    urgent, clear = uids
    path = f"{urgent}/own-call"
    given = after.ask("rita", "POST", f"/api/v1/studies/{path}", json=FINDING)
    assert given.status_code == 201
    assert given.json() == after.ask("rita", "POST", f"/api/v1/studies/{path}", json=FINDING).json()
    assert code(after, "rita", path, "POST", json=CLEAR) == "already-called"
    assert [
        code(after, "rita", f"{urgent}/{part}") for part in ("prediction", "heatmap.png", "report", "card")
    ] == [200] * 4
    assert [row[0] for row in rows(after, "rita", "?label=has_finding")] == [urgent]
    assert code(after, "rita", f"{clear}/prediction") == "own-call-first"
    assert code(after, "remy", f"{urgent}/prediction") == "own-call-first"
    listed = sign_in(after, "rita").get("/").text
    assert listed.index(urgent) < listed.index(clear)  # now its urgency counts
    with after.storage.look() as work:
        (row,) = [row for row in work.audit.rows(after=0, limit=200) if row.event.action == "own-call-given"]
    assert (row.event.by, row.event.study, row.event.details["label"]) == ("rita", urgent, "has_finding")


def test_a_call_says_whether_the_answer_was_there_to_be_seen_and_so_does_what_is_filed_after_it(
    served: House, after: House, uids: list[str]
) -> None:
    def call(uid: str, label: dict[str, str]) -> bool:
        shown = after.ask("rita", "POST", f"/api/v1/studies/{uid}/own-call", json=label).json()[
            "answer_shown"
        ]
        return bool(shown)

    def disagree(uid: str) -> bool:
        said = {"verdict": "disagree", "label": "has_finding", "kind": "missed_finding"}
        path = f"/api/v1/studies/{uid}/feedback"
        answer = after.ask("rita", "POST", path, json=said, headers={"Idempotency-Key": uid})
        return bool(answer.json()["answer_shown"])

    old = uids[1]
    new = [served.send(a_dicom(bright=False, seed=seed)).json()["study_instance_uid"] for seed in (3, 4)]
    assert [call(old, FINDING), call(new[0], FINDING), call(new[1], CLEAR)] == [True, False, False]
    assert [disagree(old), disagree(new[0])] == [True, False]
    assert disagree(new[1])  # called otherwise before the answer was shown
    with after.storage.look() as work:
        (row,) = [
            row for row in work.audit.rows(after=0, limit=200) if row.event.action == "answer-order-set"
        ]
    assert row.event.details == {"order": "after-own-call"}


def test_a_signed_report_is_a_persons_word_and_shown_before_the_own_call(
    after: House, uids: list[str]
) -> None:
    uid = uids[1]
    after.ask("remy", "POST", f"/api/v1/studies/{uid}/own-call", json=CLEAR)
    report = {"status": "signed", "language": "en", "label": "no_finding", "text": {}}
    assert code(after, "remy", f"{uid}/report", "PUT", json=report, headers={"If-Match": "*"}) == 200
    assert code(after, "rita", f"{uid}/report") == 200
    assert code(after, "rita", f"{uid}/prediction") == "own-call-first"
    page = sign_in(after, "rita").get(f"/studies/{uid}").text
    assert "Your call first" in page
    assert "Signed by remy" in page


def test_a_study_that_is_set_aside_says_why_and_is_not_called(after: House, served: House) -> None:
    uid = served.send(a_dicom(bright=True, seed=5, ViewPosition="LL")).json()["study_instance_uid"]
    assert code(after, "rita", f"{uid}/prediction") == "excluded"
    assert code(after, "rita", f"{uid}/own-call", "POST", json=CLEAR) == "rule-broken"
