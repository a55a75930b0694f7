"""Simulated studies as DICOM files: valid, complete, and the same picture as the one drawn without a file."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.pixels.processing import apply_windowing
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
)

from overread.imaging.pixels import grey
from overread.imaging.reading import read
from overread.simulation.pictures import DrawnStudy, draw, rendered
from overread.simulation.scanners import MAKERS
from overread.simulation.studies import sop_instance_uid, to_dicom
from tests.overread.simulation.examples import a_study

REQUIRED = (
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "Modality",
    "Manufacturer",
    "BodyPartExamined",
    "ViewPosition",
    "PatientOrientation",
    "PhotometricInterpretation",
    "PresentationLUTShape",
    "RescaleSlope",
    "RescaleIntercept",
    "WindowCenter",
    "WindowWidth",
    "PixelIntensityRelationship",
    "PixelIntensityRelationshipSign",
    "ImagerPixelSpacing",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "BurnedInAnnotation",
    "LossyImageCompression",
    "PatientIdentityRemoved",
)


def written(maker: str) -> tuple[DrawnStudy, Dataset]:
    study = a_study(3, maker=maker)
    drawn = draw(study, 384)
    return drawn, dcmread(BytesIO(to_dicom(study, drawn)))


@pytest.mark.parametrize("maker", MAKERS)
def test_a_file_decodes_to_the_picture_drawn_without_it(maker: str) -> None:
    for number in range(3):
        study = a_study(number, maker=maker)
        drawn = draw(study, 384)
        decoded = grey(read(to_dicom(study, drawn)), 192)
        assert np.abs(decoded.astype(int) - rendered(drawn, 192)).max() <= 1
        assert np.array_equal(rendered(drawn, 192), rendered(study, 192))


@pytest.mark.parametrize("maker", MAKERS)
def test_pydicom_alone_shows_the_same_picture(maker: str) -> None:
    drawn, ds = written(maker)
    most = (1 << ds.BitsStored) - 1
    shown = np.asarray(apply_windowing(ds.pixel_array, ds)) / most * 255
    if ds.PhotometricInterpretation == "MONOCHROME1":
        shown = 255 - shown
    assert np.abs(shown - drawn.exposure.grey()).max() <= 1


@pytest.mark.parametrize("maker", MAKERS)
def test_a_file_has_every_attribute_that_is_asked_for(maker: str) -> None:
    _, ds = written(maker)
    assert [name for name in REQUIRED if str(ds.get(name, "")) in {"", "None"}] == []
    assert ds.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert ds.BitsStored == MAKERS[maker].bits
    assert ds.HighBit == ds.BitsStored - 1
    assert list(ds.PatientOrientation) == ["L", "F"]
    assert ds.Rows == ds.Columns == 384
    assert "FrameOfReferenceUID" not in ds


@pytest.mark.parametrize(
    ("maker", "sop_class"),
    [
        ("A", DigitalXRayImageStorageForPresentation),
        ("B", ComputedRadiographyImageStorage),
    ],
)
def test_makers_write_their_own_class_and_polarity(maker: str, sop_class: str) -> None:
    _, ds = written(maker)
    assert ds.SOPClassUID == sop_class
    inverted = ds.PhotometricInterpretation == "MONOCHROME1"
    assert inverted == (maker == "B")
    assert ds.PresentationLUTShape == ("INVERSE" if inverted else "IDENTITY")


def test_a_dx_file_says_that_it_is_for_presentation_and_shows_a_pa_chest() -> None:
    _, ds = written("C")
    assert ds.PresentationIntentType == "FOR PRESENTATION"
    assert ds.ViewCodeSequence[0].CodeValue == "272479007"
    assert ds.AnatomicRegionSequence[0].CodeValue == "51185008"


def test_equal_studies_give_equal_bytes() -> None:
    study = a_study(1)
    assert to_dicom(study, draw(study, 192)) == to_dicom(study, draw(study, 192))


def test_studies_of_one_patient_share_identity_and_nothing_else() -> None:
    study = a_study(1)
    other = replace(study, seed=study.seed + 1)
    assert sop_instance_uid(study) != sop_instance_uid(other)


def test_the_window_does_not_fill_the_stored_range() -> None:
    drawn, ds = written("A")
    assert ds.WindowWidth < (1 << ds.BitsStored)
    assert drawn.stored.min() < ds.WindowCenter < drawn.stored.max()
