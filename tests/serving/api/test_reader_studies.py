"""Reader studies over HTTP: one blinded case at a time, two arms that never mix, a read that stays."""

import itertools
import json
from datetime import timedelta
from typing import Any

from overread.domain.reader_studies import Arm
from tests.serving.conftest import House
from tests.serving.crossovers import API, WASHOUT, due, read, read_arm, registered


def test_a_reader_goes_through_both_arms_in_the_drawn_order_and_is_done(served: House) -> None:
    study = registered(served)
    for arm, order in zip(("unaided", "aided"), study.sequences[0].orders, strict=True):
        for place, key in enumerate(order):
            case = due(served, study).json()
            assert (case["case"], case["arm"], case["done"], case["total"]) == (key, arm, place, 4)
            kept = read(served, study, case, seconds=7.5)
            assert kept.status_code == 201
            assert (kept.json()["arm"], kept.json()["left_in_arm"], kept.json()["by"]) == (
                arm,
                3 - place,
                "remy",
            )
        served.clock.ahead += WASHOUT
    assert due(served, study).status_code == 204
    assert served.ask("remy", "GET", API).json()["items"] == []
    with served.storage.look() as work:
        reads = work.reader_studies.reads(study.id)
    assert [(r.arm, r.case) for r in reads] == [
        (arm, key) for arm, order in zip(Arm, study.sequences[0].orders, strict=True) for key in order
    ]
    assert {r.seconds for r in reads} == {7.5}


def test_the_same_case_is_due_until_it_is_read(served: House) -> None:
    study = registered(served)
    assert due(served, study).json() == due(served, study).json()


def test_the_second_arm_opens_after_the_washout_and_not_a_moment_before(served: House) -> None:
    study = registered(served)
    read_arm(served, study)
    served.clock.ahead = WASHOUT - timedelta(minutes=1)
    refused = due(served, study)
    assert (refused.status_code, refused.json()["code"]) == (409, "washout")
    (listed,) = served.ask("remy", "GET", API).json()["items"]
    assert (listed["arm"], listed["opens_at"][:16]) == (None, refused.json()["opens_at"][:16])
    early = {"case": study.sequences[0].orders[1][0], "arm": "aided"}
    assert read(served, study, early).json()["code"] == "washout"
    served.clock.ahead = WASHOUT + timedelta(minutes=1)
    assert due(served, study).json()["arm"] == "aided"


def test_only_the_aided_arm_is_given_the_models_answer_and_only_a_call_has_a_heatmap(served: House) -> None:
    study = registered(served)
    called = {case.key for case in study.cases if case.probability >= study.threshold}
    for _ in study.cases:
        case = due(served, study).json()
        assert case["aid"] is None
        heatmap = case["image"]["url"].replace("image", "heatmap")
        assert served.ask("remy", "GET", heatmap).status_code == 404
        read(served, study, case)
    served.clock.ahead = WASHOUT
    for _ in study.cases:
        case = due(served, study).json()
        aid = case["aid"]
        assert (aid["threshold"], aid["label"] == "has_finding") == (0.5, case["case"] in called)
        assert aid["probability"] == (0.9 if case["case"] in called else 0.1)
        assert (aid["heatmap"] is not None) == (case["case"] in called)
        shown = served.ask("remy", "GET", case["image"]["url"].replace("image", "heatmap"))
        assert shown.status_code == (200 if case["case"] in called else 404)
        read(served, study, case)


def test_pictures_are_those_of_the_case_that_is_due_and_of_no_other(served: House) -> None:
    study = registered(served)
    case = due(served, study).json()
    shown = served.ask("remy", "GET", case["image"]["url"])
    assert (shown.status_code, shown.content[:4]) == (200, b"\x89PNG")
    for other, part in itertools.product(study.cases, ("image.png", "pixels")):
        address = f"{API}/{study.id}/cases/{other.key}/{part}"
        expected = 200 if other.key == case["case"] else 404
        assert served.ask("remy", "GET", address).status_code == expected
        assert served.ask("anna", "GET", address).status_code == 200  # an auditor sees, and never reads
        assert served.ask("rita", "GET", address).status_code == 404


