"""Pictures drawn or decoded once: a uint8 memory-map with its keys, named by its content, read by index.

A folder of it holds `pixels.u8` (n x size x size bytes, nothing else) and `manifest.json` (the keys, and the
SHA-256 of each picture); the folder's name is the SHA-256 of the manifest. It is written beside its place and
moved there whole, so a cache that exists is complete.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overread.domain.errors import InputError, NotFoundError

Pictures = NDArray[np.uint8]  # (n, size, size), in memory or mapped
_PIXELS = "pixels.u8"
_MANIFEST = "manifest.json"
_GONE = ".gone-"


@dataclass(frozen=True)
class PixelCache:
    """One written cache; `pictures` is mapped read-only."""

    folder: Path
    size: int
    keys: tuple[str, ...]
    digests: tuple[str, ...]

    @property
    def digest(self) -> str:
        """The name of this content: two caches of one digest hold the same pictures in the same order."""
        return self.folder.name

    @cached_property
    def pictures(self) -> Pictures:
        """All pictures, (n, size, size) uint8; the file is read where it is touched."""
        shape = (len(self.keys), self.size, self.size)
        if not self.keys:
            return np.zeros(shape, np.uint8)
        return np.memmap(self.folder / _PIXELS, np.uint8, "r", shape=shape)

    @cached_property
    def rows(self) -> dict[str, int]:
        """The index of each key."""
        return {key: row for row, key in enumerate(self.keys)}

    def verify(self) -> None:
        """Read everything once; raise `InputError` at the first picture that is not what was written."""
        for row in range(len(self.keys)):
            self.read([row])

    def read(self, rows: Sequence[int]) -> Pictures:
        """Return the pictures of `rows`, (n, size, size), each proven to be the one that was written.

        Raises
        ------
        InputError
            A picture has changed on disk.
        """
        found = self.pictures[rows]
        for row, picture in zip(rows, found, strict=True):
            if _sha256(picture.tobytes()) != self.digests[row]:
                raise InputError(
                    f"the picture of {self.keys[row]} in {self.folder} has changed; "
                    "delete the folder and run this again, which builds it anew"
                )
        return found


def write_cache(parent: Path, size: int, pictures: Iterable[tuple[str, Pictures]]) -> PixelCache:
    """Write pictures as they come and return the cache, a folder of `parent` named by its content.

    Parameters
    ----------
    parent : Path
        Made where it is missing; several caches may lie in it.
    size : int
        Height and width of every picture.
    pictures : iterable of (key, (size, size) uint8)
        Each key once.
    """
    parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=parent))
    try:
        entries = _write_pixels(draft / _PIXELS, size, pictures)
        text = json.dumps({"size": size, "pictures": entries}, separators=(",", ":")).encode()
        _write_synced(draft / _MANIFEST, text)
        place = parent / _sha256(text)
        if not place.exists():
            draft.chmod(0o755)
            draft.rename(place)
            _sync(parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return open_cache(place)


def open_cache(folder: Path) -> PixelCache:
    """Open what `write_cache` returned; raise when it is missing or not whole."""
    try:
        text = (folder / _MANIFEST).read_bytes()
        held = (folder / _PIXELS).stat().st_size
    except FileNotFoundError as error:
        raise NotFoundError(f"no picture cache at {folder}; build it again") from error
    if _sha256(text) != folder.name:
        raise InputError(
            f"the manifest in {folder} is not the one written; delete the folder and build it again"
        )
    manifest = json.loads(text)
    size, entries = manifest["size"], manifest["pictures"]
    if held != len(entries) * size * size:
        raise InputError(f"{folder / _PIXELS} is cut short; delete the folder and build it again")
    return PixelCache(folder, size, tuple(key for key, _ in entries), tuple(digest for _, digest in entries))


def caches_in(parent: Path) -> list[PixelCache]:
    """Open every cache that lies in `parent`, in the order of their names."""
    return [open_cache(found) for found in sorted(parent.glob("[0-9a-f]*")) if found.is_dir()]


def forget(parent: Path, key: str) -> int:
    """Take one picture out of every cache in `parent`; return how many held it. Safe to repeat at any point.

    A cache never changes: one that holds the picture is written anew without it, then moved out of sight and
    removed. Whoever has its pictures mapped reads on; whoever opens it just then finds it missing.
    """
    for left in parent.glob(f"{_GONE}*"):
        shutil.rmtree(left, ignore_errors=True)
    holding = [cache for cache in caches_in(parent) if key in cache.rows]
    for cache in holding:
        others = [
            (name, picture) for name, picture in zip(cache.keys, cache.pictures, strict=True) if name != key
        ]
        if others:
            write_cache(parent, cache.size, others)
        shutil.rmtree(cache.folder.rename(parent / f"{_GONE}{cache.digest}"))
    return len(holding)


def gather(caches: Sequence[PixelCache], keys: Sequence[str]) -> Pictures:
    """Return the pictures of `keys`, in that order, from whichever cache holds each (the first that does).

    Raises
    ------
    InputError
        A picture has changed since it was written, or the caches are of several sizes.
    NotFoundError
        A picture is in none of them.
    """
    if not caches:
        raise InputError("no picture cache to gather from")
    size = caches[0].size
    found = np.empty((len(keys), size, size), np.uint8)
    missing = np.ones(len(keys), bool)
    for cache in caches:
        if cache.size != size:
            raise InputError(f"caches of {size} and {cache.size} pixels do not go together")
        here = [row for row, key in enumerate(keys) if missing[row] and key in cache.rows]
        if here:
            found[here] = cache.read([cache.rows[keys[row]] for row in here])
            missing[here] = False
    if missing.any():
        first = keys[int(missing.argmax())]
        raise NotFoundError(
            f"{int(missing.sum())} pictures are in no cache, the first is {first}; build them first"
        )
    return found


def _write_pixels(path: Path, size: int, pictures: Iterable[tuple[str, Pictures]]) -> list[tuple[str, str]]:
    entries: dict[str, str] = {}
    with path.open("wb") as file:
        for key, picture in pictures:
            if picture.shape != (size, size) or picture.dtype != np.uint8:
                raise InputError(
                    f"the picture of {key} is {picture.dtype} {picture.shape}, not uint8 {(size, size)}"
                )
            if key in entries:
                raise InputError(f"{key} comes twice into one picture cache")
            content = picture.tobytes()
            entries[key] = _sha256(content)
            file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return list(entries.items())


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
