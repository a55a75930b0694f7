"""Every page opens for every role that may see it, in both languages, and says who may where it does not."""

import pytest

from overread.domain.people import MAY, Permission
from serving.pages import audit
from tests.serving.conftest import PEOPLE, House
from tests.serving.pages.builders import Department, furnish, sign_in

PAGES = {
    "/": Permission.SEE_STUDIES,
    "/adjudication": Permission.READ_CASE,
    "/candidates": Permission.SEE_CANDIDATES,
    "/candidates/2": Permission.SEE_CANDIDATES,
    "/monitoring": Permission.SEE_MONITORING,
    "/retraining": Permission.SEE_RETRAININGS,
    "/audit": Permission.SEE_AUDIT,
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


@pytest.mark.parametrize("path", ["/studies/1.2.3", "/studies/none", "/candidates/99"])
def test_what_is_not_there_is_a_page_that_leads_back(served: House, path: str) -> None:
    page = sign_in(served, "ruth").get(path)
    assert page.status_code == 404
    assert "Back to the start" in page.text


def vars_of(department: Department) -> list[str]:
    return [department.finding, department.clear, department.excluded, department.quarantined]
