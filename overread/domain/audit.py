"""The change record: one event a write, each bound to the one before by its hash, so that tampering shows."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

GENESIS = "0" * 64


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEvent:
    """Who did what to which thing, when; `details` is plain JSON without any identity of a patient."""

    at: datetime
    by: str
    action: str
    subject: str
    study: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditRow:
    """An event in its place in the chain."""

    seq: int
    event: AuditEvent
    previous: str
    hash: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChainState:
    """Outcome of a verification; `first_bad` is the sequence number of the first row that does not fit."""

    ok: bool
    rows: int
    head: str
    first_bad: int | None


def chain_hash(seq: int, event: AuditEvent, previous: str) -> str:
    """Return the SHA-256 of the row's canonical JSON, `previous` included."""
    canonical = json.dumps(
        {
            "seq": seq,
            "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "by": event.by,
            "action": event.action,
            "subject": event.subject,
            "study": event.study,
            "details": event.details,
            "previous": previous,
        },
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
        allow_nan=False,
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def verify_chain(rows: Iterable[AuditRow]) -> ChainState:
    """Recompute every link; rows in ascending order, starting at the first one."""
    previous, count = GENESIS, 0
    for row in rows:
        expected = chain_hash(count + 1, row.event, previous)
        if row.seq != count + 1 or row.previous != previous or row.hash != expected:
            return ChainState(ok=False, rows=count, head=previous, first_bad=row.seq)
        previous, count = row.hash, count + 1
    return ChainState(ok=True, rows=count, head=previous, first_bad=None)
