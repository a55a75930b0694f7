"""The archive of an audit bundle: a manifest with the digest of each file, and a signature over the manifest.

What comes in is not trusted: names, counts and sizes are bounded before anything is read, and nothing is ever
written where the archive says.
"""

import hashlib
import json
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from overread.domain.errors import InputError

FORM = "overread-audit-bundle/1"
MANIFEST, SIGNATURE = "manifest.json", "signature.json"
MEMBERS = 10_000
MEMBER_BYTES = 512 * 2**20
ALL_BYTES = 1024 * 2**20
SMALL_BYTES = 4 * 2**20  # manifest, signature, one line of the chain
_PIECE = 2**20
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)?")
_TIME = (1980, 1, 1, 0, 0, 0)  # the same state gives the same bytes
_ENCRYPTED = 0x1
_END = struct.Struct("<4s4H2LH")
_ZIP64 = b"PK\x06\x07"
_ZIP64_REST = 16  # bytes of the ZIP64 locator behind its first four


class BundleError(InputError):
    """A bundle is not whole, not what was signed, or not made as one."""

    code = "bad-bundle"


def write_bundle(
    out: BinaryIO,
    facts: Mapping[str, object],
    files: Iterable[tuple[str, Iterable[bytes]]],
    sign: Callable[[bytes], Mapping[str, object]],
) -> dict[str, Any]:
    """Write files in the order given, then their manifest with `facts`, then what `sign` makes of it.

    Returns
    -------
    dict
        The manifest.
    """
    digests: dict[str, str] = {}
    with ZipFile(out, "w") as archive:
        for name, pieces in files:
            digests[name] = _put(archive, name, pieces)
        manifest = {"form": FORM, **facts, "files": dict(sorted(digests.items()))}
        said = canonical(manifest)
        _put(archive, MANIFEST, [said])
        _put(archive, SIGNATURE, [canonical(sign(said))])
    return manifest


def canonical(value: object) -> bytes:
    """Return a JSON value as the bytes in which bundles hold it."""
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n").encode()


def _put(archive: ZipFile, name: str, pieces: Iterable[bytes]) -> str:
    info = ZipInfo(name, date_time=_TIME)
    info.compress_type = ZIP_DEFLATED
    info.create_system = 3
    info.external_attr = 0o644 << 16
    digest = hashlib.sha256()
    with archive.open(info, "w", force_zip64=True) as file:
        for piece in pieces:
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


class Bundle:
    """An open bundle whose outside is in order; `manifest` is as it was read, not yet believed."""

    def __init__(self, archive: ZipFile, members: Mapping[str, ZipInfo]) -> None:
        self._archive = archive
        self._members = members
        self.said = self.small(MANIFEST)
        self.manifest = self._object(self.said, MANIFEST)
        if self.manifest.get("form") != FORM or not isinstance(self.manifest.get("files"), dict):
            raise BundleError(f"{MANIFEST} is not of the form {FORM}")

    @property
    def signature(self) -> dict[str, Any]:
        """What stands beside the manifest."""
        return self._object(self.small(SIGNATURE), SIGNATURE)

    def small(self, name: str) -> bytes:
        """Return a small file whole."""
        if self._member(name).file_size > SMALL_BYTES:
            raise BundleError(f"{name} is over {SMALL_BYTES >> 20} MiB")
        return b"".join(self._pieces(name))

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield the lines of a file, each bounded."""
        with _readable(name), self._archive.open(self._member(name)) as file:
            while line := file.readline(SMALL_BYTES):
                if not line.endswith(b"\n"):
                    raise BundleError(
                        f"{name} has a line over {SMALL_BYTES >> 20} MiB, or its end is cut off"
                    )
                yield line

    def require_digests(self) -> int:
        """Check that the manifest names every file and no other, each with its digest; return how many.

        Raises
        ------
        BundleError
            A file is missing, was added, or was changed; the message names it.
        """
        wanted, there = self.manifest["files"], set(self._members) - {MANIFEST, SIGNATURE}
        for name in sorted(wanted.keys() - there):
            raise BundleError(f"{name} is missing")
        for name in sorted(there - wanted.keys()):
            raise BundleError(f"{name} is not in the manifest")
        for name, expected in wanted.items():
            digest = hashlib.sha256()
            for piece in self._pieces(name):
                digest.update(piece)
            if digest.hexdigest() != expected:
                raise BundleError(f"{name} was changed: its digest is not that of the manifest")
        return len(wanted)

    def _member(self, name: str) -> ZipInfo:
        if name not in self._members:
            raise BundleError(f"{name} is missing")
        return self._members[name]

    def _pieces(self, name: str) -> Iterator[bytes]:
        with _readable(name), self._archive.open(self._members[name]) as file:
            while piece := file.read(_PIECE):
                yield piece

    @staticmethod
    def _object(content: bytes, name: str) -> dict[str, Any]:
        try:
            value = json.loads(content)
        except ValueError as error:
            raise BundleError(f"{name} is not JSON") from error
        if not isinstance(value, dict):
            raise BundleError(f"{name} is not a JSON object")
        return value


@contextmanager
def open_bundle(path: Path) -> Iterator[Bundle]:
    """Open a bundle to be checked.

    Raises
    ------
    BundleError
        It is no archive, or one that no export writes: names that lead outside, twice the same name, too many
        files, too large ones, encryption.
    """
    _require_small_directory(path)
    try:
        archive = ZipFile(path)
    except (BadZipFile, ValueError, NotImplementedError) as error:
        raise BundleError(f"{path} is not an audit bundle: {error}") from error
    with archive:
        yield Bundle(archive, _members(archive))


def _require_small_directory(path: Path) -> None:
    """Look at the archive's last bytes before its list of files is read: the list says how long it is.

    An export ends with the plain end record (APPNOTE 4.3.16): no comment, no ZIP64.
    """
    size = path.stat().st_size
    if size > ALL_BYTES:
        raise BundleError(f"{path} is over {ALL_BYTES >> 20} MiB")
    with path.open("rb") as file:
        file.seek(max(0, size - _END.size - len(_ZIP64) - _ZIP64_REST))
        tail = file.read()
    if len(tail) < _END.size or not tail.startswith(b"PK\x05\x06", len(tail) - _END.size):
        raise BundleError(f"{path} is not an audit bundle")
    *_, entries, directory_bytes, _, _ = _END.unpack(tail[-_END.size :])
    if tail.startswith(_ZIP64) or entries > MEMBERS or directory_bytes > SMALL_BYTES:
        raise BundleError(f"{path} holds more files than a bundle has")


def _members(archive: ZipFile) -> dict[str, ZipInfo]:
    infos = archive.infolist()
    members: dict[str, ZipInfo] = {}
    for info in infos:
        if not _NAME.fullmatch(info.filename):
            raise BundleError(f"{info.filename!r} is not a name that a bundle has")
        if info.filename in members:
            raise BundleError(f"{info.filename} is there twice")
        if info.flag_bits & _ENCRYPTED or info.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
            raise BundleError(f"{info.filename} is packed in a way that no export packs")
        if info.file_size > MEMBER_BYTES:
            raise BundleError(f"{info.filename} is over {MEMBER_BYTES >> 20} MiB")
        members[info.filename] = info
    if sum(info.file_size for info in infos) > ALL_BYTES:
        raise BundleError(f"its files are over {ALL_BYTES >> 20} MiB together")
    return members


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except (BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise BundleError(f"{name} cannot be unpacked: {error}") from error
