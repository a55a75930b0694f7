"""A refused form says what is wrong beside the field, in the reader's language, and stays on its page."""

import re

from httpx2 import Response

from tests.serving.conftest import House
from tests.serving.pages.builders import PASSWORD, forms_of, furnish, sign_in


def told_beside(page: Response) -> dict[str, str]:
    """Return what a page says beside its fields; each such field points to what is said of it."""
    found = re.findall(
        r'<span class="msg" id="fault-(\w+)" role="alert"><svg.*?</svg>(.*?)</span>', page.text, re.DOTALL
    )
    for name, _ in found:
        assert name == "label" or f'aria-describedby="fault-{name}"' in page.text
    return dict(found)


def test_a_report_says_beside_which_part_that_it_is_too_long_and_keeps_it(served: House) -> None:
    uid, typed = furnish(served).clear, "很长" * 2001
    rita = sign_in(served, "rita", language="zh")
    form = {"act": "sign", "language": "zh", "label": "has_finding", "impression": "", "findings_text": typed}
    refused = rita.fill(f"/studies/{uid}", f"/studies/{uid}/report", form)
    assert (refused.status_code, typed in refused.text) == (422, True)
    ((field, words),) = told_beside(refused).items()
    assert (field, words.startswith("太长"), "4,000" in words) == ("findings_text", True, True)
    assert "String should" not in refused.text
    del form["label"]
    assert told_beside(rita.fill(f"/studies/{uid}", f"/studies/{uid}/report", form)) == {
        "label": "请选择一项。"
    }


def test_a_reason_of_blanks_is_asked_for_where_it_belongs(served: House) -> None:
    uid = furnish(served).quarantined
    olga, ruth = sign_in(served, "olga"), sign_in(served, "ruth")
    for browser, page, action, form in (
        (olga, f"/studies/{uid}", f"/studies/{uid}/release", {"reason": "  ", "act": "delete"}),
        (ruth, "/candidates/2", "/candidates/2/decisions", {"reason": " ", "decision": "reject"}),
        (ruth, "/retraining", "/retraining", {"reason": "\n"}),
        (ruth, "/monitoring", "/monitoring/normal-text", {"reason": " "}),
    ):
        refused = browser.fill(page, action, form)
        assert (refused.status_code, told_beside(refused)) == (422, {"reason": "Fill this in."}), action


def test_a_password_that_is_not_taken_says_which_of_the_three_fields_is_wrong(house: House) -> None:
    rita = sign_in(house, "rita")
    for current, new, again, field, words in (
        ("another", "n" * 12, "n" * 12, "current", "The present password is wrong"),
        (PASSWORD, "n" * 12, "m" * 12, "again", "The two new passwords differ"),
        (PASSWORD, "n" * 11, "n" * 11, "new", "Too short: at least 12 characters."),
    ):
        form = {"current": current, "new": new, "again": again}
        (told,) = told_beside(rita.fill("/account", "/account/password", form)).items()
        assert (told[0], told[1].startswith(words)) == (field, True), told


def test_a_page_that_is_not_for_ones_role_says_for_whom_it_is(house: House) -> None:
    for language, words in (("en", "Auditor, Operator, Reviewer"), ("zh", "审计、运行管理、评审")):
        refused = sign_in(house, "rita", language=language).get("/audit")
        assert (refused.status_code, words in refused.text) == (403, True)


def test_an_address_that_is_not_right_says_so_in_the_pages_language(house: House) -> None:
    rita = sign_in(house, "rita", language="zh")
    for path in ("/?cursor=changed", "/?state=lost", "/monitoring?days=many"):
        refused = rita.get(path)
        said = "网址有一部分不对" in refused.text and "start again" not in refused.text
        assert (refused.status_code, said) == (422, True), path


def test_another_language_leads_back_to_the_list_as_narrowed_and_from_a_refused_form_to_its_page(
    served: House,
) -> None:
    uid = furnish(served).clear
    rita = sign_in(served, "rita")

    def back(page: Response) -> str:
        chosen = rita.send(page, "/account/language", {"language": "en"})
        return str(chosen.headers["location"])

    assert back(rita.get("/?state=predicted&q=Doe")) == "/?state=predicted&q=Doe"
    study = f"/studies/{uid}?list=q%3DDoe"
    assert back(rita.get(f"{study}&report=en")) == study  # a language of the pages starts no draft again
    opened = rita.get(study)
    refused = rita.client.post(f"/studies/{uid}/report", data=forms_of(opened)[f"/studies/{uid}/report"])
    assert (refused.status_code, back(refused)) == (422, study)
