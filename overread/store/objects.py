"""Content-addressed bytes over fsspec: a folder or S3; what is said to be stored is on disk."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

import fsspec

from overread.domain.errors import NotFoundError, UnavailableError
from overread.domain.identifiers import Digest


class Objects:
    """Bytes by their SHA-256; writing the same bytes twice changes nothing."""

    def __init__(self, url: str) -> None:
        self._files, self._root = fsspec.core.url_to_fs(url)
        self._local = Path(self._root) if "file" in self._protocols() else None

    def _protocols(self) -> tuple[str, ...]:
        protocol = self._files.protocol
        return (protocol,) if isinstance(protocol, str) else tuple(protocol)

    def _path(self, digest: Digest) -> str:
        return f"{self._root}/{digest[:2]}/{digest}"

    def put(self, content: bytes, *, digest: Digest | None = None) -> Digest:
        """Store bytes, synced before this returns; `digest` is theirs, where the caller knows it already.

        Raises
        ------
        UnavailableError
            The disk is full or the store is away; nothing half-written is left under the digest.
        """
        digest = digest or Digest(hashlib.sha256(content).hexdigest())
        try:
            if self._local is not None:
                self._put_synced(self._local / digest[:2] / digest, content)
            elif not self._files.exists(self._path(digest)):
                self._files.pipe_file(self._path(digest), content)
        except OSError as error:
            raise UnavailableError(
                f"the object store does not take data: {error.strerror or error}"
            ) from error
        return digest

    @staticmethod
    def _put_synced(path: Path, content: bytes) -> None:
        if path.exists() and path.read_bytes() == content:
            return  # a damaged object is written anew
        if not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _sync_folder(path.parent.parent)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)

    def get(self, digest: Digest) -> bytes:
        """Return the bytes; raise `NotFoundError` when they are gone or no longer what they were."""
        try:
            content: bytes = self._files.cat_file(self._path(digest))
        except FileNotFoundError as error:
            raise _absent(digest) from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise _damaged(digest)
        return content

    @contextmanager
    def opened(self, digest: Digest) -> Iterator[BinaryIO]:
        """Give the bytes as a file that was read once to check them and is never whole in memory.

        Raises
        ------
        NotFoundError
            They are gone, or no longer what they were.
        """
        try:
            file: BufferedReader = self._files.open(self._path(digest), "rb")
        except FileNotFoundError as error:
            raise _absent(digest) from error
        with file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise _damaged(digest)
            file.seek(0)
            yield file

    @contextmanager
    def unchecked(self, digest: Digest) -> Iterator[BinaryIO]:
        """Give the bytes as a file, unread: for lists, which look at the beginning of many objects.

        Raises
        ------
        NotFoundError
            They are gone.
        """
        try:
            file: BufferedReader = self._files.open(self._path(digest), "rb")
        except FileNotFoundError as error:
            raise _absent(digest) from error
        with file:
            yield file

    def remove(self, digest: Digest) -> None:
        """Remove the bytes; what is gone already stays gone.

        Raises
        ------
        UnavailableError
            The store is away or does not let go of them.
        """
        try:
            self._files.rm_file(self._path(digest))
        except FileNotFoundError:
            return
        except OSError as error:
            raise UnavailableError(
                f"object {digest[:12]} cannot be removed: {error.strerror or error}"
            ) from error

    def has(self, digest: Digest) -> bool:
        """Say whether the bytes are stored."""
        return bool(self._files.exists(self._path(digest)))

    def ensure(self, digest: Digest, content: bytes) -> None:
        """Store bytes again if they were removed since they were put.

        Called inside the writing unit that comes to need them: what removes bytes holds the write lock too,
        and has either looked already or will see that they are needed.
        """
        if not self.has(digest):
            self.put(content, digest=digest)


def _absent(digest: Digest) -> NotFoundError:
    return NotFoundError(f"object {digest[:12]} is not in the store")


def _damaged(digest: Digest) -> NotFoundError:
    return NotFoundError(f"object {digest[:12]} is damaged: its bytes no longer match its digest")


def _sync_folder(folder: Path) -> None:
    """Make a new name in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
