"""Every rule of the reference study, asked and answered."""

from dataclasses import replace

import numpy as np
import pytest
from pydicom import Dataset

from overread.domain.screening import Outcome
from overread.imaging.quality import assess
from overread.imaging.screening import (
    Evidence,
    HeaderFacts,
    ReaderAnswers,
    ReportFacts,
    header_facts,
    screen,
)
from tests.overread.imaging.builders import a_radiograph

_NORMAL = ReportFacts(signed=True, findings="双肺野清晰。", impression="两肺心膈未见异常。")
_RULES = [f"R{number:02d}" for number in range(1, 13)]


def a_header(**changes: object) -> HeaderFacts:
    return header_facts(a_radiograph(**changes))


def answer(rule: str, evidence: Evidence) -> tuple[str, Outcome]:
    """Return code and outcome of one rule."""
    found = next(each for each in screen(evidence).outcomes if each.rule == rule)
    return found.code, found.outcome


def of(rule: str, **changes: object) -> tuple[str, Outcome]:
    return answer(rule, Evidence(header=a_header(**changes)))


def test_every_rule_is_run_and_every_answer_kept() -> None:
    assert [each.rule for each in screen(Evidence(header=HeaderFacts())).outcomes] == _RULES


def test_nothing_known_is_nothing_failed() -> None:
    screening = screen(Evidence(header=HeaderFacts()))
    assert not screening.reasons
    assert {each.outcome for each in screening.outcomes} == {Outcome.UNKNOWN}


def test_an_adult_frontal_chest_with_a_normal_report_passes_all_that_can_be_known() -> None:
    evidence = Evidence(header=a_header(), image_count=1, report=_NORMAL)
    passed = {each.rule for each in screen(evidence).outcomes if each.outcome is Outcome.PASS}
    assert passed == set(_RULES[:8])
    assert screen(evidence).cohort_reasons == ()


