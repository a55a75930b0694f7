"""The fast header index: who is in a DICOM file, and how, from its first kilobytes.

Walked here with `struct` is what most radiographs are: little endian, tags in their order, plain characters.
Whatever else is read in full by `overread.imaging.reading`, and refused in its words. A file listed here is
not proved yet: that its pixel data are cut, or contradict the header, is seen by the full way alone.
"""

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from struct import Struct
from struct import error as StructError  # noqa: N812 - a bare `error` would not say whose

from pydicom import Dataset

from overread.domain.errors import InputError, UnsupportedError
from overread.imaging import codecs, headers, reading
from overread.imaging.screening import age_of, day_of, years

_FIRST = (8 << 10, 256 << 10, 8 << 20)  # bytes read, one after the other until they hold what is wanted
_HEAD = Struct("<HH2sH").unpack_from  # group, number, representation, a short length
_LENGTH = Struct("<I").unpack_from
_SHORT, _UNDEFINED = headers.SHORT, headers.UNDEFINED
_META = 0x0002FFFF  # the last tag of the meta information
_CLASS, _SOP, _DAY, _MODALITY, _INTENT = 0x00080016, 0x00080018, 0x00080020, 0x00080060, 0x00080068
_PATIENT, _BORN, _SEX, _AGE = 0x00100020, 0x00100030, 0x00100040, 0x00101010
_VIEW, _STUDY, _SERIES = 0x00185101, 0x0020000D, 0x0020000E
_PHOTOMETRIC, _ROWS, _COLUMNS = 0x00280004, 0x00280010, 0x00280011
_WANTED = (
    dict.fromkeys((headers.TRANSFER_SYNTAX, _CLASS, _SOP, _STUDY, _SERIES), b"UI")
    | dict.fromkeys((_MODALITY, _INTENT, _SEX, _VIEW, _PHOTOMETRIC), b"CS")
    | {_PATIENT: b"LO", _DAY: b"DA", _BORN: b"DA", _AGE: b"AS", _ROWS: b"US", _COLUMNS: b"US"}
)
_NEEDED = (_SOP, _STUDY, _SERIES, _MODALITY)
_PICTURES = reading.RADIOGRAPHS | {reading.SECONDARY_CAPTURE}  # grey captures are digitised films
_GREY = frozenset({"MONOCHROME1", "MONOCHROME2"})
_NUMBER = 2  # bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What the header of a radiograph says; empty, or None, where it is silent."""

    sop_uid: str
    series_uid: str
    study_uid: str
    patient_id: str
    modality: str
    view: str  # upper case, as sex
    sex: str
    age: int | None  # years
    study_date: date | None
    rows: int
    columns: int
    transfer_syntax: str
    size: int  # bytes of the file


def header_of(path: Path) -> Header:
    """Return what the header of a radiograph says, its pixels unread where the header is a plain one.

    Raises
    ------
    InputError
        Refused, as by `overread.imaging.reading.read`, or no radiograph.
    OSError
        The file cannot be read.
    """
    file = os.open(path, os.O_RDONLY)  # half of what it takes through a file object
    try:
        values, size = _values_of(file)
    finally:
        os.close(file)
    plain = None if values is None else _plain_header(values, size)
    return _full_header(path.read_bytes()) if plain is None else plain


def _values_of(file: int) -> tuple[dict[int, bytes] | None, int]:
    """Read no more of an open file than its header takes; also return the file's size."""
    size = os.fstat(file).st_size
    start = b""
    for first in _FIRST:
        start += os.read(file, first - len(start))
        headers.check_start(start, size=size)
        values = _values(start, size)
        if values is not None or len(start) < first:
            return values, size
    return None, size


def _values(start: bytes, size: int) -> dict[int, bytes] | None:
    """Return what is wanted from the first bytes of a file of `size`; None where they do not tell."""
    try:
        meta, at = _walked(start, headers.PREAMBLE, size, last=_META, implicit=False)
        syntax = meta[headers.TRANSFER_SYNTAX].rstrip(b" \0").decode()
        body, _ = _walked(start, at, size, last=_COLUMNS, implicit=syntax == headers.IMPLICIT)
    except (_UnclearError, InputError, KeyError, StructError, UnicodeError):
        return None
    return meta | body if syntax in codecs.TAKEN else None


