"""Every page opens for every role that may see it, in both languages, and says who may where it does not."""

import pytest

from overread.domain.people import MAY, Permission
from tests.serving.conftest import PEOPLE, House
from tests.serving.pages.builders import furnish, sign_in

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
TITLES = {"zh": "工作列表", "en": "Worklist"}


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


def vars_of(department: object) -> list[str]:
    return [getattr(department, name) for name in ("finding", "clear", "excluded", "quarantined")]