def test_nothing_that_a_reader_is_answered_names_study_patient_truth_or_another_reader(served: House) -> None:
    study = registered(served)
    answers: list[str] = []
    for who in ("rosa", "remy"):
        served.clock.ahead = timedelta()
        for _ in range(2):
            for _ in study.cases:
                answers += [served.ask(who, "GET", API).text, due(served, study, who).text]
                answers.append(read(served, study, json.loads(answers[-1]), who).text)
            answers.append(due(served, study, who).text)
            served.clock.ahead += WASHOUT
    told = "\n".join(answers)
    hidden = [
        *(case.study for case in study.cases),
        "Doe",
        "truth",
        *(f"P{n}" for n in range(4)),
        "test-set",
        study.model_digest,
    ]
    assert [word for word in hidden if word in told] == []
    mine = "\n".join(answers[len(answers) // 2 :])
    assert "rosa" not in mine
    assert "remy" in mine  # one's own name is


def test_a_double_submit_is_one_read_and_another_word_under_its_key_a_conflict(served: House) -> None:
    study = registered(served)
    case = due(served, study).json()
    first, again = read(served, study, case), read(served, study, case)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    other = read(served, study, case, rating=3)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-conflict")
    twice = read(served, study, case, rating=3, key="a new key")
    assert (twice.status_code, twice.json()["code"]) == (409, "already-read")
    with served.storage.look() as work:
        (kept,) = work.reader_studies.reads(study.id)
    assert kept.rating == 70


def test_a_read_says_its_arm_and_a_stale_one_is_not_counted_in_the_other(served: House) -> None:
    study = registered(served)
    case = due(served, study).json()
    assert read(served, study, case | {"arm": "aided"}).json()["code"] == "not-due"
    read_arm(served, study)
    served.clock.ahead = WASHOUT
    now_due = due(served, study).json()
    stale = read(served, study, now_due | {"arm": "unaided"}, key="late")
    assert (stale.status_code, stale.json()["code"]) == (409, "already-read")


def test_a_read_that_contradicts_itself_is_422(served: House) -> None:
    study = registered(served)
    case = due(served, study).json()
    wrong: list[dict[str, Any]] = [
        {"rating": 101},
        {"rating": -1},
        {"rating": 50.5},
        {"rating": None},
        {"label": "perhaps"},
        {"seconds": -1},
        {"findings": [{"code": "no_such_thing"}]},
        {"label": "no_finding", "findings": [{"code": "nodule"}]},
        {"truth": "no_finding"},
    ]
    assert [read(served, study, case, **said).status_code for said in wrong] == [422] * len(wrong)
    with served.storage.look() as work:
        assert work.reader_studies.reads(study.id) == []


def test_a_read_without_its_key_is_refused(served: House) -> None:
    study = registered(served)
    answer = served.ask("remy", "POST", f"{API}/{study.id}/reads", json={})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-required")


def test_who_is_no_reader_of_a_study_finds_nothing(served: House) -> None:
    study = registered(served)
    assert served.ask("rita", "GET", API).json()["items"] == []
    assert due(served, study, "rita").status_code == 404
    case = due(served, study).json()
    assert read(served, study, case, "rita").status_code == 404
    assert served.ask("remy", "GET", f"{API}/nothing/next").status_code == 404


def test_the_studies_stay_blinded_for_their_readers_until_both_arms_are_read(served: House) -> None:
    study = registered(served)
    (uid, *_) = [case.study for case in study.cases]
    place = f"/api/v1/studies/{uid}"
    for tail in ("/prediction", "/heatmap.png", "/report"):
        answer = served.ask("remy", "GET", place + tail)
        assert (answer.status_code, answer.json()["code"]) == (403, "blinded")
    assert served.ask("remy", "GET", place).json()["prediction"] is None
    listed = served.ask("remy", "GET", "/api/v1/studies").json()["items"]
    assert {(row["label"], row["probability"]) for row in listed} == {(None, None)}
    assert served.ask("remy", "GET", "/api/v1/studies?label=has_finding").json()["items"] == []
    assert served.ask("rita", "GET", f"{place}/prediction").status_code == 200
    read_arm(served, study)
    served.clock.ahead = WASHOUT
    read_arm(served, study)
    assert served.ask("remy", "GET", f"{place}/prediction").status_code == 200
    assert served.ask("rosa", "GET", f"{place}/prediction").status_code == 403
