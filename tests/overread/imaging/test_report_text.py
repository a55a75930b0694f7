# ruff: noqa: RUF001 - Chinese punctuation is what is meant
"""Rule R08 on the sentences radiologists write."""

import numpy as np
import pytest

from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey
from overread.imaging.report_text import classify

_CLEAR_ZH = (
    "双肺野清晰，肺纹理走行自然，未见明确渗出、实变及结节影。双侧肺门影大小、形态未见异常。"
    "纵隔居中、未见增宽；心影大小、形态在正常范围。双侧膈面光整，肋膈角锐利。所示胸廓诸骨及软组织未见异常。"
)
_CLEAR_EN = (
    "Lungs are clear. Vascular markings are normal. No infiltrate, consolidation or nodule is seen. "
    "Both hila are normal in size and shape. Mediastinum is central and not widened. Heart size and contour "
    "are within normal limits. Diaphragm is smooth; costophrenic angles are sharp. "
    "Visible bones and soft tissues are unremarkable."
)


@pytest.mark.parametrize(
    ("findings", "impression", "rule"),
    [
        (_CLEAR_ZH, "两肺心膈未见异常。", "R08.normal"),
        (_CLEAR_ZH, "1. 心肺未见明显异常", "R08.normal"),
        (_CLEAR_ZH, "1.心肺未见异常；2.未见骨折。", "R08.only-denied"),
        ("", "双肺未见明确异常", "R08.normal"),
        ("", "肺心膈无异常。", "R08.normal"),
        (_CLEAR_ZH, "未见肺结核。", "R08.only-denied"),
        (_CLEAR_EN, "No abnormality of the lungs, heart or diaphragm.", "R08.normal"),
        (_CLEAR_EN, "No acute cardiopulmonary disease.", "R08.normal"),
        (_CLEAR_EN, "Normal chest radiograph.", "R08.normal"),
        (_CLEAR_EN, "No evidence of tuberculosis.", "R08.only-denied"),
    ],
)
def test_a_normal_report_states_no_finding(findings: str, impression: str, rule: str) -> None:
    stated = classify(findings, impression)
    assert (stated.label, stated.rule, stated.uncertain) == (Label.NO_FINDING, rule, False)
    assert stated.span


@pytest.mark.parametrize(
    ("findings", "impression", "span"),
    [
        (_CLEAR_ZH, "右上肺少量纤维索条影。", "索条"),
        ("右上肺小钙化灶。", "两肺心膈未见异常。", "钙化"),
        ("未见明确结节，可见钙化。", "两肺心膈未见异常。", "钙化"),
        ("心脏轮廓稍饱满。", "心肺未见异常。", "饱满"),
        ("双侧肺门影稍重。", "心肺未见异常。", "肺门影稍重"),
        ("双肺纹理轻度增多。", "心肺未见异常。", "纹理轻度增多"),
        ("", "起搏器术后", "起搏器"),
        ("Small calcified granuloma.", "No acute cardiopulmonary abnormality.", "calcified"),
        ("", "PICC in place.", "PICC"),
        ("No effusion, but there is a nodule.", "Normal chest.", "nodule"),
        (_CLEAR_ZH, "胸廓形态如前。", "胸廓形态如前"),
        ("", "未见肺结核。", "未见肺结核"),
    ],
)
def test_anything_that_belongs_in_a_report_states_a_finding(
    findings: str, impression: str, span: str
) -> None:
    stated = classify(findings, impression)
    assert (stated.label, stated.span, stated.uncertain) == (Label.HAS_FINDING, span, False)


@pytest.mark.parametrize(
    "hedge", ["右肺结节可能。", "结核待排", "建议复查", "Possible nodule.", "Follow-up recommended"]
)
def test_a_hedge_makes_it_uncertain(hedge: str) -> None:
    stated = classify(_CLEAR_ZH, hedge)
    assert (stated.label, stated.rule, stated.uncertain) == (Label.HAS_FINDING, "R08.hedge", True)


@pytest.mark.parametrize("impression", ["", "  ", "。"])
def test_without_an_impression_nothing_is_stated(impression: str) -> None:
    assert classify(_CLEAR_ZH, impression).label is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_the_simulated_department_dictates_is_understood(language: str) -> None:
    population = pytest.importorskip("overread.simulation.population")
    readers = pytest.importorskip("overread.simulation.readers")
    dictation = pytest.importorskip("overread.simulation.dictation")
    reader, rng = readers.Reader(key=PersonKey("reader")), np.random.default_rng(1)
    department = population.Department(seed=3)
    for number in range(150):
        study = population.studies_of(department, number)[0]
        perceived = readers.perceive(reader, study.findings, rng)
        report = dictation.dictate(perceived, language, rng)
        expected = Label.HAS_FINDING if perceived.findings else Label.NO_FINDING
        assert classify(report.findings, report.impression).label is expected
