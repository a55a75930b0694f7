"""Bytes to a dataset that is what it says, or a typed refusal; nothing is guessed or forced."""

import io
from typing import BinaryIO

from pydicom import Dataset, config, dcmread
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, RLELossless

from overread.domain.errors import InputError, MalformedError, UnsupportedError
from overread.imaging import codecs, headers
from overread.imaging.codestreams import shape_of

MAX_PIXELS = 36_000_000  # about twice the largest detector in use

COMPUTED = "1.2.840.10008.5.1.4.1.1.1"
DIGITAL = "1.2.840.10008.5.1.4.1.1.1.1"
DIGITAL_FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
RADIOGRAPHS = frozenset({COMPUTED, DIGITAL})
"""Classes whose pixels a model may read."""
COMPANIONS = frozenset(
    f"1.2.840.10008.5.1.4.1.1.{tail}" for tail in ("7", "30", "88.22", "88.33", "88.34", "11.1", "88.59")
)
"""Classes kept beside a picture: secondary capture, maps, reports, presentation states, key objects."""


def read(data: bytes) -> Dataset:
    """Return the dataset in `data`, checked before and after the parse.

    Raises
    ------
    MalformedError
        Not DICOM, or broken (400).
    UnsupportedError
        A SOP class or transfer syntax that is not taken, or an image FOR PROCESSING (415).
    TooLargeError
        Deeper or longer than the bounds of `overread.imaging.headers` (413).
    InputError
        A picture whose header contradicts itself or its pixel data (422).
    """
    syntax = headers.outline(data).transfer_syntax
    if syntax not in codecs.TAKEN:
        raise UnsupportedError(f"transfer syntax {UID(syntax).name} is not taken")
    ds = _parsed(io.BytesIO(data))
    _check_identity(ds)
    if is_picture(ds):
        check_picture(ds)
    return ds


def header(file: BinaryIO) -> Dataset:
    """Return an object that `read` took when it came in, without its pixel data."""
    return _parsed(file, pixels=False)


def is_picture(ds: Dataset) -> bool:
    """Say whether the dataset is a picture to look at, not something kept beside one.

    A grey secondary capture is one too: digitised films and converted files come so; rule R02 excludes them.
    """
    if ds.SOPClassUID == SECONDARY_CAPTURE:
        return str(ds.get("PhotometricInterpretation")).startswith("MONOCHROME") and "PixelData" in ds
    return ds.SOPClassUID in RADIOGRAPHS


def check_class(sop_class: str) -> None:
    """Raise `UnsupportedError` for a SOP class that is not taken."""
    if sop_class == DIGITAL_FOR_PROCESSING:
        raise UnsupportedError("the image is FOR PROCESSING; send its FOR PRESENTATION twin")
    if sop_class not in RADIOGRAPHS | COMPANIONS:
        raise UnsupportedError(f"SOP class {UID(sop_class).name or 'missing'} is not taken")


def _parsed(file: BinaryIO, *, pixels: bool = True) -> Dataset:
    """Parse, with every way that a broken file can fail made one error."""
    try:
        # odd values are judged by the checks here, not by warnings from whoever touches them first
        config.settings.reading_validation_mode = config.IGNORE
        return dcmread(file, stop_before_pixels=not pixels)
    except InvalidDicomError as error:
        raise MalformedError("not a DICOM file") from error
    except Exception as error:  # a hostile file can raise anything in the parser; it is refused, not lost
        raise MalformedError(f"the DICOM file cannot be parsed: {type(error).__name__}") from error


def _check_identity(ds: Dataset) -> None:
    """Refuse a class that is not taken, and a file without the UIDs that name it."""
    sop_class = str(ds.get("SOPClassUID") or ds.file_meta.get("MediaStorageSOPClassUID") or "")
    check_class(sop_class)
    for keyword in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality"):
        if not ds.get(keyword):
            raise InputError(f"{keyword} is missing")


def check_picture(ds: Dataset) -> None:
    """Raise unless header and pixel data of a radiograph agree, so far as can be seen without decoding."""
    if ds.get("PresentationIntentType") == "FOR PROCESSING":
        raise UnsupportedError("the image is FOR PROCESSING; send its FOR PRESENTATION twin")
    if "PixelData" not in ds:
        raise InputError("the picture has no pixel data")
    rows, columns = (_number(ds, name) for name in ("Rows", "Columns"))
    if rows < 1 or columns < 1 or rows * columns > MAX_PIXELS:
        raise InputError(f"impossible size: {rows} rows and {columns} columns")
    if ds.get("PhotometricInterpretation") not in {"MONOCHROME1", "MONOCHROME2"}:
        raise InputError("the photometric interpretation is not MONOCHROME1 or MONOCHROME2")
    if _number(ds, "SamplesPerPixel", 1) != 1 or _number(ds, "NumberOfFrames", 1) != 1:
        raise InputError("a radiograph has one sample a pixel and one frame")
    _check_bits(ds)
    if ds.get("RescaleSlope") is not None and _rational(ds, "RescaleSlope") == 0:
        raise InputError("RescaleSlope is 0")
    _check_length(ds, rows, columns)


def _check_bits(ds: Dataset) -> None:
    """Refuse bit depths that contradict each other (PS3.5 section 8.1.1)."""
    allocated, stored = _number(ds, "BitsAllocated"), _number(ds, "BitsStored")
    high = _number(ds, "HighBit", stored - 1)
    if allocated not in {8, 16} or not 1 <= stored <= allocated or not stored - 1 <= high < allocated:
        raise InputError(f"impossible bits: {allocated} allocated, {stored} stored, high bit {high}")
    if _number(ds, "PixelRepresentation") not in {0, 1}:
        raise InputError("PixelRepresentation is neither 0 nor 1")


def _check_length(ds: Dataset, rows: int, columns: int) -> None:
    """Compare the bytes, or the codestream's own size, with what the header promises."""
    syntax = ds.file_meta.TransferSyntaxUID
    expected = rows * columns * int(ds.BitsAllocated) // 8
    if syntax in codecs.PLAIN:
        if len(ds.PixelData) not in {expected, expected + expected % 2}:
            raise InputError(f"the pixel data has {len(ds.PixelData)} bytes, the header promises {expected}")
    elif syntax != RLELossless:
        shape = shape_of(codecs.codestream(ds))
        if (shape.rows, shape.columns, shape.samples) != (rows, columns, 1):
            raise InputError(
                f"the compressed picture is {shape.rows} x {shape.columns} with {shape.samples} samples, "
                f"the header says {rows} x {columns} with 1"
            )
        if shape.bits > int(ds.BitsAllocated):
            raise InputError(f"the compressed picture has {shape.bits} bits, the header allocates fewer")


def _number(ds: Dataset, keyword: str, default: int | None = None) -> int:
    """Return an integer of the header; raise `InputError` when it is missing without default, or is none."""
    stated = ds.get(keyword)
    if stated is None or stated == "":
        if default is None:
            raise InputError(f"{keyword} is missing")
        return default
    try:
        return int(stated)
    except (TypeError, ValueError) as error:
        raise InputError(f"{keyword} is not a number") from error


def _rational(ds: Dataset, keyword: str) -> float:
    """Return a decimal of the header; raise `InputError` when it is none."""
    try:
        return float(ds.get(keyword))
    except (TypeError, ValueError) as error:
        raise InputError(f"{keyword} is not a number") from error
