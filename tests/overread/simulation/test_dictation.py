"""Reports written from a perception, in both languages."""

import numpy as np
import pytest

from overread.domain.findings import Label
from overread.imaging.report_text import classify
from overread.simulation.dictation import dictate
from overread.simulation.population import MIX
from overread.simulation.readers import Perception, Reader, perceive, resident
from tests.overread.simulation.examples import a_clean_study

SURE = Reader(key=resident("x").key, slight=(1.0, 0.0), other=(1.0, 0.0), false_calls=0.0)
NAMES = {"zh": {"nodule": "结节", "effusion": "积液"}, "en": {"nodule": "nodule", "effusion": "effusion"}}


def seen(*codes: str) -> Perception:
    study = a_clean_study()
    for code in codes:
        study = study.with_finding(code, subtlety=0.0)
    return perceive(SURE, study.findings, np.random.default_rng(0))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_clean_report_says_so_in_the_impression(language: str) -> None:
    report = dictate(Perception(), language, np.random.default_rng(0))
    assert ("未见" if language == "zh" else "No abnormality") in report.impression
    assert ("双肺野清晰" if language == "zh" else "Lungs are clear") in report.findings


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("code", MIX)
def test_every_finding_can_be_said(code: str, language: str) -> None:
    report = dictate(seen(code), language, np.random.default_rng(0))
    said = report.impression.removesuffix("。").removesuffix(".")
    assert said
    assert said in report.findings
    assert "{" not in report.findings
    assert "  " not in report.findings


@pytest.mark.parametrize("language", ["zh", "en"])
def test_two_findings_are_both_said_and_the_rest_stays_normal(language: str) -> None:
    report = dictate(seen("nodule", "effusion"), language, np.random.default_rng(0))
    for name in NAMES[language].values():
        assert name in report.findings.lower()
        assert name in report.impression.lower()
    assert ("肋膈角锐利" if language == "zh" else "angles are sharp") not in report.findings
    assert ("双肺野清晰" if language == "zh" else "Lungs are clear") not in report.findings
    assert ("心影大小" if language == "zh" else "Heart size") in report.findings


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_report_rule_reads_the_same_class_that_was_perceived(language: str) -> None:
    for seed in range(6):
        clean = dictate(Perception(), language, np.random.default_rng(seed))
        assert classify(clean.findings, clean.impression).label is Label.NO_FINDING
    for code in MIX:
        report = dictate(seen(code), language, np.random.default_rng(0))
        assert classify(report.findings, report.impression).label is Label.HAS_FINDING
