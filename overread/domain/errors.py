"""The tree of errors raised on purpose; each class has a stable code that clients, logs and metrics see."""

from typing import ClassVar


class OverreadError(Exception):
    """Root of every error raised on purpose; `code` is the word clients, logs and metrics see."""

    code: ClassVar[str] = "internal"


class InputError(OverreadError):
    """What came in is well-formed but cannot be true or cannot be used (422)."""

    code = "bad-input"


class MalformedError(InputError):
    """What came in is not what it says it is: not DICOM, not an image, not JSON (400)."""

    code = "malformed"


class UnsupportedError(InputError):
    """A media type, SOP class or transfer syntax that is not taken (415)."""

    code = "unsupported"


class TooLargeError(InputError):
    """Over a stated bound on size, count or depth (413)."""

    code = "too-large"


class UndecodableError(InputError):
    """Well-formed as far as its header goes, but its pixels cannot be had; such a study is quarantined."""

    code = "undecodable"


class ConfigurationError(OverreadError):
    """A setting, task, policy or training file is missing or wrong; the message names file and field."""

    code = "configuration"


class RuleError(OverreadError):
    """The request makes sense, and a rule of the domain forbids it (409)."""

    code = "rule-broken"


class ConflictError(RuleError):
    """The same name already stands for something else, or the state has moved on (409)."""

    code = "conflict"


class PreconditionError(OverreadError):
    """The caller's copy is stale (412)."""

    code = "stale"


class NotFoundError(OverreadError):
    """No such thing, or not for this person to know of (404)."""

    code = "not-found"


class ForbiddenError(OverreadError):
    """The person asking may not do this (403)."""

    code = "forbidden"


class UnavailableError(OverreadError):
    """Something we need is away; the work may be tried again later (503)."""

    code = "unavailable"


class EvidenceError(OverreadError):
    """Too little, one-sided or unequal evidence: a typed refusal, never a number."""

    code = "evidence"