class _UnclearError(Exception):
    """Not as simple as the standard has it, or cut here; the full way says which."""


def _walked(data: bytes, at: int, size: int, *, last: int, implicit: bool) -> tuple[dict[int, bytes], int]:
    """Return what is wanted from `at` to the tag `last`, or to the file's end; and where the walk ended."""
    found: dict[int, bytes] = {}
    before = 0
    while before < last and at != size:
        group, number, vr, length = _HEAD(data, at)
        tag = group << 16 | number
        if not before < tag <= last:
            if tag > last:
                break
            raise _UnclearError
        begin = at + 8
        if implicit or vr not in _SHORT:
            begin, length = _long(data, at, None if implicit else vr)
        if tag in _WANTED:
            if (vr != _WANTED[tag] and not implicit) or begin + length > len(data):
                raise _UnclearError
            found[tag] = data[begin : begin + length]
        undefined = length == _UNDEFINED
        at = headers.end_of_element(data, at, implicit=implicit) if undefined else begin + length
        before = tag
    return found, at


def _long(data: bytes, at: int, vr: bytes | None) -> tuple[int, int]:
    """Return where the value of the element at `at` begins, and its 4-byte length; no `vr` is implicit."""
    if vr is not None and vr not in headers.LONG:
        raise _UnclearError
    begin = at + (8 if vr is None else 12)
    return begin, _LENGTH(data, begin - 4)[0]


def _plain_header(values: dict[int, bytes], size: int) -> Header | None:
    """Return the header of a radiograph in plain characters; None where the full way has to look.

    These are the same in every character set of the standard, if no escape sequence precedes them.
    """
    rows, columns = values.pop(_ROWS, b""), values.pop(_COLUMNS, b"")
    try:
        text = b"\\".join([*values.values(), b""]).decode("ascii").replace("\0\\", "\\")
    except UnicodeError:
        return None
    if not text.isprintable() or text.count("\\") > len(values):  # more: one has several parts
        return None
    said = dict(zip(values, map(str.strip, text.split("\\")), strict=False))
    if _CLASS in said:
        reading.check_class(said[_CLASS])
    grey = said.get(_CLASS) in _PICTURES and said.get(_PHOTOMETRIC) in _GREY
    whole = all(map(said.get, _NEEDED)) and len(rows) == len(columns) == _NUMBER
    if not grey or not whole or said.get(_INTENT) == "FOR PROCESSING":
        return None
    studied = day_of(said.get(_DAY, ""))
    return Header(
        sop_uid=said[_SOP],
        series_uid=said[_SERIES],
        study_uid=said[_STUDY],
        patient_id=said.get(_PATIENT, ""),
        modality=said[_MODALITY],
        view=said.get(_VIEW, "").upper(),
        sex=said.get(_SEX, "").upper(),
        age=years(day_of(said.get(_BORN, "")), studied, stated=said.get(_AGE, "")),
        study_date=studied,
        rows=int.from_bytes(rows, "little"),
        columns=int.from_bytes(columns, "little"),
        transfer_syntax=said[headers.TRANSFER_SYNTAX],
        size=size,
    )


def _full_header(data: bytes) -> Header:
    """Return the header of a file that is read, and proved, in full; raise unless it is a picture."""
    ds = reading.read(data)
    if not reading.is_picture(ds):
        raise UnsupportedError(_no_picture(ds))

    def said(keyword: str) -> str:
        return str(ds.get(keyword) or "").strip()

    return Header(
        sop_uid=said("SOPInstanceUID"),
        series_uid=said("SeriesInstanceUID"),
        study_uid=said("StudyInstanceUID"),
        patient_id=said("PatientID"),
        modality=said("Modality"),
        view=said("ViewPosition").upper(),
        sex=said("PatientSex").upper(),
        age=age_of(ds),
        study_date=day_of(said("StudyDate")),
        rows=int(ds.Rows),
        columns=int(ds.Columns),
        transfer_syntax=str(ds.file_meta.TransferSyntaxUID),
        size=len(data),
    )


def _no_picture(ds: Dataset) -> str:
    if "PixelData" in ds:
        return f"holds a {ds.get('PhotometricInterpretation')} picture; a radiograph has grey levels only"
    return "holds no picture (a report, map or presentation state)"
