"""Who acts here: roles, what each role may do, and digests of passwords and tokens."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from overread.domain.errors import ForbiddenError, InputError
from overread.domain.identifiers import PersonKey


class Role(StrEnum):
    """One person has one role; a program has `device`."""

    READER = "reader"
    SENIOR = "senior"
    REVIEWER = "reviewer"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    DEVICE = "device"


class Permission(StrEnum):
    """One thing a role may do; routes name the permission, never the role."""

    SEND = "send"
    SEE_OWN_SENT = "see-own-sent"
    SEE_PREDICTIONS = "see-predictions"
    SEE_STUDIES = "see-studies"
    WRITE_REPORT = "write-report"
    GIVE_FEEDBACK = "give-feedback"
    SEE_ALL_FEEDBACK = "see-all-feedback"
    READ_CASE = "read-case"
    SEE_CASES = "see-cases"
    RESOLVE_CASE = "resolve-case"
    SEE_MODELS = "see-models"
    SEE_CANDIDATES = "see-candidates"
    SEE_TEST_CASES = "see-test-cases"
    DECIDE = "decide"
    ROLL_BACK = "roll-back"
    RELEASE = "release"
    RESCORE = "rescore"
    SEE_RETRAININGS = "see-retrainings"
    RUN_RETRAININGS = "run-retrainings"
    CANCEL_RETRAININGS = "cancel-retrainings"
    SEE_SHADOWS = "see-shadows"
    SEE_SHADOW_RESULTS = "see-shadow-results"
    RUN_SHADOWS = "run-shadows"
    SEE_MONITORING = "see-monitoring"
    SEE_READER_RATES = "see-reader-rates"
    RESOLVE_ALERT = "resolve-alert"
    SWITCH_NORMAL_TEXT = "switch-normal-text"
    SEE_AUDIT = "see-audit"
    SEE_PEOPLE = "see-people"
    MANAGE_PEOPLE = "manage-people"
    VOUCH = "vouch"


_SEE = {
    Permission.SEE_PREDICTIONS,
    Permission.SEE_STUDIES,
    Permission.SEE_MODELS,
    Permission.SEE_MONITORING,
}
_READ = _SEE | {Permission.WRITE_REPORT, Permission.GIVE_FEEDBACK, Permission.READ_CASE, Permission.RESCORE}
_SEE_ALL = _SEE | {
    Permission.SEE_ALL_FEEDBACK,
    Permission.SEE_CANDIDATES,
    Permission.SEE_RETRAININGS,
    Permission.SEE_SHADOWS,
    Permission.SEE_AUDIT,
    Permission.SEE_PEOPLE,
}
MAY: dict[Role, frozenset[Permission]] = {
    Role.READER: frozenset(_READ),
    Role.SENIOR: frozenset(_READ | {Permission.RESOLVE_CASE}),
    Role.REVIEWER: frozenset(
        _SEE
        | {
            Permission.SEE_CANDIDATES,
            Permission.SEE_TEST_CASES,
            Permission.SEE_AUDIT,
            Permission.SEE_RETRAININGS,
            Permission.RUN_RETRAININGS,
            Permission.SEE_SHADOWS,
            Permission.SEE_SHADOW_RESULTS,
            Permission.DECIDE,
            Permission.ROLL_BACK,
            Permission.RESOLVE_ALERT,
            Permission.SWITCH_NORMAL_TEXT,
        }
    ),
    Role.OPERATOR: frozenset(
        _SEE_ALL
        | {
            Permission.SEND,
            Permission.SEE_OWN_SENT,
            Permission.SEE_READER_RATES,
            Permission.RELEASE,
            Permission.RESCORE,
            Permission.RUN_RETRAININGS,
            Permission.CANCEL_RETRAININGS,
            Permission.RUN_SHADOWS,
            Permission.ROLL_BACK,
            Permission.RESOLVE_ALERT,
            Permission.MANAGE_PEOPLE,
            Permission.VOUCH,
        }
    ),
    Role.AUDITOR: frozenset(
        _SEE_ALL
        | {
            Permission.SEE_CASES,
            Permission.SEE_TEST_CASES,
            Permission.SEE_SHADOW_RESULTS,
            Permission.SEE_READER_RATES,
        }
    ),
    Role.DEVICE: frozenset({Permission.SEND, Permission.SEE_OWN_SENT}),
}


class Scope(StrEnum):
    """What a token is narrowed to (`--only`); `widget` is for a foreign page, `vouch` for its server."""

    SEND = "send"
    FEEDBACK = "feedback"
    READ = "read"
    WIDGET = "widget"
    VOUCH = "vouch"


SCOPE_ALLOWS: dict[Scope, frozenset[Permission]] = {
    Scope.SEND: frozenset({Permission.SEND, Permission.SEE_OWN_SENT}),
    Scope.FEEDBACK: frozenset({Permission.GIVE_FEEDBACK, Permission.SEE_PREDICTIONS, Permission.SEE_STUDIES}),
    Scope.READ: frozenset(
        _SEE_ALL
        | {
            Permission.SEE_CASES,
            Permission.SEE_TEST_CASES,
            Permission.SEE_SHADOW_RESULTS,
            Permission.SEE_OWN_SENT,
        }
    ),
    Scope.WIDGET: frozenset({Permission.GIVE_FEEDBACK, Permission.SEE_PREDICTIONS}),
    Scope.VOUCH: frozenset({Permission.VOUCH}),
}
WIDGET_LASTS = timedelta(hours=12)  # at the most: a page is left open on a shared workstation


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody, or a program, who may act here."""

    key: PersonKey
    role: Role
    scope: Scope | None = None
    must_change_password: bool = False

    def may(self, permission: Permission) -> bool:
        """Say whether role and token scope both allow `permission`; everything else is denied."""
        allowed = permission in MAY[self.role]
        return allowed and (self.scope is None or permission in SCOPE_ALLOWS[self.scope])

    def must(self, permission: Permission) -> None:
        """Raise `ForbiddenError`, naming who may, unless `permission` is allowed."""
        if not self.may(permission):
            roles = ", ".join(role.value for role in Role if permission in MAY[role])
            raise ForbiddenError(f"this needs one of the roles: {roles}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A program's credential as it is kept: only the digest, never the token."""

    digest: str
    person: PersonKey
    role: Role
    scope: Scope | None
    created_at: datetime
    expires_at: datetime | None

    def __post_init__(self) -> None:
        """Refuse a token for foreign pages that outlives a working day."""
        latest = self.created_at + WIDGET_LASTS
        if self.scope is Scope.WIDGET and (self.expires_at is None or self.expires_at > latest):
            raise InputError("a token for the widget lasts at most 12 hours; leave the days out")

    def lasts(self, now: datetime) -> bool:
        """Say whether this token has not ended yet."""
        return self.expires_at is None or self.expires_at > now


def new_token() -> str:
    """Return 256 random bits as text, to be shown once and kept by its owner."""
    return "ovr_" + secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    """Return what we keep of a token; a plain hash is enough for 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


MINIMUM_PASSWORD_LENGTH = 12
_SCRYPT = re.compile(r"scrypt\$((?:[0-9a-f]{2})+)\$([0-9a-f]{128})")


def password_digest(password: str, *, salt: bytes | None = None) -> str:
    """Return `scrypt$salt$hash` of a password (RFC 7914; n = 2^14, r = 8, p = 1).

    Raises
    ------
    InputError
        The password is shorter than twelve characters.
    """
    if len(password) < MINIMUM_PASSWORD_LENGTH:
        raise InputError(f"a password needs at least {MINIMUM_PASSWORD_LENGTH} characters")
    salt = secrets.token_bytes(16) if salt is None else salt
    key = hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)
    return f"scrypt${salt.hex()}${key.hex()}"


def password_matches(password: str, digest: str) -> bool:
    """Compare in constant time; a malformed digest matches nothing."""
    parts = _SCRYPT.fullmatch(digest)
    if parts is None:
        return False
    key = hashlib.scrypt(password.encode(), salt=bytes.fromhex(parts[1]), n=2**14, r=8, p=1)
    return hmac.compare_digest(key.hex(), parts[2])
