"""Seconds from a 3000 x 2500 DICOM file in memory to its 512 x 512 picture, in five transfer syntaxes.

The naive way is what pydicom documents: the whole pixel array, the modality and VOI functions, and then a
resize. It decodes with what it finds installed, GDCM where nothing else takes JPEG lossless. The file states
a window, as a digital radiograph must. A row is met only where both pictures agree within one grey level.
"""

import io
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
from pydicom.uid import (
    UID,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from benchmarks.recording import Row, installed_version, left_out, rounds, row, tell, timed
from overread.imaging.rendering import picture

SIDE = 512
ROWS, COLUMNS, BITS = 3000, 2500, 12
NOISE = 12.0  # stored values; about what quantum noise leaves of 12 bits
FARTHEST = 1.0  # grey level of 255, on average
LONGEST = 25.0  # seconds a row
PACKAGES = ("pydicom", "imagecodecs", "pillow", "opencv-python-headless", "numpy", "python-gdcm", "pyjpegls")
TARGETS: dict[UID, float] = {
    ExplicitVRLittleEndian: 13,
    JPEGLosslessSV1: 6,
    JPEG2000Lossless: 20,
    JPEGLSLossless: 5,
    RLELossless: 5,
}
ENCODERS: dict[UID, Callable[[NDArray[np.uint16]], bytes | bytearray]] = {
    JPEGLosslessSV1: partial(imagecodecs.jpeg8_encode, lossless=True, bitspersample=BITS),
    JPEG2000Lossless: partial(imagecodecs.jpeg2k_encode, level=0, codecformat="j2k", bitspersample=BITS),
    JPEGLSLossless: imagecodecs.jpegls_encode,
}

Grey = NDArray[np.uint8]


def radiograph(rng: np.random.Generator) -> NDArray[np.uint16]:
    """Return stored values as compressible as a radiograph's: smooth shapes under noise."""
    coarse = rng.normal(size=(12, 10)).astype(np.float32)
    shapes = cv2.resize(coarse, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC)
    noisy = 2048 + 600 * shapes + rng.normal(0, NOISE, shapes.shape)
    return np.asarray(np.clip(noisy, 0, (1 << BITS) - 1), np.uint16)


def file_of(values: NDArray[np.uint16], syntax: UID, uids: tuple[str, str] = ("1.2.3.1", "1.2.3.2")) -> bytes:
    """Return stored values as a DICOM file; `uids` name the instance and its study."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = DigitalXRayImageStorageForPresentation
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = UID(uids[0])
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.Modality = UID(uids[1]), UID("1.2.3.3"), "DX"
    ds.PatientID, ds.PatientSex, ds.PatientAge, ds.ViewPosition = "1", "F", "050Y", "PA"
    ds.Rows, ds.Columns = values.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, BITS, BITS - 1
    ds.RescaleSlope, ds.RescaleIntercept, ds.WindowCenter, ds.WindowWidth = "1", "0", "2048", "3000"
    ds.PixelData = values.tobytes()
    ds["PixelData"].VR = "OW"
    if syntax == RLELossless:
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.compress(RLELossless, generate_instance_uid=False)
    elif syntax in ENCODERS:
        ds.PixelData = encapsulate([bytes(ENCODERS[syntax](values))])
        ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
    file = io.BytesIO()
    dcmwrite(file, ds, enforce_file_format=True)
    return file.getvalue()


def naive(data: bytes) -> Grey:
    """Return the picture as pydicom's documentation has it, resized."""
    ds = dcmread(io.BytesIO(data))
    shown = apply_voi_lut(apply_modality_lut(ds.pixel_array, ds), ds)
    grey = (shown / ((1 << BITS) - 1) * 255).round().astype(np.uint8)
    return np.asarray(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def measured(data: bytes, syntax: UID) -> Row:
    """Return the row of one transfer syntax."""
    difference = float(np.abs(picture(data, SIDE).astype(int) - naive(data)).mean())
    sides = [timed(partial(read, data)) for read in (partial(picture, size=SIDE), naive)]
    ours, theirs = rounds(sides, seconds=LONGEST)
    made = row(
        f"3000 x 2500 DICOM to 512 / pydicom, {syntax.name}",
        ours,
        theirs,
        target=TARGETS[syntax],
        note=f"mean difference {difference:.2f} grey levels of 255",
    )
    return replace(made, met=made.met and difference <= FARTHEST)


def main() -> None:
    """Measure, print and keep a row for each transfer syntax."""
    cv2.setNumThreads(1)
    values = radiograph(np.random.default_rng(1))
    for syntax in TARGETS:
        if syntax == JPEGLosslessSV1 and not installed_version("python-gdcm"):
            left_out(f"3000 x 2500 DICOM to 512 / pydicom, {syntax.name}", "python-gdcm")
            continue
        tell([measured(file_of(values, syntax), syntax)], PACKAGES)


if __name__ == "__main__":
    main()
