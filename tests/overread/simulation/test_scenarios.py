"""Named disturbances."""

from io import BytesIO

import numpy as np
import pytest
from pydicom import dcmread

from overread.domain.findings import Label
from overread.simulation import scenarios
from overread.simulation.pictures import draw, rendered
from overread.simulation.readers import perceive, senior
from overread.simulation.studies import to_dicom
from tests.overread.simulation.examples import a_clean_study, a_study


def test_a_new_scanner_takes_its_share_of_the_studies() -> None:
    some = [a_study(number) for number in range(200)]
    moved = scenarios.new_scanner(some, share=0.3, rng=np.random.default_rng(0))
    assert 0.2 < sum(study.maker == "N" for study in moved) / 200 < 0.4
    assert [study.study_uid for study in moved] == [study.study_uid for study in some]


def test_a_silent_update_changes_the_pixels_and_not_the_tags() -> None:
    study = a_study(2)
    (updated,) = scenarios.new_scanner(
        [study], share=1.0, rng=np.random.default_rng(0), maker=scenarios.UPDATED
    )
    before, after = (dcmread(BytesIO(to_dicom(s, draw(s, 192)))) for s in (study, updated))
    for tag in ("Manufacturer", "ManufacturerModelName", "StationName", "ImagerPixelSpacing", "BitsStored"):
        assert before[tag] == after[tag]
    assert np.abs(rendered(study).astype(int) - rendered(updated)).mean() > 3


def test_a_careless_reader_answers_the_opposite_now_and_then() -> None:
    reader = scenarios.careless(senior("wang"), share=0.3)
    rng = np.random.default_rng(0)
    wrong = sum(perceive(reader, (), rng).label is Label.HAS_FINDING for _ in range(1000)) / 1000
    assert wrong == pytest.approx(0.31, abs=0.05)


def test_a_minor_is_a_minor() -> None:
    study = scenarios.of_a_minor(a_study(), age=12)
    assert study.age == 12
    assert dcmread(BytesIO(to_dicom(study, draw(study, 96)))).PatientAge == "012Y"


def test_lateral_and_bedside_studies_say_so_in_their_tags() -> None:
    lateral, bedside = scenarios.lateral(a_clean_study()), scenarios.bedside(a_clean_study())
    tags = [dcmread(BytesIO(to_dicom(study, draw(study, 96)))) for study in (lateral, bedside)]
    assert tags[0].ViewPosition == "LL"
    assert tags[0].ViewCodeSequence[0].CodeValue == "399067008"
    assert "PORTABLE" in tags[1].StudyDescription
