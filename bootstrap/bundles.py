"""An audit bundle: the change records of the models with all they cite, and the chain, signed by the site."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from bootstrap.heads import BrokenChainError, SignedHead, signed_heads
from bootstrap.signing import Signed, SiteKey, fingerprint_of, vouched
from bootstrap.storage import TASK, Storage
from feedback.provenance import Composition, composition
from model_registry.audit_bundle import Bundle, BundleError, canonical, open_bundle, write_bundle
from model_registry.change_record import record_page
from model_registry.changes import Record, change_of
from overread.domain.audit import (
    AuditEvent,
    AuditRow,
    ChainState,
    WithheldRow,
    handed_over,
    verify_chain,
)
from overread.domain.datasets import DatasetVersion
from overread.domain.errors import NotFoundError
from overread.domain.identifiers import Digest
from overread.domain.models import Signature
from overread.domain.tasks import Task
from overread.settings.environment import Settings
from overread.settings.tasks import load_task
from overread.store.objects import Objects
from overread.store.records import parsed, plain
from overread.store.unit_of_work import UnitOfWork
from overread.wording.catalogue import LANGUAGES

CHAIN, HEADS, RECORD = "chain.jsonl", "heads.jsonl", "record.json"
LARGEST = 20_000  # studies of a dataset that a web process counts; more are left to the command


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What a bundle is, after every check: `key` is the fingerprint of the key that signed it."""

    site: str
    model: str | None
    made_at: str
    files: int
    chain: ChainState
    key: str


def export_bundle(
    storage: Storage,
    settings: Settings,
    out: BinaryIO,
    *,
    now: datetime,
    model: str | None = None,
    largest: int | None = None,
) -> dict[str, Any]:
    """Write the bundle of everything, or of one version, and return its manifest; `largest` as in `change`.

    Raises
    ------
    NotFoundError
        There is no such version.
    BrokenChainError
        The chain does not hold; nothing is signed.
    """
    key = SiteKey.read(settings.signing_key_path)
    with storage.look() as work:
        chain = work.audit.verify()
        if not chain.ok:
            raise BrokenChainError(
                f"row {chain.first_bad} of the change record does not fit; nothing is handed over"
            )
        task = load_task(work.people.fact(TASK))
        versions = [each.version for each in work.models.all()] if model is None else [model]
        changes = [change(work, storage.objects, version, task=task, largest=largest) for version in versions]
        facts: dict[str, Any] = {
            "site": settings.site,
            "model": model,
            "made_at": plain(now),
            "head": {"seq": chain.rows, "hash": chain.head},
        }
        files = _files(work, storage.objects, settings, facts=facts, changes=changes, task=task)

        def sign(manifest: bytes) -> dict[str, Any]:
            word = key.vouch(Signed.BUNDLE, manifest)
            return {**plain(word), "fingerprint": key.fingerprint}

        return write_bundle(out, facts, files, sign)


def change(
    work: UnitOfWork, objects: Objects, version: str, *, task: Task, largest: int | None = None
) -> Record:
    """Return the change record of a version; a dataset of more studies than `largest` is not counted."""

    def composed(now: DatasetVersion, then: DatasetVersion | None) -> Composition | None:
        sizes = [sum(each.counts.values()) for each in (now, then) if each is not None]
        if largest is not None and max(sizes) > largest:
            return None
        try:
            return composition(objects, now.digest, since=None if then is None else then.digest)
        except NotFoundError:
            return None  # said to be missing

    return change_of(work, version, task=task.name, composed=composed)


def _files(
    work: UnitOfWork,
    objects: Objects,
    settings: Settings,
    *,
    facts: dict[str, Any],
    changes: list[Record],
    task: Task,
) -> Iterator[tuple[str, Iterable[bytes]]]:
    record = {**facts, "task": task.name, "models": changes}
    yield RECORD, [canonical(record)]
    for language in LANGUAGES:
        yield (
            f"record.{language}.html",
            [record_page(record, language=language, vocabulary=task.vocabulary).encode()],
        )
    for each in changes:
        impact, lineage = _part(each, "impact"), _part(each, "lineage")
        if impact["comparison"] is not None:
            yield f"comparisons/{each['version']}.json", [canonical(impact["comparison"])]
        card = lineage["model_card"]
        if isinstance(card, str) and objects.has(Digest(card)):
            yield f"cards/{each['version']}.html", [objects.get(Digest(card))]
    yield (
        HEADS,
        (_line(plain(head)) for head in signed_heads(settings.folder) if head.seq <= facts["head"]["seq"]),
    )
    yield CHAIN, (_line(row_record(handed_over(row))) for row in work.audit.walk())


