"""Every transfer syntax gives the stored values back."""

from collections.abc import Callable

import imagecodecs
import numpy as np
import pytest
from pydicom.uid import UID, RLELossless

from overread.domain.errors import InputError, UndecodableError
from overread.imaging.codecs import stored_values
from overread.imaging.codestreams import Shape, shape_of
from overread.imaging.reading import read
from tests.overread.imaging import builders
from tests.overread.imaging.builders import a_radiograph, as_bytes, encapsulated

_VALUES = builders.stored_values()
_STREAMS: dict[str, Callable[..., bytes | bytearray]] = {
    "1.2.840.10008.1.2.4.57": lambda values: imagecodecs.jpeg8_encode(values, lossless=True),
    "1.2.840.10008.1.2.4.70": lambda values: imagecodecs.jpeg8_encode(values, lossless=True),
    "1.2.840.10008.1.2.4.80": imagecodecs.jpegls_encode,
    "1.2.840.10008.1.2.4.90": lambda values: imagecodecs.jpeg2k_encode(values, level=0, codecformat="j2k"),
}


@pytest.mark.parametrize("syntax", list(_STREAMS))
def test_lossless_syntaxes_give_the_stored_values_back(syntax: str) -> None:
    ds = encapsulated(a_radiograph(_VALUES), bytes(_STREAMS[syntax](_VALUES)), syntax)
    assert np.array_equal(stored_values(read(as_bytes(ds))), _VALUES)


def test_run_length_coding_gives_the_stored_values_back() -> None:
    ds = a_radiograph(_VALUES)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.compress(RLELossless, generate_instance_uid=False)
    assert np.array_equal(stored_values(read(as_bytes(ds))), _VALUES)


@pytest.mark.parametrize("stream", [b"\0", b"\1\0\0\0" + b"\xff" * 60, b"\2\0\0\0\x40\0\0\0" + b"\0" * 80])
def test_broken_run_lengths_are_undecodable(stream: bytes) -> None:
    ds = encapsulated(a_radiograph(_VALUES), stream, RLELossless)
    with pytest.raises((UndecodableError, InputError)):
        stored_values(ds)


def test_both_plain_syntaxes_give_the_stored_values_back() -> None:
    for syntax in ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1"):
        ds = a_radiograph(_VALUES)
        ds.file_meta.TransferSyntaxUID = UID(syntax)
        assert np.array_equal(stored_values(read(as_bytes(ds))), _VALUES)


def test_bits_above_the_high_bit_are_cleared() -> None:
    ds = a_radiograph(_VALUES | 0xA000)
    assert np.array_equal(stored_values(ds), _VALUES)


def test_values_that_do_not_start_at_bit_0_are_shifted() -> None:
    ds = a_radiograph(_VALUES << 4, HighBit=15)
    assert np.array_equal(stored_values(ds), _VALUES)


def test_the_sign_is_extended_from_bits_stored() -> None:
    signed = _VALUES.astype(np.int16) - 2048
    ds = a_radiograph((signed & 0x0FFF).astype(np.uint16), PixelRepresentation=1)
    assert np.array_equal(stored_values(ds), signed)


def test_eight_bits_are_read_too() -> None:
    small = (_VALUES >> 4).astype(np.uint8)
    ds = a_radiograph(_VALUES, BitsAllocated=8, BitsStored=8, HighBit=7, PixelData=small.tobytes())
    assert np.array_equal(stored_values(ds), small)


def test_a_lossy_overshoot_is_clipped_not_wrapped() -> None:
    over = _VALUES.copy()
    over[0, 0] = 1024
    ds = encapsulated(
        a_radiograph(over, BitsStored=10, HighBit=9),
        bytes(imagecodecs.jpegls_encode(over)),
        "1.2.840.10008.1.2.4.81",
    )
    assert stored_values(ds)[0, 0] == 1023


def test_a_broken_codestream_is_undecodable() -> None:
    stream = bytes(imagecodecs.jpeg2k_encode(_VALUES, level=0, codecformat="j2k"))
    ds = encapsulated(a_radiograph(_VALUES), stream[:90] + b"\xff" * 40, "1.2.840.10008.1.2.4.90")
    with pytest.raises(UndecodableError):
        stored_values(ds)


def test_the_size_in_a_codestream_is_read_without_decoding() -> None:
    for encode in _STREAMS.values():
        shape = shape_of(bytes(encode(_VALUES)))
        assert (shape.rows, shape.columns, shape.samples) == (48, 40, 1)
    colour = bytes(imagecodecs.jpeg8_encode(np.zeros((8, 16, 3), np.uint8)))
    assert shape_of(colour) == Shape(rows=8, columns=16, samples=3, bits=8)


@pytest.mark.parametrize(
    "stream",
    [b"", b"\xff\xd8", b"\xff\xd8\xff\xff\xff", b"\xff\x4f\xff\x51\x00", b"GIF89a", b"\xff\xd8\x00\x00"],
)
def test_a_stream_without_a_size_is_refused(stream: bytes) -> None:
    with pytest.raises(InputError):
        shape_of(stream)
