"""What the forms do to the database, with the very rules of the API."""

import re
from datetime import timedelta

from overread.domain.identifiers import StudyUid
from tests.serving.builders import a_dicom
from tests.serving.conftest import House
from tests.serving.pages.builders import Browser, Forms, default_language, forms_of, furnish, sign_in


def _said(house: House, uid: str) -> list[tuple[str, str, str | None]]:
    with house.storage.look() as work:
        return [
            (c.by, c.verdict, c.kind)
            for c in work.corrections.of_study(StudyUid(uid))
            if c.withdrawn_at is None
        ]


def test_one_press_of_disagree_on_no_finding_records_a_missed_finding_and_opens_a_case(served: House) -> None:
    uid = furnish(served).clear
    rita = sign_in(served, "rita")
    page, action = rita.get(f"/studies/{uid}"), f"/studies/{uid}/feedback"
    for _ in range(2):  # a double click is one word
        assert rita.send(page, action, {"press": "disagree"}).status_code == 303
    assert _said(served, uid) == [("rita", "disagree", "missed_finding")]
    with served.storage.look() as work:
        case = work.cases.open_of(StudyUid(uid))
    assert case is not None
    assert case.barred == {"rita"}


def test_details_are_a_further_word_and_the_latest_counts(served: House) -> None:
    uid = furnish(served).clear
    rita = sign_in(served, "rita")
    action = f"/studies/{uid}/feedback"
    rita.fill(f"/studies/{uid}", action, {"press": "disagree"})
    data = {"press": "detail", "kind": "missed_finding", "code": ["nodule", ""], "comment": "left apex"}
    assert rita.fill(f"/studies/{uid}", action, data).status_code == 303
    with served.storage.look() as work:
        *_, last = work.corrections.of_study(StudyUid(uid))
    assert ([f.code for f in last.findings], last.comment) == (["nodule"], "left apex")


def test_wrong_region_keeps_the_models_label(served: House) -> None:
    uid = furnish(served).finding
    rita = sign_in(served, "rita")
    rita.fill(f"/studies/{uid}", f"/studies/{uid}/feedback", {"press": "detail", "kind": "wrong_region"})
    assert _said(served, uid) == [("rita", "disagree", "wrong_region")]


def test_feedback_can_be_taken_back_within_the_minute_and_not_later(served: House) -> None:
    department = furnish(served)
    rita = sign_in(served, "rita")
    for uid in (department.clear, department.finding):
        rita.fill(f"/studies/{uid}", f"/studies/{uid}/feedback", {"press": "disagree"})
    pages = {uid: rita.get(f"/studies/{uid}") for uid in (department.clear, department.finding)}

    def undo(uid: str) -> int:
        with served.storage.look() as work:
            (said,) = work.corrections.of_study(StudyUid(uid))
        return rita.send(pages[uid], f"/studies/{uid}/feedback/{said.id}/undo", {}).status_code

    assert undo(department.clear) == 303
    assert _said(served, department.clear) == []
    served.clock.ahead += timedelta(minutes=2)
    assert undo(department.finding) == 409
    assert _said(served, department.finding) != []


def test_a_report_is_drafted_then_signed_and_a_contradiction_becomes_a_correction(served: House) -> None:
    uid = furnish(served).clear
    rita = sign_in(served, "rita")
    form = {
        "language": "en",
        "label": "has_finding",
        "code": ["nodule", ""],
        "side": ["left", ""],
        "zone": ["apex", ""],
    }
    form |= {"severity": ["", ""], "box": ["", ""], "findings_text": "A nodule.", "impression": "Nodule."}
    action = f"/studies/{uid}/report"
    assert rita.fill(f"/studies/{uid}", action, form | {"act": "draft"}).status_code == 303
    assert "A nodule." in rita.get(f"/studies/{uid}").text
    assert rita.fill(f"/studies/{uid}", action, form | {"act": "sign"}).status_code == 303
    assert _said(served, uid) == [("rita", "disagree", "missed_finding")]
    with served.storage.look() as work:
        report, study = work.reports.latest(StudyUid(uid)), work.studies.get(StudyUid(uid))
    assert report is not None
    assert (report.status, report.signed_by, study.state) == ("signed", "rita", "reported")
    assert [(f.code, f.side, f.zone) for f in report.findings] == [("nodule", "left", "apex")]

    assert 'maxlength="4000" required></textarea>' in rita.get(f"/studies/{uid}").text
    added = rita.fill(f"/studies/{uid}", f"/studies/{uid}/report/addenda", {"text": "Seen again on CT."})
    assert added.status_code == 303
    assert "Seen again on CT." in rita.get(f"/studies/{uid}").text


