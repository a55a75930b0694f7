"""A bounded walk over raw DICOM bytes before any full parse: nesting, counts, lengths, where values lie."""

import struct
from dataclasses import dataclass

from pydicom.datadict import dictionary_VR

from overread.domain.errors import MalformedError, TooLargeError, UnsupportedError

MAX_DEPTH = 16
MAX_ELEMENTS = 100_000
MAX_BYTES = 512 * 1024 * 1024

IMPLICIT = "1.2.840.10008.1.2"
_INFLATED_OR_BIG = {  # a deflated stream can grow without bound; big endian is retired
    "1.2.840.10008.1.2.1.99": "deflated",
    "1.2.840.10008.1.2.2": "big endian",
    "1.2.840.10008.1.2.8.1": "deflated frames",
}
PREAMBLE = 132
UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
META_GROUP = 0x0002
TRANSFER_SYNTAX = 0x00020010
_PIXEL_DATA = 0x7FE00010
LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
SHORT = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH"}
    | {b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
)


@dataclass(frozen=True, slots=True)
class Element:
    """Where one element's value lies in the bytes; `length` is None where the file leaves it undefined."""

    vr: str
    offset: int
    length: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """The top level of a file: transfer syntax and elements by tag; how deep and many elements are."""

    transfer_syntax: str
    elements: dict[int, Element]
    depth: int
    count: int

    def text(self, data: bytes, tag: int) -> str:
        """Return a top-level value as text, empty where it is absent."""
        element = self.elements.get(tag)
        if element is None or element.length is None:
            return ""
        return data[element.offset : element.offset + element.length].decode("latin-1").strip(" \0")


def check_start(start: bytes, *, size: int) -> None:
    """Raise unless a file of `size` bytes that starts so is DICOM and may be read at all."""
    if size > MAX_BYTES:
        raise TooLargeError(f"{size} bytes; at most {MAX_BYTES} are taken")
    if start[128:PREAMBLE] != b"DICM":
        raise MalformedError("not a DICOM file: the DICM prefix is missing")


def end_of_element(data: bytes, at: int, *, implicit: bool) -> int:
    """Return where the element that begins at `at` ends, after all that it holds; raise as `outline` does."""
    walk = _Walk(data)
    walk.at = at
    walk.element(implicit=implicit)
    return walk.at


def outline(data: bytes) -> Outline:
    """Walk a DICOM file once, without recursion and without copying a value.

    Raises
    ------
    MalformedError
        No DICM prefix, no transfer syntax, or lengths that do not fit the bytes.
    UnsupportedError
        A transfer syntax whose elements cannot be walked within bounds: deflated or big endian.
    TooLargeError
        More than `MAX_BYTES`, `MAX_ELEMENTS` or `MAX_DEPTH`.
    """
    check_start(data, size=len(data))
    walk = _Walk(data)
    walk.meta()
    syntax = data[walk.syntax_at[0] : sum(walk.syntax_at)].decode("latin-1").strip(" \0")
    if not syntax:
        raise MalformedError("the file meta information names no transfer syntax")
    if syntax in _INFLATED_OR_BIG:
        raise UnsupportedError(f"transfer syntax {syntax} ({_INFLATED_OR_BIG[syntax]}) is not taken")
    walk.body(implicit=syntax == IMPLICIT)
    return Outline(transfer_syntax=syntax, elements=walk.top, depth=walk.deepest, count=walk.count)


@dataclass(slots=True)
class _Level:
    """One open sequence or item: where it ends (None: at its delimiter), how its elements are coded."""

    end: int | None
    implicit: bool
    items: bool  # holds items, not elements


