"""Every page opens for every role that may see it, in both languages, and says who may where it does not."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from zipfile import ZipFile

import pytest
from fastapi.testclient import TestClient

from bootstrap.bundles import check_bundle
from bootstrap.heads import sign_head
from model_registry.retrainings import request_run
from monitoring.alerts import raise_once
from overread.domain.alerts import Urgency
from overread.domain.identifiers import PersonKey, VersionKey
from overread.domain.models import RunState
from overread.domain.people import MAY, Permission
from overread.settings.environment import Settings
from serving.pages import audit, worklist
from tests.serving.conftest import PEOPLE, House
from tests.serving.pages.builders import Department, furnish, sign_in

PAGES = {
    "/": Permission.SEE_STUDIES,
    "/adjudication": Permission.READ_CASE,
    "/adjudication/today": Permission.READ_CASE,
    "/candidates": Permission.SEE_CANDIDATES,
    "/candidates/2": Permission.SEE_CANDIDATES,
    "/candidates/2/change-record": Permission.SEE_CANDIDATES,
    "/monitoring": Permission.SEE_MONITORING,
    "/retraining": Permission.SEE_RETRAININGS,
    "/audit": Permission.SEE_AUDIT,
    "/people": Permission.SEE_PEOPLE,
    "/people/rita": Permission.SEE_PEOPLE,
    "/account": None,
}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("who", ["rita", "sven", "ruth", "olga", "anna"])
def test_each_page_opens_for_whoever_may_see_it(served: House, who: str, language: str) -> None:
    department = furnish(served)
    browser = sign_in(served, who, language=language)
    studies = {f"/studies/{uid}": Permission.SEE_STUDIES for uid in vars_of(department)}
    for path, needed in (PAGES | studies).items():
        allowed = needed is None or needed in MAY[PEOPLE[who]]
        page = browser.get(path)
        assert page.status_code == (200 if allowed else 403), (path, page.text)
        assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in page.text
        assert 'style="' not in page.text


def test_the_record_says_whether_its_chain_is_whole_and_where_it_breaks(served: House) -> None:
    furnish(served)
    anna = sign_in(served, "anna")
    assert "Chain whole" in anna.get("/audit").text
    with served.storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit SET action = 'nothing' WHERE seq = 3")
    broken = anna.get("/audit?verify=1").text
    assert "Chain broken at row 3" in broken
    assert "overread audit verify" in broken


def test_the_record_says_up_to_where_it_was_signed_and_that_it_was_cut_since(
    served: House, settings: Settings
) -> None:
    anna = sign_in(served, "anna")
    with served.storage.look() as work:
        head = sign_head(work, settings.folder, settings.signing_key_path, now=datetime.now(UTC))
    assert head is not None
    assert f"signed up to row {head.seq}" in anna.get("/audit").text
    with served.storage.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit WHERE seq = ?", (head.seq,))
    page = anna.get("/audit").text
    assert "Not the record that was signed" in page
    assert f"row {head.seq} was signed on" in page
    assert "Chain whole" not in page


def test_a_change_record_is_drafted_in_ones_own_language_and_may_load_nothing(served: House) -> None:
    department = furnish(served)
    anna = sign_in(served, "anna", language="zh")
    assert 'href="/candidates/2/change-record"' in anna.get("/candidates/2").text
    page = anna.get("/candidates/2/change-record")
    assert "草稿" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert department.finding not in page.text


def test_the_record_is_handed_over_as_a_bundle_that_can_be_checked(served: House, tmp_path: Path) -> None:
    department = furnish(served)
    browser = sign_in(served, "anna")
    assert "/audit/bundle.zip" in browser.get("/audit").text
    answer = browser.client.get("/audit/bundle.zip")
    assert "attachment" in answer.headers["Content-Disposition"]
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(answer.content)
    with served.storage.look() as work:
        assert check_bundle(bundle).chain.head == work.audit.verify().head
    with ZipFile(bundle) as archive:
        assert not any(department.finding.encode() in archive.read(name) for name in archive.namelist())


def test_a_record_too_long_for_a_download_is_left_to_the_command(
    served: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "HANDED_OVER", 1)
    anna = sign_in(served, "anna")
    page = anna.get("/audit").text
    assert "/audit/bundle.zip" not in page
    assert "overread audit export FILE.zip" in page
    assert anna.get("/audit/bundle.zip").status_code == 413
    assert sign_in(served, "rita").get("/audit/bundle.zip").status_code == 403


def test_a_long_record_is_paged_and_verified_when_asked(
    served: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(served)
    monkeypatch.setattr(audit, "VERIFIED_AT_ONCE", 1)
    monkeypatch.setattr(audit, "ROWS", 5)
    anna = sign_in(served, "anna")
    first = anna.get("/audit").text
    assert "not verified just now" in first
    assert "Chain whole" in anna.get("/audit?verify=1").text
    with served.storage.look() as work:
        length = work.audit.length()
    older = f"/audit?before={length - 4}"
    assert f'href="{older}"' in first
    assert f"Rows {length - 9}\N{EN DASH}{length - 5} of {length}" in anna.get(older).text


def test_the_worklist_turns_back_by_the_pages_it_came(served: House, monkeypatch: pytest.MonkeyPatch) -> None:
    furnish(served)
    monkeypatch.setattr(worklist, "ROWS", 1)
    ruth = sign_in(served, "ruth")

    def turned(text: str, rel: str) -> list[str]:
        """Return a page and all that follow it by one of its links."""
        link = re.search(rf'rel="{rel}" href="([^"]+)"', text)
        return [text] if link is None else [text, *turned(ruth.get(unescape(link[1])).text, rel)]

    def studies(text: str) -> list[str]:
        return re.findall(r'data-uid="([^"]+)"', text)

    ahead = turned(ruth.get("/").text, "next")
    back = turned(ahead[-1], "prev")
    assert len(ahead) > 2
    assert [studies(page) for page in back] == [studies(page) for page in reversed(ahead)]


@pytest.mark.parametrize("path", ["/studies/1.2.3", "/studies/none", "/candidates/99"])
def test_what_is_not_there_is_a_page_that_leads_back(served: House, path: str) -> None:
    page = sign_in(served, "ruth").get(path)
    assert page.status_code == 404
    assert "Back to the start" in page.text


def test_an_address_without_a_page_is_a_page_for_a_browser_and_a_problem_for_a_program(served: House) -> None:
    ruth = sign_in(served, "ruth")
    html = {"Accept": "text/html,application/xhtml+xml"}
    page = ruth.client.get("/nowhere", headers=html)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "Back to the start" in page.text
    assert ruth.client.get("/account/password", headers=html).text == page.text.replace(
        "/nowhere", "/account/password"
    )  # it takes a form alone
    for path, headers in (("/nowhere", {}), ("/api/v1/nowhere", html), ("/static/nowhere.css", html)):
        answer = ruth.client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), path
    without = TestClient(served.app).get("/nowhere", headers=html, follow_redirects=False)
    assert without.headers["location"] == "/login?next=%2Fnowhere"


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Columns: Mean grey, Noise, Embedding component 3"), ("zh", "噪声")]
)
def test_an_alert_names_what_drifted_in_words(served: House, language: str, words: str) -> None:
    with served.storage.work() as work:
        raise_once(
            work,
            "drift",
            Urgency.WARNING,
            {"columns": "mean, noise, component_3", "n": "400"},
            now=datetime.now(UTC),
        )
        work.commit()
    page = sign_in(served, "ruth", language=language).get("/monitoring").text
    assert words in page
    assert "component_3" not in page


def test_a_run_shows_the_data_of_its_candidates_and_that_it_took_less_than_a_minute(served: House) -> None:
    now = datetime.now(UTC)
    with served.storage.work() as work:
        made = work.models.get(VersionKey("1"))
        run = request_run(work, "run-1" + "0" * 20, by=PersonKey("olga"), now=now)
        work.monitoring.save_run(
            replace(run, state=RunState.DONE, candidates=("1",), finished_at=now + timedelta(seconds=20))
        )
        work.commit()
    page = sign_in(served, "olga").get("/retraining").text
    assert made.lineage.dataset_version[:12] in page
    assert "&lt; 1 min" in page


def vars_of(department: Department) -> list[str]:
    return [department.finding, department.clear, department.excluded, department.quarantined]