def test_signing_leads_to_the_next_unread_study_of_the_list_it_was_opened_from(served: House) -> None:
    there = furnish(served)
    other = served.send(a_dicom(bright=False, seed=5, PatientName="Roe^Ann", PatientID="R1")).json()
    rita = sign_in(served, "rita")
    form = {
        "act": "sign-next",
        "language": "en",
        "label": "no_finding",
        "findings_text": "",
        "impression": "",
    }

    def signed(uid: str, asked: str) -> str:
        opened = rita.get(f"/studies/{uid}?{asked}")
        return str(rita.send(opened, f"/studies/{uid}/report", form).headers["Location"])

    assert 'href="/studies/' + there.clear + '?list=q%3DDoe"' in rita.get("/?q=Doe").text
    assert signed(there.clear, "list=q%3DDoe") == f"/studies/{there.finding}?list=q%3DDoe"
    assert signed(there.finding, "list=q%3DDoe%26next%3Dhttps://elsewhere.example") == "/?q=Doe&ended=1"
    ended = rita.get("/?q=Doe&ended=1").text
    assert "Nothing unread is left" in ended
    assert "Report signed" in ended
    assert "Report signed" not in rita.get("/?q=Doe&ended=1").text  # said once
    assert signed(other["study_instance_uid"], "list=//elsewhere.example") == "/?ended=1"


def test_the_next_draft_begins_in_the_language_that_was_chosen_for_one_until_somebody_has_touched_it(
    served: House,
) -> None:
    there = furnish(served)
    rita = sign_in(served, "rita")
    site = default_language(served)
    other = "zh" if site == "en" else "en"

    def begun(uid: str, asked: str = "") -> str:
        page = rita.get(f"/studies/{uid}{asked}").text
        (found,) = re.findall(r'name="language" value="(..)" checked', page)
        return str(found)

    assert begun(there.clear) == site
    assert (begun(there.clear, f"?report={other}"), begun(there.finding)) == (other, other)
    form = {
        "act": "draft",
        "language": site,
        "label": "no_finding",
        "findings_text": "mine",
        "impression": "",
    }
    rita.fill(f"/studies/{there.clear}", f"/studies/{there.clear}/report", form)
    assert (begun(there.clear), begun(there.finding)) == (site, other)


def test_a_draft_is_marked_in_the_list_and_found_by_whoever_has_written_in_it(served: House) -> None:
    there = furnish(served)
    rita, remy = sign_in(served, "rita"), sign_in(served, "remy")
    form = {"language": "en", "label": "no_finding", "findings_text": "mine", "impression": ""}

    def listed(browser: Browser) -> list[str]:
        return re.findall(r'data-uid="(\S+?)"', browser.get("/?state=draft").text)

    def write(act: str) -> None:
        rita.fill(f"/studies/{there.clear}", f"/studies/{there.clear}/report", form | {"act": act})

    assert listed(rita) == []  # what the model's answer began is nobody's draft
    write("draft")
    assert (listed(rita), listed(remy)) == ([there.clear], [])
    assert "Report begun by rita" in remy.get("/").text
    write("sign")
    assert listed(rita) == []
    assert "Report begun by" not in remy.get("/").text


def test_a_stale_report_is_refused_and_what_was_typed_is_kept(served: House) -> None:
    uid = furnish(served).clear
    rita, remy = sign_in(served, "rita"), sign_in(served, "remy")
    action = f"/studies/{uid}/report"
    form = {
        "act": "draft",
        "language": "en",
        "label": "no_finding",
        "findings_text": "mine",
        "impression": "",
    }
    before = rita.get(f"/studies/{uid}")
    remy.fill(f"/studies/{uid}", action, form | {"findings_text": "his"})
    refused = rita.send(before, action, form)
    assert refused.status_code == 412
    assert "has changed since you opened it" in refused.text
    assert ">mine</textarea>" in refused.text
    shown = rita.client.post(f"/studies/{uid}/report/kept", data=forms_of(before)[action] | form)
    for page in (refused, shown):  # beside it, what is kept, who wrote it, and what differs
        assert "version 2 by remy" in page.text
        assert "<del>mine</del><ins>his</ins></p>" in page.text


