"""Heads of the change record that the site's key has signed, in a file of the data folder, one a line.

Whoever can write only the database can cut the chain or write it anew, but then it no longer holds the heads
of this file. Who can write the folder too is found out by a bundle that has left the site (`overread audit
verify --against BUNDLE`).
"""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bootstrap.signing import Signed, SiteKey, vouched
from overread.domain.audit import GENESIS, verify_chain
from overread.domain.errors import ConfigurationError, RuleError
from overread.domain.models import Signature
from overread.store.records import parsed, plain
from overread.store.unit_of_work import UnitOfWork

FILE = "signed-heads.jsonl"


class BrokenChainError(RuleError):
    """The change record does not hold, or is not the one whose head was signed."""

    code = "broken-chain"


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedHead:
    """The last row of the chain at some instant, by number and hash, and the site's word on it."""

    seq: int
    hash: str
    at: datetime
    signature: Signature

    @property
    def genuine(self) -> bool:
        """Whether the key it names has signed it."""
        return vouched(self.signature, Signed.HEAD, _content(self.seq, self.hash, self.at))


def signed_heads(folder: Path) -> list[SignedHead]:
    """Return the heads of a data folder, in the order in which they were signed.

    Raises
    ------
    ConfigurationError
        A line is not a signed head.
    """
    path = folder / FILE
    if not path.exists():
        return []
    heads = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            heads.append(parsed(SignedHead, json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(
                f"{path}: line {number} is not a signed head; restore the file"
            ) from error
    return heads


def sign_head(work: UnitOfWork, folder: Path, key: Path, *, now: datetime) -> SignedHead | None:
    """Sign the last row, once what was added since the last signature holds; None where nothing was added.

    Raises
    ------
    BrokenChainError
        The chain does not hold, or a head that was signed is not in it.
    """
    last = latest_in_chain(work, folder)
    seq, previous = (0, GENESIS) if last is None else (last.seq, last.hash)
    chain = verify_chain(work.audit.walk(after=seq), after=seq, previous=previous)
    if not chain.ok:
        raise BrokenChainError(f"row {chain.first_bad} of the change record does not fit; no head is signed")
    if chain.rows == seq:
        return None
    word = SiteKey.read(key).vouch(Signed.HEAD, _content(chain.rows, chain.head, now))
    head = SignedHead(seq=chain.rows, hash=chain.head, at=now, signature=word)
    _append(folder / FILE, json.dumps(plain(head), sort_keys=True))
    return head


def latest_in_chain(work: UnitOfWork, folder: Path) -> SignedHead | None:
    """Return the head that was signed last, every one being genuine and in the chain; None where none was.

    Raises
    ------
    BrokenChainError
        One is not in the chain: rows were cut off, or written anew.
    """
    heads = signed_heads(folder)
    for head in heads:
        if not head.genuine:
            raise BrokenChainError(f"the signature of row {head.seq} in {FILE} is not of that row")
        require_in_chain(work, head.seq, head.hash, said=f"was signed on {head.at:%Y-%m-%d %H:%M} UTC")
    return max(heads, key=lambda head: head.seq, default=None)


def require_in_chain(work: UnitOfWork, seq: int, expected: str, *, said: str) -> None:
    """Raise `BrokenChainError` unless the chain has this hash at this row; `said` tells why it should."""
    row = work.audit.at(seq)
    if row is None:
        raise BrokenChainError(
            f"row {seq} {said}, and the change record ends at row {work.audit.length()}: rows were cut off, "
            f"or an older database was restored (where that was meant, keep {FILE} elsewhere and go on)"
        )
    if row.hash != expected:
        raise BrokenChainError(f"row {seq} {said} with another hash: the change record was written anew")


def _content(seq: int, chained: str, at: datetime) -> bytes:
    return f"{seq} {chained} {plain(at)}".encode()


def _append(path: Path, line: str) -> None:
    """Add a line in one write, synced."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, f"{line}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)
