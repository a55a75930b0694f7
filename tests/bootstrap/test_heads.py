"""Signed heads: a chain that was cut, or written anew, no longer holds what the site signed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from bootstrap.heads import FILE, BrokenChainError, latest_in_chain, sign_head, signed_heads
from bootstrap.signing import Signed, SiteKey, new_key, vouched
from bootstrap.storage import Storage
from overread.domain.audit import AuditEvent, chain_hash
from overread.domain.errors import ConfigurationError
from overread.store.engine import Engine
from overread.store.tables.work import audit
from overread.store.unit_of_work import UnitOfWork
from tests.builders import NOW

DAY = timedelta(days=1)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "signing.key"
    path.write_bytes(new_key())
    return path


@pytest.fixture
def told(storage: Storage) -> Iterator[UnitOfWork]:
    """A record of four rows."""
    with storage.work() as work:
        for number in range(4):
            work.audit.append(AuditEvent(at=NOW, by="rita", action="done", subject=f"thing-{number}"))
        work.commit()
    with storage.look() as work:
        yield work


def test_a_head_is_signed_once_for_what_was_added(
    told: UnitOfWork, tmp_path: Path, key: Path, now: datetime
) -> None:
    assert latest_in_chain(told, tmp_path) is None
    head = sign_head(told, tmp_path, key, now=now)
    assert head is not None
    assert (head.seq, head.hash, head.at) == (4, told.audit.rows()[-1].hash, now)
    assert head.genuine
    assert sign_head(told, tmp_path, key, now=now + DAY) is None
    assert signed_heads(tmp_path) == [head]
    assert latest_in_chain(told, tmp_path) == head


def test_a_signature_is_of_a_head_and_of_nothing_else(
    told: UnitOfWork, tmp_path: Path, key: Path, now: datetime
) -> None:
    head = sign_head(told, tmp_path, key, now=now)
    assert head is not None
    for changed in ({"seq": 3}, {"hash": "0" * 64}, {"at": now + DAY}):
        assert not replace(head, **changed).genuine
    word = SiteKey.read(key).vouch(Signed.BUNDLE, b"4")
    assert vouched(word, Signed.BUNDLE, b"4")
    assert not vouched(word, Signed.HEAD, b"4")
    assert not vouched(word, Signed.PACKAGE, b"4")


def test_a_chain_that_was_cut_shows(
    storage: Storage, engine: Engine, told: UnitOfWork, tmp_path: Path, key: Path, now: datetime
) -> None:
    sign_head(told, tmp_path, key, now=now)
    with engine.begin() as connection:
        connection.execute(delete(audit).where(audit.c.seq == 4))
    with storage.look() as work:
        assert work.audit.verify().ok  # by itself it looks whole
        with pytest.raises(BrokenChainError, match=r"row 4 was signed on 2026-03-02 .* ends at row 3"):
            latest_in_chain(work, tmp_path)
        with pytest.raises(BrokenChainError):
            sign_head(work, tmp_path, key, now=now)
    assert len(signed_heads(tmp_path)) == 1


def test_a_chain_that_was_written_anew_shows(
    storage: Storage, engine: Engine, told: UnitOfWork, tmp_path: Path, key: Path, now: datetime
) -> None:
    sign_head(told, tmp_path, key, now=now)
    last = told.audit.rows()[-1]
    forged = replace(last.event, by="nobody")
    with engine.begin() as connection:
        changed = {"by": "nobody", "hash": chain_hash(4, forged, last.previous)}
        connection.execute(update(audit).where(audit.c.seq == 4).values(**changed))
    with storage.look() as work:
        assert work.audit.verify().ok
        with pytest.raises(BrokenChainError, match="written anew"):
            latest_in_chain(work, tmp_path)


def test_no_head_of_a_broken_chain_is_signed(
    storage: Storage, engine: Engine, told: UnitOfWork, tmp_path: Path, key: Path, now: datetime
) -> None:
    with engine.begin() as connection:
        connection.execute(update(audit).where(audit.c.seq == 2).values(by="nobody"))
    with storage.look() as work, pytest.raises(BrokenChainError, match=r"row 2 .* no head is signed"):
        sign_head(work, tmp_path, key, now=now)
    assert signed_heads(tmp_path) == []


def test_a_file_of_heads_that_was_changed_is_not_believed(
    told: UnitOfWork, tmp_path: Path, key: Path, now: datetime
) -> None:
    sign_head(told, tmp_path, key, now=now)
    path = tmp_path / FILE
    line = json.loads(path.read_text())
    path.write_text(json.dumps(line | {"seq": 3, "hash": told.audit.rows()[2].hash}) + "\n")
    with pytest.raises(BrokenChainError, match="not of that row"):
        latest_in_chain(told, tmp_path)
    path.write_text("no head\n")
    with pytest.raises(ConfigurationError, match="line 1 is not a signed head"):
        signed_heads(tmp_path)
