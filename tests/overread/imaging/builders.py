"""Small radiographs made on the spot, and where the real ones lie."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, dcmwrite
from pydicom.config import disable_value_validation
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian

REAL = Path(__file__).parents[3] / "../shared/data"
DIGITAL = "1.2.840.10008.5.1.4.1.1.1.1"


def real(*parts: str) -> Path:
    """Return a real file or folder, or skip aloud where this machine has none."""
    path = REAL.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"no real data: shared/data/{'/'.join(parts)} is not beside the project")
    return path


def stored_values(rows: int = 48, columns: int = 40, *, bits: int = 12) -> NDArray[np.uint16]:
    """Return a smooth ramp with some texture, over most of the range."""
    y, x = np.mgrid[0:rows, 0:columns]
    ramp = (y / rows + x / columns) / 2 * 0.8 + 0.1 + 0.03 * np.sin(x / 3.0)
    return np.asarray(ramp * ((1 << bits) - 1), dtype=np.uint16)


def a_radiograph(stored: NDArray[np.integer] | None = None, /, **changes: object) -> Dataset:
    """Return a digital radiograph of `stored`; a change of None removes the attribute."""
    stored = stored_values() if stored is None else stored
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID = UID(DIGITAL), UID("1.2.3.1")
    ds.StudyInstanceUID, ds.SeriesInstanceUID = UID("1.2.3.2"), UID("1.2.3.3")
    ds.Modality, ds.PresentationIntentType = "DX", "FOR PRESENTATION"
    ds.PatientID, ds.PatientBirthDate, ds.StudyDate = "P1", "19700101", "20240101"
    ds.ViewPosition, ds.BodyPartExamined = "PA", "CHEST"
    ds.Rows, ds.Columns = stored.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelData = stored.astype("<u2" if stored.dtype.kind == "u" else "<i2").tobytes()
    for keyword, value in changes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            with disable_value_validation():  # files in the field hold values that their VR forbids
                setattr(ds, keyword, value)
    return ds


def encapsulated(ds: Dataset, stream: bytes, syntax: str) -> Dataset:
    """Put a compressed frame into a dataset."""
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.PixelData = encapsulate([stream])
    ds["PixelData"].is_undefined_length = True
    ds["PixelData"].VR = "OB"
    return ds


def as_bytes(ds: Dataset) -> bytes:
    """Return a dataset as a file."""
    file = BytesIO()
    ds.file_meta.MediaStorageSOPClassUID = ds.get("SOPClassUID", UID(DIGITAL))
    ds.file_meta.MediaStorageSOPInstanceUID = ds.get("SOPInstanceUID", UID("1.2.3.1"))
    dcmwrite(file, ds, enforce_file_format=True)
    return file.getvalue()