def test_an_addendum_that_is_too_long_is_refused_and_kept(served: House) -> None:
    uid = furnish(served).clear
    rita = sign_in(served, "rita")
    form = {
        "act": "sign",
        "language": "en",
        "label": "no_finding",
        "findings_text": "",
        "impression": "Clear.",
    }
    rita.fill(f"/studies/{uid}", f"/studies/{uid}/report", form)
    refused = rita.fill(f"/studies/{uid}", f"/studies/{uid}/report/addenda", {"text": "x" * 4001})
    assert refused.status_code == 422
    assert f"{'x' * 4001}</textarea>" in refused.text


def test_two_reads_that_differ_are_settled_by_the_senior_who_sees_the_others_only_then(served: House) -> None:
    uid = furnish(served).clear
    rita = sign_in(served, "rita")
    rita.fill(f"/studies/{uid}", f"/studies/{uid}/feedback", {"press": "disagree"})
    assert "No case for you to read" in rita.get("/adjudication").text
    for who, said in (("remy", "has_finding"), ("rosa", "no_finding"), ("sven", "has_finding")):
        browser = sign_in(served, who)
        page = browser.get("/adjudication")
        assert uid not in page.text
        assert "Doe" not in page.text
        action = next(path for path in _actions(page.text) if path.endswith("/reads"))
        assert browser.get(f"/studies/{uid}").status_code == 403  # blinded while it is held
        assert browser.send(page, action, {"label": said, "quality": "diagnostic"}).status_code == 303
    sven = sign_in(served, "sven")
    page = sven.get("/adjudication")
    assert "The two reads differ" in page.text
    action = next(path for path in _actions(page.text) if path.endswith("/resolution"))
    done = sven.send(page, action, {"label": "has_finding", "code": "nodule", "reason": "seen on both"})
    assert done.status_code == 303
    with served.storage.look() as work:
        (label,) = work.labels.of_study(StudyUid(uid))
    assert (label.label, label.grade) == ("has_finding", "adjudicated")


def test_the_list_gives_away_nothing_of_a_study_whose_case_one_holds(served: House) -> None:
    uid = furnish(served).clear
    rita, remy = sign_in(served, "rita"), sign_in(served, "remy")
    rita.fill(f"/studies/{uid}", f"/studies/{uid}/feedback", {"press": "disagree"})
    link = f'href="/studies/{uid}'
    assert link in remy.get("/?label=no_finding").text
    remy.get("/adjudication")
    assert link in remy.get("/").text
    for label in ("no_finding", "has_finding"):
        assert link not in remy.get(f"/?label={label}").text
    assert link in rita.get("/?label=no_finding").text


def test_the_second_approval_releases_and_one_person_is_one_voice(served: House) -> None:
    furnish(served)
    ruth, rolf = sign_in(served, "ruth"), sign_in(served, "rolf")
    action, form = "/candidates/2/decisions", {"decision": "approve", "reason": "better on strands"}
    before = ruth.get("/candidates/2")
    assert ruth.send(before, action, form).status_code == 303
    again = ruth.send(before, action, form | {"key": "another", "reason": "twice"})
    assert again.status_code == 409
    assert "another reviewer decides" in again.text
    assert _production(served) == "1"
    assert rolf.fill("/candidates/2", action, form).status_code == 303
    assert _production(served) == "2"
    assert rolf.fill("/candidates", "/candidates/rollback", {"reason": "a drill"}).status_code == 303
    assert _production(served) == "1"


def test_a_refused_decision_keeps_the_reason_that_was_typed(served: House) -> None:
    furnish(served)
    ruth = sign_in(served, "ruth")
    refused = ruth.fill(
        "/candidates/2", "/candidates/2/decisions", {"decision": "approve", "reason": "x" * 4001}
    )
    assert refused.status_code == 422
    assert "x" * 4001 in refused.text