def _part(change: Record, name: str) -> Record:
    part = change[name]
    if not isinstance(part, dict):  # pragma: no cover - `change_of` makes them
        raise TypeError(f"{name} is no mapping")
    return part


def row_record(row: AuditRow | WithheldRow) -> dict[str, Any]:
    """Return a row of the chain as an exported file has it."""
    if isinstance(row, WithheldRow):
        return {"seq": row.seq, "hash": row.hash}
    return {"seq": row.seq, **plain(row.event), "previous": row.previous, "hash": row.hash}


def row_of(record: dict[str, Any]) -> AuditRow | WithheldRow:
    """Return the row that `row_record` made a line of.

    Raises
    ------
    ValueError, KeyError or TypeError
        It is not one.
    """
    seq, hashed = record["seq"], record["hash"]
    if type(seq) is not int or not isinstance(hashed, str):
        raise TypeError("a row has a number and a hash")
    if "event" not in record and "action" not in record:
        return WithheldRow(seq=seq, hash=hashed)
    return AuditRow(seq=seq, event=parsed(AuditEvent, record), previous=record["previous"], hash=hashed)


def _line(record: object) -> bytes:
    return (json.dumps(record, ensure_ascii=False) + "\n").encode()


def check_bundle(path: Path, *, key: str | None = None) -> Checked:
    """Check a bundle with nothing but itself.

    `key`, a public half or its fingerprint, must have signed it; without one anybody may have.

    Raises
    ------
    BundleError
        Something is wrong; the message says what.
    """
    with open_bundle(path) as bundle:
        signer = _signer(bundle, key)
        files = bundle.require_digests()
        chain = verify_chain(_rows(bundle))
        head = {"seq": chain.rows, "hash": chain.head}
        if not chain.ok:
            raise BundleError(f"{CHAIN}: row {chain.first_bad} does not fit the one before it")
        if bundle.manifest.get("head") != head:
            raise BundleError(f"{CHAIN} ends at row {chain.rows}, which is not the head that was signed")
        _require_heads(bundle)
        manifest = bundle.manifest
        return Checked(
            site=str(manifest.get("site")),
            model=manifest.get("model"),
            made_at=str(manifest.get("made_at")),
            files=files,
            chain=chain,
            key=signer,
        )


def _signer(bundle: Bundle, expected: str | None) -> str:
    """Return the fingerprint of the key that signed the manifest, which must be the expected one."""
    try:
        signature = parsed(Signature, bundle.signature)
        fingerprint = fingerprint_of(signature.public)
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError("signature.json holds no signature") from error
    if expected is not None and expected.lower() not in {signature.public, fingerprint}:
        raise BundleError(f"it is signed by the key {fingerprint}, not by the one expected")
    if not vouched(signature, Signed.BUNDLE, bundle.said):
        raise BundleError("the signature is not of this manifest")
    return fingerprint


def _rows(bundle: Bundle) -> Iterator[AuditRow | WithheldRow]:
    for number, line in enumerate(bundle.lines(CHAIN), start=1):
        try:
            yield row_of(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise BundleError(f"{CHAIN}: line {number} is not a row of a change record") from error


def _require_heads(bundle: Bundle) -> None:
    """Hold the heads that were signed over time against the chain."""
    try:
        heads = [parsed(SignedHead, json.loads(line)) for line in bundle.lines(HEADS)]
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{HEADS} holds something else than signed heads") from error
    signed = {head.seq: head for head in heads}
    if not all(head.genuine for head in heads):
        raise BundleError(f"{HEADS} holds a signature that is not of its row")
    if signed and any(signed.pop(row.seq).hash != row.hash for row in _rows(bundle) if row.seq in signed):
        raise BundleError(f"{HEADS} holds a head that is not in the chain")
    if signed:
        raise BundleError(f"{HEADS} holds a head behind the end of the chain")
