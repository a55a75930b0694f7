"""Checked names of things: one small class for each, so that two keys cannot be swapped unseen."""

import hashlib
import re
from typing import ClassVar, Self

from overread.domain.errors import InputError


class Identifier(str):
    """A string that is valid once it exists; subclasses say what valid means in `pattern`."""

    __slots__ = ()
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"[!-~]{1,200}")
    form: ClassVar[str] = ""  # what is wanted, where the name alone does not say it

    def __new__(cls, text: str) -> Self:
        """Return `text` as this identifier; raise `InputError` when it does not have the right form."""
        if not cls.pattern.fullmatch(text):
            wanted = f"; wanted are {cls.form}" if cls.form else ""
            raise InputError(f"not a valid {cls.__name__}: {len(text)} characters{wanted}")
        return super().__new__(cls, text)


class Uid(Identifier):
    """A DICOM unique identifier (PS3.5 section 9.1): at most 64 of digits and dots, no empty component."""

    __slots__ = ()
    form = "at most 64 digits and dots, no part empty or with a needless 0 in front"
    pattern = re.compile(r"(?=.{1,64}\Z)(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))+")


class StudyUid(Uid):
    """Study Instance UID."""

    __slots__ = ()


class SopInstanceUid(Uid):
    """SOP Instance UID."""

    __slots__ = ()


class PatientKey(Identifier):
    """Our pseudonym of one patient at one site; never the hospital's own number."""

    __slots__ = ()
    pattern = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class PersonKey(Identifier):
    """Name of one person or program that acts here; two tokens of one name are one voice."""

    __slots__ = ()
    pattern = re.compile(r"[\w.@-]{1,64}")


class Site(Identifier):
    """Hospital or department; part of every record."""

    __slots__ = ()
    pattern = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class VersionKey(Identifier):
    """Version of a model in the registry, counted from "1"."""

    __slots__ = ()
    pattern = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Digest(Identifier):
    """SHA-256 of some bytes, in lower-case hexadecimal."""

    __slots__ = ()
    form = "64 lower-case hexadecimal digits"
    pattern = re.compile(r"[0-9a-f]{64}")


class FindingCode(Identifier):
    """Local id of a finding, such as `fibrous_strand` (clinical vocabulary)."""

    __slots__ = ()
    pattern = re.compile(r"[a-z][a-z0-9_]{1,63}")


def derived_id(*parts: str) -> str:
    """Return an opaque id that follows from `parts`, so that doing a thing twice makes one row."""
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]
