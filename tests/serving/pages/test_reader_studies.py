"""The pages of a reader study: a form without script, both languages, and a place only for its readers."""

from datetime import timedelta

import pytest

from overread.domain.findings import Label
from tests.serving.conftest import House
from tests.serving.crossovers import WASHOUT, read_arm, registered
from tests.serving.pages.builders import forms_of, sign_in

WORDS = {
    "en": ("Reader studies", "Case 1 of 2", "The second part opens at", "You have read every case"),
    "zh": ("阅片研究", "共 2 例", "第二部分于", "两组病例您都已读完"),
}


def test_a_form_of_plain_fields_gives_a_read_with_its_time(served: House) -> None:
    study = registered(served, n=2)
    browser = sign_in(served, "remy")
    place = f"/reader-studies/{study.id}"
    page = browser.get(place)
    served.clock.ahead += timedelta(seconds=20)
    said = {
        "label": "has_finding",
        "rating": "64",
        "code": "nodule",
        "side": "left",
        "zone": "",
        "severity": "",
    }
    answer = browser.send(page, f"{place}/reads", said)
    assert (answer.status_code, answer.headers["location"]) == (303, place)
    browser.send(page, f"{place}/reads", said)  # a double click
    with served.storage.look() as work:
        (read,) = work.reader_studies.reads(study.id)
    assert (read.case, read.label, read.rating) == (study.sequences[0].orders[0][0], Label.HAS_FINDING, 64)
    assert [finding.code for finding in read.findings] == ["nodule"]
    assert 20 <= (read.seconds or 0) < 60


def test_a_refused_form_says_why_and_keeps_what_was_typed(served: House) -> None:
    study = registered(served, n=2)
    place = f"/reader-studies/{study.id}"
    answer = sign_in(served, "remy").fill(place, f"{place}/reads", {"label": "has_finding", "rating": "640"})
    assert answer.status_code == 422
    assert 'value="640"' in answer.text
    assert "rating" in answer.text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_washout_and_end_are_said_in_both_languages(served: House, language: str) -> None:
    title, first, opens, end = WORDS[language]
    study = registered(served, n=2)
    browser = sign_in(served, "remy", language=language)
    listed, page = browser.get("/reader-studies"), browser.get(f"/reader-studies/{study.id}")
    assert title in listed.text
    assert f'href="/reader-studies/{study.id}"' in listed.text
    assert first in page.text
    read_arm(served, study)
    for path in ("/reader-studies", f"/reader-studies/{study.id}"):
        assert opens in browser.get(path).text
    served.clock.ahead = WASHOUT
    read_arm(served, study)
    assert end in browser.get(f"/reader-studies/{study.id}").text


def test_the_place_is_on_the_bar_only_where_somebody_has_something_to_read(served: House) -> None:
    study = registered(served, n=2)
    link = 'href="/reader-studies"'
    remy = sign_in(served, "remy")
    assert link in remy.get("/account").text
    assert link not in sign_in(served, "rita").get("/account").text
    assert link not in sign_in(served, "anna").get("/account").text
    read_arm(served, study)
    assert link in remy.get("/account").text  # the second arm is to come
    served.clock.ahead = WASHOUT
    read_arm(served, study)
    assert link not in remy.get("/account").text


def test_no_page_of_a_reader_names_the_study_or_its_patient(served: House) -> None:
    study = registered(served, n=2)
    browser = sign_in(served, "remy")
    told = browser.get("/reader-studies").text
    for _ in range(2):
        for _ in study.cases:
            page = browser.get(f"/reader-studies/{study.id}")
            told += page.text
            browser.send(page, f"/reader-studies/{study.id}/reads", {"label": "no_finding", "rating": "5"})
        served.clock.ahead += WASHOUT
    assert [
        word for word in (*(case.study for case in study.cases), "Doe", "truth", "test-set") if word in told
    ] == []
    with served.storage.look() as work:
        assert len(work.reader_studies.reads(study.id)) == 4


def test_the_form_of_the_unaided_arm_holds_nothing_of_the_model(served: House) -> None:
    study = registered(served, n=2)
    page = sign_in(served, "remy").get(f"/reader-studies/{study.id}")
    assert set(forms_of(page)[f"/reader-studies/{study.id}/reads"]) == {
        "csrf_token",
        "key",
        "opened",
        "case",
        "arm",
        "box",
    }
    assert "heatmap" not in page.text
    assert "meter" not in page.text