class _Walk:
    """The state of one walk; an explicit stack stands for recursion."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = PREAMBLE
        self.top: dict[int, Element] = {}
        self.syntax_at = (0, 0)
        self.count = 0
        self.deepest = 0
        self.stack: list[_Level] = []

    def meta(self) -> None:
        """Read group 0002, always explicit little endian, whatever its group length claims."""
        while self.at + 8 <= len(self.data) and self._tag() >> 16 == META_GROUP:
            tag, element = self._element(implicit=False)
            if element.length is None:
                raise MalformedError("the file meta information holds a sequence of undefined length")
            if tag == TRANSFER_SYNTAX:
                self.syntax_at = (element.offset, element.length)
            self.at = element.offset + element.length

    def body(self, *, implicit: bool) -> None:
        """Read everything after the meta information."""
        self.stack.append(_Level(end=len(self.data), implicit=implicit, items=False))
        while self.stack:
            self._next(self.stack[-1])

    def element(self, *, implicit: bool) -> None:
        """Read one element of the top level, and what it holds."""
        top = _Level(end=len(self.data), implicit=implicit, items=False)
        self.stack.append(top)
        self._next(top)
        while len(self.stack) > 1:
            self._next(self.stack[-1])

    def _next(self, level: _Level) -> None:
        """Read what comes next in the innermost level, or close it."""
        if level.end is not None and self.at >= level.end:
            if self.at > level.end:
                raise MalformedError("an element reaches beyond the item or sequence that holds it")
            self.stack.pop()
        elif self.at + 8 > len(self.data):
            raise MalformedError("the file ends inside an element")
        elif level.items:
            self._item(level)
        else:
            self._plain(level)

    def _item(self, level: _Level) -> None:
        """Open the next item of a sequence, or close the sequence."""
        tag, length = self._tag(), self._u32(self.at + 4)
        self.at += 8
        if tag == _SEQUENCE_END and level.end is None:
            self.stack.pop()
        elif tag == _ITEM:
            self._open(length, implicit=level.implicit, items=False)
        else:
            raise MalformedError("a sequence holds something that is not an item")

    def _plain(self, level: _Level) -> None:
        """Read one element: step over its value, or into it where it is a sequence."""
        if self._tag() == _ITEM_END and level.end is None:
            self.at += 8
            self.stack.pop()
            return
        tag, element = self._element(implicit=level.implicit)
        if len(self.stack) == 1:
            self.top[tag] = element
        self.at = element.offset
        if element.length is None and (tag == _PIXEL_DATA or element.vr in {"OB", "OW"}):
            self._fragments()
        elif element.length is None or element.vr == "SQ" or self._looks_like_items(element):
            implicit = level.implicit or (element.vr == "UN" and self._starts_implicit())
            self._open(UNDEFINED if element.length is None else element.length, implicit=implicit, items=True)
        else:
            self.at += element.length

    def _fragments(self) -> None:
        """Step over encapsulated pixel data."""
        while True:
            if self.at + 8 > len(self.data):
                raise MalformedError("the encapsulated pixel data has no end")
            tag, length = self._tag(), self._u32(self.at + 4)
            self.at += 8
            if tag == _SEQUENCE_END:
                return
            if tag != _ITEM or self.at + length > len(self.data):
                raise MalformedError("the encapsulated pixel data is cut short or broken")
            self.at += length
            self._counted()

    def _open(self, length: int, *, implicit: bool, items: bool) -> None:
        """Go one level down; items and sequences each take a level, so depth is half the stack."""
        end = None if length == UNDEFINED else self.at + length
        if end is not None and end > len(self.data):
            raise MalformedError("a sequence or item is longer than the file")
        self.stack.append(_Level(end=end, implicit=implicit, items=items))
        self.deepest = max(self.deepest, len(self.stack) // 2)
        if self.deepest > MAX_DEPTH:
            raise TooLargeError(f"sequences are nested deeper than {MAX_DEPTH} levels")
        self._counted()

    def _element(self, *, implicit: bool) -> tuple[int, Element]:
        """Read one element's tag, representation and length; the position stays where it is."""
        self._counted()
        tag = self._tag()
        if implicit:
            element = Element(_known_vr(tag), self.at + 8, self._u32(self.at + 4))
        else:
            element = self._explicit(tag)
        if element.length == UNDEFINED:
            return tag, Element(element.vr, element.offset, None)
        if element.offset + (element.length or 0) > len(self.data):
            raise MalformedError(f"element {tag:08X} is longer than the file")
        return tag, element

    def _explicit(self, tag: int) -> Element:
        """Read an explicit header, of 8 bytes or of 12."""
        vr = self.data[self.at + 4 : self.at + 6]
        if vr in LONG:
            if self.at + 12 > len(self.data):
                raise MalformedError("the file ends inside an element")
            return Element(vr.decode(), self.at + 12, self._u32(self.at + 8))
        if vr not in SHORT:
            raise MalformedError(f"element {tag:08X} has no valid value representation")
        return Element(vr.decode(), self.at + 8, struct.unpack_from("<H", self.data, self.at + 6)[0])

    def _looks_like_items(self, element: Element) -> bool:
        """Say whether a value of unknown kind starts as a sequence does; the parser will look inside too."""
        start = self.data[element.offset : element.offset + min(element.length or 0, 4)]
        return element.vr == "UN" and start == b"\xfe\xff\x00\xe0"

    def _starts_implicit(self) -> bool:
        """Look whether the first item holds implicit elements: PS3.5 6.2.2 says so, not all writers do."""
        return self.data[self.at + 12 : self.at + 14] not in LONG | SHORT

    def _tag(self) -> int:
        group, number = struct.unpack_from("<HH", self.data, self.at)
        return int(group << 16 | number)

    def _u32(self, at: int) -> int:
        return int(struct.unpack_from("<I", self.data, at)[0])

    def _counted(self) -> None:
        self.count += 1
        if self.count > MAX_ELEMENTS:
            raise TooLargeError(f"more than {MAX_ELEMENTS} elements and items")


def _known_vr(tag: int) -> str:
    """Return the dictionary's representation of a tag, UN for a private or unknown one."""
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"
