"""The change record: one event a write, each bound to the one before by its hash, so that tampering shows."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from overread.domain.identifiers import PersonKey

GENESIS = "0" * 64
SYSTEM = PersonKey("overread")  # acts where no person does
TOLD = frozenset(
    {
        "alert-raised",
        "dataset-built",
        "gate-verdict",
        "installation-made",
        "model-registered",
        "model-signed",
        "production-changed",
        "production-rolled-back",
        "promotion-asked",
        "promotion-reviewed",
        "promotion-withdrawn",
        "shadow-ended",
        "shadow-registered",
        "test-set-bridged",
        "test-set-frozen",
        "test-set-look",
        "test-set-refreshed",
        "test-set-use",
    }
)
"""Actions whose rows a bundle shows; any other, and any that names a study, it holds by the hash alone."""
_UID = re.compile(r"\d+(\.\d+){3,}|2\.25\.\d+")  # the second form is of a UUID (PS3.5 B.2)


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
class WithheldRow:
    """A row that is handed over by its hash alone: it names a study, or somebody's words."""

    seq: int
    hash: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChainState:
    """Outcome of a verification; `first_bad` is the sequence number of the first row that does not fit.

    Of a `withheld` row only the place is checked; its hash is bound by the next row that is shown.
    """

    ok: bool
    rows: int
    head: str
    first_bad: int | None
    withheld: int = 0


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


def handed_over(row: AuditRow) -> AuditRow | WithheldRow:
    """Return what leaves the site of a row: no study, and no words but those about a model."""
    event = row.event
    told = event.action in TOLD and event.study is None and not names_a_study([event.subject, event.details])
    return row if told else WithheldRow(seq=row.seq, hash=row.hash)


def names_a_study(value: object) -> bool:
    """Say whether a JSON value holds a DICOM UID anywhere in it."""
    if isinstance(value, str):
        return _UID.fullmatch(value) is not None
    if isinstance(value, Mapping):
        return any(names_a_study(each) for pair in value.items() for each in pair)
    return isinstance(value, list | tuple) and any(names_a_study(each) for each in value)


def verify_chain(
    rows: Iterable[AuditRow | WithheldRow], *, after: int = 0, previous: str = GENESIS
) -> ChainState:
    """Recompute every link; rows in ascending order, starting behind row `after` with the hash `previous`."""
    count, withheld = after, 0
    for row in rows:
        if not _follows(row, count, previous):
            return ChainState(ok=False, rows=count, head=previous, first_bad=row.seq, withheld=withheld)
        previous, count = row.hash, count + 1
        withheld += isinstance(row, WithheldRow)
    return ChainState(ok=True, rows=count, head=previous, first_bad=None, withheld=withheld)


def _follows(row: AuditRow | WithheldRow, count: int, previous: str) -> bool:
    if row.seq != count + 1 or isinstance(row, WithheldRow):
        return row.seq == count + 1
    return row.previous == previous and row.hash == chain_hash(row.seq, row.event, previous)
