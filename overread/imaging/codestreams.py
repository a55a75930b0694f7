"""What a compressed picture says of its own size, read from its first markers without decoding anything."""

import struct
from dataclasses import dataclass

from overread.domain.errors import InputError

_MARK = 0xFF  # before every marker, and between them as padding
_START_OF_IMAGE = b"\xff\xd8"
_START_OF_CODESTREAM = b"\xff\x4f\xff\x51"  # SOC and SIZ, ISO/IEC 15444-1 A.4, A.5
_FRAME_HEADERS = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}  # T.81 table B.1; F7 is JPEG-LS
_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """Size of a compressed picture: pixels, samples a pixel, bits a sample, and whether it has a sign."""

    rows: int
    columns: int
    samples: int
    bits: int
    signed: bool = False


def shape_of(stream: bytes) -> Shape:
    """Return the size a JPEG, JPEG-LS or JPEG 2000 stream declares; raise `InputError` if it has none."""
    try:
        if stream.startswith(_START_OF_IMAGE):
            return _jpeg_shape(stream)
        if _START_OF_CODESTREAM in stream[:4096]:  # some writers leave the JP2 boxes in
            return _jpeg2000_shape(stream[stream.index(_START_OF_CODESTREAM) :])
    except struct.error as error:
        raise InputError("the compressed picture ends inside its own header") from error
    raise InputError("the compressed pixel data is neither JPEG, JPEG-LS nor JPEG 2000")


def _jpeg_shape(stream: bytes) -> Shape:
    """Walk the marker segments to the frame header."""
    at = 2
    while True:
        lead, marker = struct.unpack_from(">BB", stream, at)
        if lead != _MARK:
            raise InputError("the compressed picture has no frame header")
        if marker == _MARK or marker in _BARE_MARKERS:
            at += 1 if marker == _MARK else 2
            continue
        if marker in _FRAME_HEADERS:
            bits, rows, columns, samples = struct.unpack_from(">BHHB", stream, at + 4)
            return Shape(rows=rows, columns=columns, samples=samples, bits=bits)
        (length,) = struct.unpack_from(">H", stream, at + 2)
        at += 2 + max(length, 2)


def _jpeg2000_shape(stream: bytes) -> Shape:
    """Read the SIZ segment: the image area is the reference grid less its offset."""
    right, bottom, left, top = struct.unpack_from(">IIII", stream, 8)
    samples, depth = struct.unpack_from(">HB", stream, 40)
    signed = bool(depth & 0x80)
    return Shape(
        rows=bottom - top, columns=right - left, samples=samples, bits=(depth & 0x7F) + 1, signed=signed
    )
