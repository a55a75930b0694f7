"""The files that are compared are what they say, and both ways show the same picture."""

import numpy as np
import pytest
from pydicom.uid import UID, JPEGLosslessSV1

from benchmarks import dicom_reduction
from benchmarks.dicom_reduction import TARGETS, file_of, measured, naive, radiograph
from overread.imaging.codecs import stored_values
from overread.imaging.reading import read
from overread.imaging.rendering import picture


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ROWS", 1920), ("COLUMNS", 1600), ("SIDE", 320), ("LONGEST", 0.0)):
        monkeypatch.setattr(dicom_reduction, name, value)


@pytest.mark.parametrize("syntax", list(TARGETS), ids=lambda syntax: syntax.name)
def test_every_coding_holds_the_values_it_was_given(syntax: UID) -> None:
    values = radiograph(np.random.default_rng(2))
    ds = read(file_of(values, syntax, uids=("1.2.3.4", "1.2.3.5")))
    assert ds.file_meta.TransferSyntaxUID == syntax
    assert (ds.SOPInstanceUID, ds.StudyInstanceUID) == ("1.2.3.4", "1.2.3.5")
    assert np.array_equal(stored_values(ds), values)


@pytest.mark.parametrize(
    "syntax", [each for each in TARGETS if each != JPEGLosslessSV1], ids=lambda each: each.name
)
def test_both_ways_show_the_same_picture(syntax: UID) -> None:
    content = file_of(radiograph(np.random.default_rng(2)), syntax)
    difference = np.abs(picture(content, 320).astype(int) - naive(content)).mean()
    assert difference <= dicom_reduction.FARTHEST


def test_a_fast_way_to_another_picture_does_not_meet_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    syntax = next(iter(TARGETS))
    content = file_of(radiograph(np.random.default_rng(2)), syntax)
    monkeypatch.setitem(TARGETS, syntax, 0.001)
    assert measured(content, syntax).met
    monkeypatch.setattr(dicom_reduction, "FARTHEST", -1.0)
    said = measured(content, syntax)
    assert not said.met
    assert "grey levels" in said.note