def test_a_retraining_is_started_once_and_cancelled(served: House) -> None:
    olga = sign_in(served, "olga")
    page = olga.get("/retraining")
    for _ in range(2):
        olga.send(page, "/retraining", {"reason": "a new scanner"})
    with served.storage.look() as work:
        (run,) = work.monitoring.runs()
    assert run.requested_by == "olga"
    assert olga.fill("/retraining", f"/retraining/{run.id}/cancel", {}).status_code == 303
    with served.storage.look() as work:
        assert work.monitoring.run(run.id).state == "cancelled"


def test_an_operator_releases_a_quarantined_study_with_a_reason(served: House) -> None:
    uid = furnish(served).quarantined
    olga = sign_in(served, "olga")
    page, action = olga.get(f"/studies/{uid}"), f"/studies/{uid}/release"
    assert "image.png" not in page.text
    assert olga.send(page, action, {"act": "release", "reason": " "}).status_code == 422
    assert olga.send(page, action, {"act": "release", "reason": "the text is a marker"}).status_code == 303
    with served.storage.look() as work:
        assert work.studies.get(StudyUid(uid)).state != "quarantined"


def test_a_deleted_study_shows_no_picture_and_does_not_ask_for_another_header(served: House) -> None:
    uid = furnish(served).quarantined
    form = {"act": "delete", "reason": "a name in the picture"}
    sign_in(served, "olga").fill(f"/studies/{uid}", f"/studies/{uid}/release", form)
    page = sign_in(served, "rita").get(f"/studies/{uid}").text
    assert page.count("deleted by a person") == 1
    for words in ("image.png", "correct the DICOM header"):
        assert words not in page


def test_whoever_does_not_write_reports_sees_that_a_draft_is_one(served: House) -> None:
    uid = furnish(served).finding
    assert "Draft version 1" in sign_in(served, "anna").get(f"/studies/{uid}").text


def test_a_script_in_a_patients_name_stays_text(served: House) -> None:
    department = furnish(served, name="<script>alert(1)</script>")
    rita = sign_in(served, "rita")
    for path in ("/", f"/studies/{department.finding}", f"/studies/{department.excluded}"):
        page = rita.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_list_is_paged_and_filtered_by_its_address(served: House) -> None:
    department = furnish(served)
    rita = sign_in(served, "rita")
    found = rita.get("/?label=has_finding&state=predicted").text
    assert department.finding in found
    assert department.clear not in found
    assert "No study matches" in rita.get("/?q=nobody").text
    assert rita.get("/?state=lost").status_code == 422
    assert rita.get("/?cursor=forged").status_code == 422


def test_pages_say_what_to_do_where_there_is_nothing(house: House) -> None:
    olga, sven = sign_in(house, "olga"), sign_in(house, "sven")
    for browser, path, words in (
        (olga, "/", "overread import"),
        (olga, "/candidates", "waits here for two reviewers"),
        (olga, "/monitoring", "overread monitor"),
        (olga, "/retraining", "overread retrain"),
        (sven, "/adjudication", "No case for you to read"),
    ):
        assert words in browser.get(path).text


def _actions(page: str) -> list[str]:
    parser = Forms()
    parser.feed(page)
    return list(parser.forms)


def _production(house: House) -> str | None:
    with house.storage.look() as work:
        model = work.models.production(house.task)
    return None if model is None else model.version


def test_without_script_a_study_that_another_reads_is_taken_over_by_a_form(served: House) -> None:
    uid = furnish(served).clear
    rita, remy = sign_in(served, "rita"), sign_in(served, "remy")
    page = rita.get(f"/studies/{uid}")
    kept = {"csrf_token": forms_of(page)[f"/studies/{uid}/report"]["csrf_token"], "page": "r1"}
    assert "You read this" in rita.client.post(f"/studies/{uid}/lock", data=kept).text
    assert "rita reads this" in remy.get(f"/studies/{uid}").text
    assert remy.fill(f"/studies/{uid}", f"/studies/{uid}/lock/over", {}).status_code == 303
    assert "remy reads this" in rita.client.post(f"/studies/{uid}/lock", data=kept).text
    assert sign_in(served, "olga").client.post(f"/studies/{uid}/lock", data=kept).status_code == 403