@pytest.mark.parametrize(
    ("rule", "changes", "code", "outcome"),
    [
        ("R01", {"Modality": "CR"}, "R01_MODALITY", Outcome.PASS),
        ("R01", {"Modality": "MR"}, "R01_MODALITY", Outcome.FAIL),
        ("R02", {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1"}, "R02_DEVICE", Outcome.PASS),
        ("R02", {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "R02_DEVICE", Outcome.FAIL),
        ("R03", {"ViewPosition": "AP"}, "R03_VIEW", Outcome.PASS),
        ("R03", {"ViewPosition": "LL"}, "R03_LATERAL", Outcome.FAIL),
        ("R03", {"ViewPosition": ""}, "R03_VIEW", Outcome.UNKNOWN),
        ("R03", {"ViewPosition": "XYZ"}, "R03_VIEW", Outcome.UNKNOWN),
        ("R03", {"StudyDescription": "床旁胸部正位"}, "R03_BEDSIDE", Outcome.FAIL),
        ("R03", {"StudyDescription": "CHEST PORTABLE"}, "R03_BEDSIDE", Outcome.FAIL),
        ("R03", {"StudyDescription": "胸部正侧位"}, "R03_TWO_VIEWS", Outcome.FAIL),
        ("R03", {"StudyDescription": "CHEST PA AND LATERAL"}, "R03_TWO_VIEWS", Outcome.FAIL),
        ("R03", {"StudyDescription": "chest 2 views"}, "R03_TWO_VIEWS", Outcome.FAIL),
        ("R03", {"StudyDescription": "bilateral follow-up"}, "R03_VIEW", Outcome.PASS),
        ("R03", {"ViewPosition": "", "StudyDescription": "胸部侧位"}, "R03_LATERAL", Outcome.FAIL),
        ("R03", {"ViewPosition": "", "StudyDescription": "胸部后前位"}, "R03_VIEW", Outcome.PASS),
        (
            "R03",
            {"ViewPosition": "", "PerformedProcedureStepDescription": "Chest PA"},
            "R03_VIEW",
            Outcome.PASS,
        ),
        ("R04", {"BodyPartExamined": "HAND"}, "R04_BODY_PART", Outcome.FAIL),
        ("R04", {"BodyPartExamined": "THORAX"}, "R04_BODY_PART", Outcome.UNKNOWN),
        ("R04", {"BodyPartExamined": ""}, "R04_BODY_PART", Outcome.UNKNOWN),
        ("R04", {"BodyPartExamined": "", "StudyDescription": "胸部正位"}, "R04_BODY_PART", Outcome.PASS),
        ("R05", {"PatientBirthDate": "20060101"}, "R05_AGE", Outcome.PASS),
        ("R05", {"PatientBirthDate": "20060102"}, "R05_AGE", Outcome.FAIL),
        ("R05", {"PatientBirthDate": "", "PatientAge": "018Y"}, "R05_AGE", Outcome.PASS),
        ("R05", {"PatientBirthDate": "", "PatientAge": "017Y"}, "R05_AGE", Outcome.FAIL),
        ("R05", {"PatientBirthDate": "", "PatientAge": "300M"}, "R05_AGE", Outcome.FAIL),
        ("R05", {"PatientBirthDate": "20300101", "PatientAge": "040Y"}, "R05_AGE", Outcome.PASS),
        ("R05", {"PatientBirthDate": "", "PatientAge": "old"}, "R05_AGE", Outcome.UNKNOWN),
        ("R05", {"PatientBirthDate": ""}, "R05_AGE", Outcome.UNKNOWN),
    ],
)
def test_the_header_answers(rule: str, changes: dict[str, object], code: str, outcome: Outcome) -> None:
    assert of(rule, **changes) == (code, outcome)


def test_a_view_code_answers_where_the_view_position_is_empty() -> None:
    for value, outcome in (("272479007", Outcome.PASS), ("399067008", Outcome.FAIL)):
        item = Dataset()
        item.CodeValue = value
        assert of("R03", ViewPosition="", ViewCodeSequence=[item])[1] is outcome


def test_an_anatomic_region_answers_where_the_body_part_is_empty() -> None:
    for value, outcome in (("816094009", Outcome.PASS), ("56459004", Outcome.FAIL)):
        item = Dataset()
        item.CodeValue = value
        assert of("R04", BodyPartExamined="", AnatomicRegionSequence=[item])[1] is outcome


@pytest.mark.parametrize(
    ("count", "outcome"), [(None, Outcome.UNKNOWN), (0, Outcome.FAIL), (1, Outcome.PASS), (2, Outcome.FAIL)]
)
def test_exactly_one_image_is_asked_for(count: int | None, outcome: Outcome) -> None:
    assert answer("R06", Evidence(header=HeaderFacts(), image_count=count))[1] is outcome


def test_the_report_answers_its_two_rules() -> None:
    for report, signed, text in (
        (_NORMAL, Outcome.PASS, Outcome.PASS),
        (replace(_NORMAL, signed=False), Outcome.FAIL, Outcome.PASS),
        (replace(_NORMAL, impression="右肺结节可能"), Outcome.PASS, Outcome.UNKNOWN),
        (ReportFacts(), Outcome.UNKNOWN, Outcome.UNKNOWN),
    ):
        evidence = Evidence(header=HeaderFacts(), report=report)
        assert (answer("R07", evidence)[1], answer("R08", evidence)[1]) == (signed, text)


@pytest.mark.parametrize(
    ("rule", "question"),
    [("R09", "position"), ("R10", "exposure"), ("R11", "little_metal"), ("R12", "report_right")],
)
def test_a_reader_answers_what_only_a_reader_can(rule: str, question: str) -> None:
    for said, outcome in ((True, Outcome.PASS), (False, Outcome.FAIL), (None, Outcome.UNKNOWN)):
        evidence = Evidence(header=HeaderFacts(), answers=ReaderAnswers(**{question: said}))
        assert answer(rule, evidence)[1] is outcome


def test_a_blank_picture_may_not_be_read() -> None:
    blank = Evidence(header=a_header(), quality=assess(np.zeros((64, 64), np.uint8)))
    assert [reason.code for reason in screen(blank).reasons] == ["R10_EXPOSURE"]


def test_a_doubtful_picture_is_listed_not_excluded() -> None:
    faint = np.tile(np.linspace(100, 130, 64).astype(np.uint8), (64, 1))
    evidence = Evidence(header=a_header(), quality=assess(faint))
    assert answer("R10", evidence)[1] is Outcome.UNKNOWN
    assert not screen(evidence).reasons


def test_no_outcome_names_the_patient() -> None:
    evidence = Evidence(header=a_header(PatientName="Zhang^San", PatientID="P-4711"), image_count=1)
    assert not any("Zhang" in each.text or "4711" in each.text for each in screen(evidence).outcomes)
