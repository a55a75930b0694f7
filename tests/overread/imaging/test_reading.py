"""Bytes become a dataset that is what it says, or a refusal with its kind."""

import struct
import time

import imagecodecs
import numpy as np
import pytest
from pydicom import Dataset
from pydicom.uid import UID

from overread.domain.errors import InputError, MalformedError, OverreadError, UnsupportedError
from overread.imaging.reading import is_picture, read
from tests.overread.imaging.builders import a_radiograph, as_bytes, encapsulated, stored_values

_BASELINE = "1.2.840.10008.1.2.4.50"


def a_jpeg(rows: int = 48, columns: int = 40) -> bytes:
    """Return a small JPEG whose frame header claims a size."""
    stream = bytearray(imagecodecs.jpeg8_encode(np.zeros((48, 40), np.uint8)))
    at = stream.index(b"\xff\xc0")
    stream[at + 5 : at + 9] = struct.pack(">HH", rows, columns)
    return bytes(stream)


def eight_bits(**changes: object) -> Dataset:
    return a_radiograph(BitsAllocated=8, BitsStored=8, HighBit=7, **changes)


def test_a_radiograph_is_read() -> None:
    ds = read(as_bytes(a_radiograph()))
    assert is_picture(ds)
    assert ds.ViewPosition == "PA"


@pytest.mark.parametrize(
    "changes",
    [
        {"Rows": 47},
        {"Rows": 0},
        {"Rows": None},
        {"Rows": 65535, "Columns": 65535},
        {"BitsStored": 17},
        {"BitsAllocated": 32},
        {"HighBit": 3},
        {"PixelRepresentation": 2},
        {"SamplesPerPixel": 3},
        {"NumberOfFrames": 2},
        {"PhotometricInterpretation": "RGB"},
        {"PhotometricInterpretation": None},
        {"PixelData": None},
        {"RescaleSlope": "0", "RescaleIntercept": "0"},
        {"StudyInstanceUID": None},
        {"SOPInstanceUID": None},
        {"Modality": None},
    ],
)
def test_a_header_that_contradicts_itself_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InputError) as refusal:
        read(as_bytes(a_radiograph(**changes)))
    assert not isinstance(refusal.value, MalformedError | UnsupportedError)


@pytest.mark.parametrize(
    "changes",
    [
        {"SOPClassUID": UID("1.2.840.10008.5.1.4.1.1.2")},
        {"SOPClassUID": UID("1.2.840.10008.5.1.4.1.1.1.1.1")},
        {"PresentationIntentType": "FOR PROCESSING"},
    ],
)
def test_a_class_that_is_not_taken_is_unsupported(changes: dict[str, object]) -> None:
    with pytest.raises(UnsupportedError):
        read(as_bytes(a_radiograph(**changes)))


def test_the_twin_for_presentation_is_asked_for() -> None:
    with pytest.raises(UnsupportedError, match="FOR PRESENTATION twin"):
        read(as_bytes(a_radiograph(PresentationIntentType="FOR PROCESSING")))


def test_a_transfer_syntax_that_is_not_taken_is_unsupported() -> None:
    ds = encapsulated(a_radiograph(), b"\0" * 8, "1.2.840.10008.1.2.4.100")
    with pytest.raises(UnsupportedError, match="transfer syntax"):
        read(as_bytes(ds))


def test_a_codestream_of_another_size_is_refused_undecoded() -> None:
    with pytest.raises(InputError, match="4800 x 40"):
        read(as_bytes(encapsulated(eight_bits(), a_jpeg(4800, 40), _BASELINE)))


def test_a_tiny_jpeg_that_declares_gigabytes_is_refused_at_once() -> None:
    claims = [eight_bits(), eight_bits(Rows=65535, Columns=65535)]
    started = time.perf_counter()
    for ds in claims:
        with pytest.raises(InputError):
            read(as_bytes(encapsulated(ds, a_jpeg(65535, 65535), _BASELINE)))
    assert time.perf_counter() - started < 1


def test_a_colour_jpeg_in_a_grey_header_is_refused() -> None:
    stream = bytes(imagecodecs.jpeg8_encode(np.zeros((48, 40, 3), np.uint8)))
    with pytest.raises(InputError, match="3 samples"):
        read(as_bytes(encapsulated(eight_bits(), stream, _BASELINE)))


def test_a_grey_secondary_capture_is_a_picture_and_a_coloured_one_is_kept_beside() -> None:
    capture = UID("1.2.840.10008.5.1.4.1.1.7")
    assert is_picture(read(as_bytes(a_radiograph(SOPClassUID=capture))))
    coloured = a_radiograph(SOPClassUID=capture, PhotometricInterpretation="RGB", SamplesPerPixel=3)
    assert not is_picture(read(as_bytes(coloured)))


def test_every_damaged_byte_gives_a_dataset_or_a_typed_refusal(rng: np.random.Generator) -> None:
    whole = as_bytes(a_radiograph(stored_values(8, 8)))
    for _ in range(400):
        damaged = bytearray(whole)
        for at in rng.integers(0, len(whole), size=3):
            damaged[at] = rng.integers(0, 256)
        try:
            read(bytes(damaged))
        except OverreadError:
            continue


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240101)
