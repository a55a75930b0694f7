"""Hostile structure is refused within bounds, before any parse."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.domain.errors import InputError, MalformedError, TooLargeError, UnsupportedError
from overread.imaging import headers
from overread.imaging.headers import outline
from tests.overread.imaging.builders import a_radiograph, as_bytes

_ITEM, _ITEM_END, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0"
_OPEN = b"\xff\xff\xff\xff"
_NONE = b"\0\0\0\0"


def a_file(body: bytes, syntax: bytes = b"1.2.840.10008.1.2.1") -> bytes:
    """Return a file of one body, with the least of meta information."""
    padded = syntax + b"\0" * (len(syntax) % 2)
    meta = b"\x02\x00\x10\x00UI" + struct.pack("<H", len(padded)) + padded
    return b"\0" * 128 + b"DICM" + meta + body


def nested(depth: int, *, implicit: bool = False) -> bytes:
    """Return sequences within sequences, lengths undefined."""
    tag = b"\x40\x00\x75\x02"
    start = tag + (_OPEN if implicit else b"SQ\0\0" + _OPEN) + _ITEM + _OPEN
    return start * depth + (_ITEM_END + _NONE + _SEQUENCE_END + _NONE) * depth


def nested_with_lengths(depth: int, vr: bytes = b"SQ") -> bytes:
    """Return sequences within sequences, each of stated length."""
    inner = b""
    for _ in range(depth):
        item = _ITEM + struct.pack("<I", len(inner)) + inner
        inner = b"\x40\x00\x75\x02" + vr + b"\0\0" + struct.pack("<I", len(item)) + item
    return inner


def test_a_plain_file_is_walked_and_its_values_found() -> None:
    data = as_bytes(a_radiograph())
    walked = outline(data)
    assert walked.transfer_syntax == "1.2.840.10008.1.2.1"
    assert walked.text(data, 0x00200010) == ""
    assert walked.text(data, 0x00080060) == "DX"
    assert walked.elements[0x7FE00010].length == 48 * 40 * 2
    assert walked.depth == 0


@pytest.mark.parametrize(
    "body", [nested(60), nested_with_lengths(60), nested_with_lengths(60, b"UN"), nested(10_000)]
)
def test_deep_nesting_is_refused(body: bytes) -> None:
    with pytest.raises(TooLargeError, match="nested deeper"):
        outline(a_file(body))


def test_deep_nesting_is_refused_in_implicit_files_too() -> None:
    with pytest.raises(TooLargeError, match="nested deeper"):
        outline(a_file(nested(60, implicit=True), b"1.2.840.10008.1.2"))


def test_a_nesting_that_real_reports_have_is_walked() -> None:
    assert outline(a_file(nested(8))).depth == 8


def test_a_flood_of_elements_is_refused() -> None:
    with pytest.raises(TooLargeError, match="elements"):
        outline(a_file(b"\x08\x00\x50\x00SH\0\0" * (headers.MAX_ELEMENTS + 1)))


def test_a_flood_of_items_is_refused() -> None:
    items = (_ITEM + _NONE) * (headers.MAX_ELEMENTS + 1)
    with pytest.raises(TooLargeError, match="elements"):
        outline(a_file(b"\x40\x00\x75\x02SQ\0\0" + _OPEN + items))


def test_a_length_beyond_the_file_is_refused() -> None:
    with pytest.raises(MalformedError, match="longer than the file"):
        outline(a_file(b"\x10\x00\x10\x00OB\0\0" + struct.pack("<I", 1 << 31)))


def test_an_element_that_leaves_its_item_is_refused() -> None:
    item = _ITEM + struct.pack("<I", 8) + b"\x08\x00\x50\x00SH\x10\x00" + b" " * 16
    with pytest.raises(MalformedError, match="beyond the item"):
        outline(a_file(b"\x40\x00\x75\x02SQ\0\0" + struct.pack("<I", 16) + item))


@pytest.mark.parametrize("syntax", [b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.2"])
def test_what_cannot_be_walked_within_bounds_is_not_taken(syntax: bytes) -> None:
    with pytest.raises(UnsupportedError):
        outline(a_file(b"", syntax))


@pytest.mark.parametrize("data", [b"", b"DICM", b"\x89PNG" + b"\0" * 400, b"\0" * 128 + b"DICM"])
def test_what_is_no_dicom_file_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        outline(data)


def test_every_truncation_is_refused_or_ends_between_elements() -> None:
    data = as_bytes(a_radiograph())
    whole = outline(data)
    for end in range(0, len(data) - 1, 7):
        try:
            part = outline(data[:end])
        except InputError:
            continue
        assert len(part.elements) < len(whole.elements)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"1.2.840.10008.1.2.1", b"1.2.840.10008.1.2"]))
def test_random_bytes_give_an_outline_or_a_typed_refusal(body: bytes, syntax: bytes) -> None:
    try:
        outline(a_file(body, syntax))
    except InputError:
        return
