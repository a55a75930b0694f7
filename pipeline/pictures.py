"""Pictures by study at the size a network sees: from the caches, or decoded once from what is stored."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bootstrap.clock import utc_now
from bootstrap.storage import Storage
from overread.domain.errors import InputError, NotFoundError
from overread.domain.identifiers import Digest, StudyUid
from overread.domain.studies import Reason, StudyState
from overread.imaging.decoding import Decoder
from overread.learning.cache import PixelCache, caches_in, gather, write_cache
from overread.studies.screening import quarantine

Grey = NDArray[np.uint8]
CHUNK = 500  # pictures decoded between two caches: what a killed process loses


@dataclass(frozen=True, kw_only=True)
class PictureSource:
    """Where pictures come from; caches under `folder` are made as they are asked for, and never changed."""

    storage: Storage
    folder: Path
    size: int

    def caches(self) -> list[PixelCache]:
        """Return the caches of this size."""
        return caches_in(self.folder / str(self.size))

    def keep(self, pictures: Iterable[tuple[str, Grey]]) -> None:
        """Write pictures into a cache of their own."""
        write_cache(self.folder / str(self.size), self.size, pictures)

    def gather(self, studies: Sequence[StudyUid]) -> Grey:
        """Return the pictures of `studies`, (n, size, size); those in no cache are decoded first.

        Raises
        ------
        NotFoundError
            A study has neither a cached picture nor a stored object that can be decoded.
        """
        self._decode_missing(studies)
        return gather(self.caches(), studies)

    def readable(
        self, studies: Sequence[StudyUid], on_chunk: Callable[[], None] = lambda: None
    ) -> list[StudyUid]:
        """Return the studies whose picture is there or can be decoded; the others are quarantined."""
        self._decode_missing(studies, on_chunk)
        known = self._known()
        return [uid for uid in studies if uid in known]

    def _known(self) -> set[str]:
        return {key for cache in self.caches() for key in cache.keys}

    def _decode_missing(
        self, studies: Sequence[StudyUid], on_chunk: Callable[[], None] = lambda: None
    ) -> None:
        known = self._known()
        missing = list(dict.fromkeys(uid for uid in studies if uid not in known))
        with self.storage.look() as work:
            instances = work.studies.first_instances(missing)
        wanted = [(uid, instances[uid].digest) for uid in missing if uid in instances]
        if not wanted:
            return
        with Decoder() as decoder:
            for at in range(0, len(wanted), CHUNK):
                decoded = list(self._decoded(decoder, wanted[at : at + CHUNK]))
                if decoded:
                    self.keep(decoded)
                on_chunk()

    def _decoded(
        self, decoder: Decoder, wanted: Sequence[tuple[StudyUid, Digest]]
    ) -> Iterator[tuple[str, Grey]]:
        for uid, digest in wanted:
            try:
                picture = decoder.decode(self.storage.objects.get(digest), self.size)
            except (InputError, NotFoundError) as error:
                self._set_aside(uid, str(error))
            else:
                yield uid, picture

    def _set_aside(self, uid: StudyUid, why: str) -> None:
        with self.storage.work() as work:
            if work.studies.get(uid).state is not StudyState.QUARANTINED:
                quarantine(work, uid, [Reason(code="UNREADABLE", text=why)], now=utc_now())
                work.commit()
