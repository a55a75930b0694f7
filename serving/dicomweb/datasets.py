"""Stored objects as DICOM datasets and as DICOM JSON; loaded with the first request, as pydicom is."""

import io
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
from pydicom import Dataset
from pydicom.dataelem import DataElement
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import get_frame
from pydicom.uid import UID, ExplicitVRLittleEndian

from overread.domain.errors import NotFoundError
from overread.domain.identifiers import derived_id
from overread.domain.studies import Instance, Patient, Study
from overread.imaging import reading
from overread.imaging.codecs import PLAIN
from serving.api.shapes import finite

_log = logging.getLogger(__name__)

LONGEST_VALUE = 1 << 18  # bytes; a look-up table of 65536 entries is half as long
_PREAMBLE = 132
_PIXEL_GROUP = 0x7FE0
_BYTE_BITS = 8


def is_dicom(content: bytes) -> bool:
    """Say whether bytes are a DICOM file, as those of a picture that was imported are not."""
    return content[:_PREAMBLE].endswith(b"DICM")


def header(file: BinaryIO, instance: Instance, study: Study, patient: Patient) -> Dataset:
    """Return an object without pixels and without values that are too long to list."""
    begins = file.read(_PREAMBLE)
    file.seek(0)
    if not is_dicom(begins):
        return capture(instance, study, patient, lossy=begins.startswith(b"\xff\xd8"))
    ds = reading.header(file)
    ds.walk(_without_bulk)
    return ds


def _without_bulk(ds: Dataset, element: DataElement) -> None:
    value = element.value
    if element.tag.group == _PIXEL_GROUP or (
        isinstance(value, bytes | str | Sequence) and element.VR != "SQ" and len(value) > LONGEST_VALUE
    ):
        del ds[element.tag]


def capture(instance: Instance, study: Study, patient: Patient, *, lossy: bool) -> Dataset:
    """Return a picture that came as PNG or JPEG as what it is in DICOM, a secondary capture (PS3.3 A.8.1).

    Its UIDs are those that import gave it; its pixels are left out.
    """
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = UID(reading.SECONDARY_CAPTURE)
    ds.file_meta.MediaStorageSOPInstanceUID = UID(instance.sop_uid)
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = reading.SECONDARY_CAPTURE
    ds.SOPInstanceUID = instance.sop_uid
    ds.StudyInstanceUID = study.uid
    ds.SeriesInstanceUID = f"2.25.{int(derived_id('series', study.uid), 16)}"
    ds.PatientName, ds.PatientID = patient.name, patient.id
    ds.PatientBirthDate = None if patient.birth_date is None else f"{patient.birth_date:%Y%m%d}"
    ds.PatientSex = patient.sex if patient.sex in {"M", "F", "O"} else ""
    ds.StudyDate = None if study.study_date is None else f"{study.study_date:%Y%m%d}"
    ds.StudyTime = ds.ReferringPhysicianName = ds.StudyID = ds.AccessionNumber = None
    ds.Modality, ds.ConversionType = "OT", "WSD"
    ds.ImageType = ["DERIVED", "SECONDARY"]
    ds.SeriesNumber = ds.InstanceNumber = 1
    ds.LossyImageCompression = "01" if lossy else "00"
    ds.Rows, ds.Columns = instance.rows, instance.columns
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = _BYTE_BITS
    ds.HighBit, ds.PixelRepresentation = _BYTE_BITS - 1, 0
    return ds


def whole(content: bytes) -> Dataset:
    """Return a stored DICOM object with its pixels."""
    return reading.read(content)


def with_pixels(ds: Dataset, values: np.ndarray[Any, Any]) -> Dataset:
    """Return the dataset in explicit little endian with these stored values."""
    raw = native(values)
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.add_new("PixelData", "OW" if values.itemsize > 1 else "OB", raw + b"\0" * (len(raw) % 2))
    ds["PixelData"].is_undefined_length = False
    return ds


def native(values: np.ndarray[Any, Any]) -> bytes:
    """Return stored values as native pixel data, little endian (PS3.5 section 8.1.1)."""
    return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()


def part10(ds: Dataset) -> bytes:
    """Return the dataset as a file (PS3.10) in explicit little endian."""
    file = io.BytesIO()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.save_as(file, enforce_file_format=True, implicit_vr=False, little_endian=True)
    return file.getvalue()


def is_plain(ds: Dataset) -> bool:
    """Say whether the pixels are not compressed."""
    return ds.file_meta.TransferSyntaxUID in PLAIN


def frames_of(ds: Dataset, numbers: Sequence[int]) -> Iterator[bytes]:
    """Yield frames, counted from 1, as they are stored; raise `NotFoundError` for one that is not there."""
    count = int(ds.get("NumberOfFrames") or 1)
    if "PixelData" not in ds or not all(1 <= number <= count for number in numbers):
        raise NotFoundError(f"this object has {count if 'PixelData' in ds else 0} frames")
    length = int(ds.Rows) * int(ds.Columns) * int(ds.SamplesPerPixel) * int(ds.BitsAllocated) // _BYTE_BITS
    for number in numbers:
        if is_plain(ds):
            yield ds.PixelData[(number - 1) * length : number * length]
        else:
            yield get_frame(ds.PixelData, number - 1, number_of_frames=count)


def as_json(ds: Dataset) -> dict[str, Any]:
    """Return a header in the DICOM JSON Model (PS3.18 Annex F), without elements that have no form in it."""
    shown: dict[str, Any] = {}
    for tag in ds.keys():  # noqa: SIM118 - iterating the dataset itself would convert every value at once
        try:
            shown[f"{tag:08X}"] = finite(ds[tag].to_json_dict(None, LONGEST_VALUE))
        except (
            Exception
        ) as error:  # odd values raise anything; their text may name a patient, so it is not told
            _log.info("element %08X has no JSON form: %s", tag, type(error).__name__)
    return shown


def only(ds: Dataset, keywords: Iterable[str]) -> Dataset:
    """Return the dataset narrowed to some attributes, of which it may lack any."""
    kept = Dataset()
    for keyword in keywords:
        if keyword in ds:
            kept.add(ds[keyword])
    return kept


def tagged(ds: Dataset, facts: Mapping[str, Any]) -> Dataset:
    """Return the dataset with some elements set by keyword."""
    for keyword, value in facts.items():
        setattr(ds, keyword, value)
    return ds
