"""JPEG 2000 at a fraction of its size: the same picture, or none where the stream cannot give it."""

import cv2
import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray

from overread.imaging.codecs import stored_values as decoded
from overread.imaging.codestreams import shape_of
from overread.imaging.wavelets import reduced
from tests.overread.imaging.builders import a_radiograph, encapsulated, stored_values

_J2K = "1.2.840.10008.1.2.4.90"


def smooth(rows: int, columns: int) -> NDArray[np.uint16]:
    """Return a picture without fine detail: the coarse level of a wavelet is a mean of its own kind."""
    return np.asarray(cv2.resize(stored_values(), (columns, rows), interpolation=cv2.INTER_CUBIC), np.uint16)


def a_stream(values: NDArray[np.integer], *, bits: int = 12, levels: int = 6) -> bytes:
    coded = imagecodecs.jpeg2k_encode(
        values, level=0, codecformat="j2k", bitspersample=bits, resolutions=levels
    )
    return bytes(coded)


def by_area(values: NDArray[np.integer], shape: tuple[int, int]) -> NDArray[np.float32]:
    small = cv2.resize(values.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


@pytest.mark.parametrize(
    ("rows", "columns", "expected"),
    [(400, 320, (100, 80)), (403, 323, (101, 81)), (401, 321, (201, 161)), (160, 700, (80, 350))],
)
def test_a_picture_is_halved_as_often_as_both_sides_allow(
    rows: int, columns: int, expected: tuple[int, int]
) -> None:
    values = smooth(rows, columns)
    small = reduced(a_stream(values), 80)
    assert small is not None
    assert small.shape == expected
    assert np.abs(small - by_area(values, expected)).mean() <= 16  # one grey level of 255, of 12 bits


def test_eight_bits_and_negative_values_keep_their_scale() -> None:
    eight = (smooth(320, 320) >> 4).astype(np.uint8)
    below = smooth(320, 320).astype(np.int16) - 2048
    for values, bits in ((eight, 8), (below, 16)):
        stream = a_stream(values, bits=bits)
        small = reduced(stream, 80)
        assert shape_of(stream).signed == (values.dtype.kind == "i")
        assert small is not None
        assert np.abs(small - by_area(values, (80, 80))).mean() <= (1 if bits == 8 else 16)


def test_a_picture_of_fewer_than_twice_the_side_is_left_to_the_full_decoder() -> None:
    assert reduced(a_stream(smooth(158, 400)), 80) is None


def test_a_stream_of_one_level_is_left_to_the_full_decoder() -> None:
    values = smooth(320, 320)
    stream = a_stream(values, levels=1)
    assert reduced(stream, 80) is None
    assert np.array_equal(decoded(encapsulated(a_radiograph(values), stream, _J2K), 80), values)


def test_a_broken_stream_is_left_to_the_full_decoder() -> None:
    stream = a_stream(smooth(320, 320))
    assert reduced(stream[:90] + b"\xff" * 40, 80) is None


def test_stored_values_are_reduced_only_where_a_side_is_asked_for() -> None:
    values = smooth(320, 320)
    ds = encapsulated(a_radiograph(values), a_stream(values), _J2K)
    assert decoded(ds).shape == (320, 320)
    assert decoded(ds, 80).shape == (80, 80)
