"""What a request accepts, and answers of several parts (PS3.18 sections 8.7.4 and 8.7.7, RFC 2387)."""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.message import Message

from fastapi.responses import StreamingResponse

from serving.problems import NotAcceptableError

DICOM_JSON, JSON = "application/dicom+json", "application/json"
DICOM, OCTETS = "application/dicom", "application/octet-stream"
EXPLICIT = "1.2.840.10008.1.2.1"
ANY_SYNTAX = "*"
_MOST_RANGES = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """One form that a request accepts; of a multipart answer `kind` is what its parts are."""

    kind: str
    syntax: str | None  # transfer syntax; None: not said
    weight: float


def accepted(header: str | None) -> list[Accepted]:
    """Return what an Accept header names, the most wanted first; without one everything is accepted."""
    ranges = [_range(one) for one in (header or "*/*").split(",")[:_MOST_RANGES]]
    return sorted((each for each in ranges if each.weight > 0), key=lambda each: -each.weight)


def _range(text: str) -> Accepted:
    said = Message()
    said["Content-Type"] = text
    kind = said.get_content_type() if "/" in text else ""
    if kind == "multipart/related":
        kind = str(said.get_param("type") or "*/*").lower()
    try:
        weight = float(str(said.get_param("q") or "1"))
    except ValueError:
        weight = 1.0
    syntax = said.get_param("transfer-syntax")
    return Accepted(kind=kind, syntax=None if syntax is None else str(syntax), weight=weight)


def require(header: str | None, *kinds: str) -> None:
    """Raise `NotAcceptableError` unless one of some media types is accepted."""
    if not any(_names(each.kind, kind) for each in accepted(header) for kind in kinds):
        raise NotAcceptableError(f"this is given as {kinds[0]} only")


def syntax_for(header: str | None, kind: str, *, stored: str, decodable: bool) -> str:
    """Return the transfer syntax to answer in: the stored one, or explicit little endian.

    Where none is said, the standard's default is explicit little endian (PS3.18 section 8.7.3.5.2); what
    cannot be decoded here is then given as it is stored.

    Raises
    ------
    NotAcceptableError
        Neither is accepted.
    """
    for each in accepted(header):
        if not _names(each.kind, kind):
            continue
        if each.syntax is None:
            return EXPLICIT if decodable else stored
        if each.syntax in {ANY_SYNTAX, stored}:
            return stored
        if each.syntax == EXPLICIT and decodable:
            return EXPLICIT
    raise NotAcceptableError(
        f'accept multipart/related; type="{kind}"; transfer-syntax=* (it is stored in {stored})'
    )


def _names(wanted: str, kind: str) -> bool:
    return wanted in {"*/*", "multipart/*", kind} or wanted == f"{kind.partition('/')[0]}/*"


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part of an answer."""

    content: bytes
    syntax: str


def related(parts: Iterable[Part], kind: str) -> StreamingResponse:
    """Return parts of one media type as one answer, of which a part at a time is in memory."""
    boundary = secrets.token_hex(16)

    def lines() -> Iterator[bytes]:
        for part in parts:
            said = f"--{boundary}\r\nContent-Type: {kind}; transfer-syntax={part.syntax}\r\n\r\n"
            yield said.encode()
            yield part.content
            yield b"\r\n"
        yield f"--{boundary}--\r\n".encode()

    return StreamingResponse(lines(), media_type=f'multipart/related; type="{kind}"; boundary={boundary}')
