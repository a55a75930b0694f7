"""Which studies look alike, remembered from call to call: only new pictures are compared with all others."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from feedback.leaks import Alike
from overread.domain.identifiers import StudyUid
from overread.domain.studies import Study
from overread.imaging.likeness import Fingerprint, pairs


@dataclass(frozen=True, slots=True)
class _Memory:
    """What has been compared with each other, a digest of the fingerprint by study, and the pairs found."""

    compared: dict[StudyUid, str]
    alike: list[tuple[StudyUid, StudyUid]]


@dataclass(frozen=True, slots=True)
class LookAlikes:
    """Finds look-alikes with the help of a file that may be deleted at any time."""

    place: Path

    def among(self, studies: Sequence[Study]) -> Alike:
        """Return the pairs of `studies` whose pictures look the same, each once."""
        prints = {study.uid: study.fingerprint for study in studies if study.fingerprint}
        digests = {uid: hashlib.sha256(content).hexdigest() for uid, content in prints.items()}
        memory = self._read()
        known = sorted(uid for uid in prints if memory.compared.get(uid) == digests[uid])
        fresh = sorted(prints.keys() - set(known))
        order = [*known, *fresh]
        found = pairs([Fingerprint(prints[uid]) for uid in order], known=len(known))
        kept = set(known)
        remembered = [pair for pair in memory.alike if set(pair) <= kept]
        added = [(min(order[i], order[j]), max(order[i], order[j])) for i, j in found]
        alike = sorted((*remembered, *added))
        if fresh:
            self._write(_Memory(compared=digests, alike=alike))
        return alike

    def _read(self) -> _Memory:
        try:
            kept = json.loads(self.place.read_text(encoding="utf-8"))
            return _Memory(
                compared={StudyUid(uid): digest for uid, digest in kept["compared"].items()},
                alike=[(StudyUid(one), StudyUid(other)) for one, other in kept["alike"]],
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return _Memory(compared={}, alike=[])

    def _write(self, memory: _Memory) -> None:
        """Keep the memory whole: another process reads the old file or the new one."""
        self.place.parent.mkdir(parents=True, exist_ok=True)
        draft = self.place.with_name(f"{self.place.name}.{os.getpid()}")
        draft.write_text(json.dumps({"compared": memory.compared, "alike": memory.alike}), encoding="utf-8")
        draft.replace(self.place)
