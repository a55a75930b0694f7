"""Content-addressed bytes: synced, damaged ones found and healed, a full disk leaves nothing behind."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from overread.domain.errors import NotFoundError, UnavailableError
from overread.domain.identifiers import Digest
from overread.store.objects import Objects
from tests.builders import a_digest


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(str(tmp_path / "objects"))


def stored(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "objects").rglob("*") if path.is_file()]


def test_bytes_come_back_under_their_digest(objects: Objects) -> None:
    digest = objects.put(b"pixels")
    assert digest == hashlib.sha256(b"pixels").hexdigest()
    assert objects.has(digest)
    assert objects.get(digest) == b"pixels"


def test_they_can_be_read_as_a_file(objects: Objects) -> None:
    with objects.opened(objects.put(b"pixels")) as file:
        assert file.read(3) == b"pix"
        assert file.seek(0) == 0
        assert file.read() == b"pixels"


def test_a_file_that_is_gone_or_damaged_is_not_given(tmp_path: Path, objects: Objects) -> None:
    with pytest.raises(NotFoundError, match="not in the store"), objects.opened(a_digest()):
        pass
    digest = objects.put(b"pixels")
    (place,) = stored(tmp_path)
    place.write_bytes(b"PIXELS")
    with pytest.raises(NotFoundError, match="damaged"), objects.opened(digest):
        pass


def test_a_file_url_is_the_same_place_as_its_path(tmp_path: Path, objects: Objects) -> None:
    digest = objects.put(b"pixels")
    assert Objects(f"file://{tmp_path / 'objects'}").get(digest) == b"pixels"


def test_bytes_whose_digest_is_known_already_are_the_same_object(objects: Objects) -> None:
    known = Digest(hashlib.sha256(b"pixels").hexdigest())
    assert objects.put(b"pixels", digest=known) == known == objects.put(b"pixels")


def test_the_same_bytes_twice_are_one_object(tmp_path: Path, objects: Objects) -> None:
    assert objects.put(b"pixels") == objects.put(b"pixels")
    assert len(stored(tmp_path)) == 1


def test_file_and_folders_are_synced_before_put_returns(
    objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def watched(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink().name[:5])
        real(handle)

    monkeypatch.setattr(os, "fsync", watched)
    digest = objects.put(b"pixels")
    assert synced == ["objec", ".new-", digest[:2]]


def test_what_is_not_there_is_not_found(objects: Objects) -> None:
    assert not objects.has(a_digest())
    with pytest.raises(NotFoundError, match="not in the store"):
        objects.get(a_digest())


def test_damaged_bytes_are_never_handed_out_and_healed_by_the_next_put(
    tmp_path: Path, objects: Objects
) -> None:
    digest = objects.put(b"pixels")
    stored(tmp_path)[0].write_bytes(b"pixe")
    with pytest.raises(NotFoundError, match="damaged"):
        objects.get(digest)
    objects.put(b"pixels")
    assert objects.get(digest) == b"pixels"


def test_a_full_disk_is_said_and_leaves_nothing_half_written(
    tmp_path: Path, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnavailableError, match="No space left on device") as refused:
        objects.put(b"pixels")
    assert isinstance(refused.value.__cause__, OSError)
    assert stored(tmp_path) == []


@pytest.mark.parametrize("url", ["folder", "memory://overread-removed"])
def test_what_is_removed_is_gone_and_may_be_removed_again(tmp_path: Path, url: str) -> None:
    objects = Objects(str(tmp_path) if url == "folder" else url)
    digest, other = objects.put(b"pixels"), objects.put(b"others")
    for _ in range(2):
        objects.remove(digest)
        assert (objects.has(digest), objects.has(other)) == (False, True)


def test_bytes_that_cannot_be_removed_are_said(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: str) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    digest = objects.put(b"pixels")
    monkeypatch.setattr(objects._files, "rm_file", refuse)
    with pytest.raises(UnavailableError, match="Read-only file system"):
        objects.remove(digest)


def test_another_file_system_takes_the_same_calls() -> None:
    objects = Objects("memory://overread-objects")
    digest = objects.put(b"pixels")
    assert objects.put(b"pixels") == digest
    assert objects.get(digest) == b"pixels"
    assert not objects.has(Digest("0" * 64))
