"""Which studies look alike, remembered from call to call: only new pictures are compared with all others."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from feedback.leaks import Alike
from overread.domain.identifiers import StudyUid
from overread.domain.studies import Study
from overread.imaging.likeness import Fingerprint, pairs
from pipeline.remembered import remember, remembered


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
        before = [pair for pair in memory.alike if set(pair) <= kept]
        added = [(min(order[i], order[j]), max(order[i], order[j])) for i, j in found]
        alike = sorted((*before, *added))
        if fresh:
            remember(self.place, {"compared": digests, "alike": alike})
        return alike

    def _read(self) -> _Memory:
        kept = remembered(self.place) or {}
        try:
            return _Memory(
                compared={StudyUid(uid): digest for uid, digest in kept["compared"].items()},
                alike=[(StudyUid(one), StudyUid(other)) for one, other in kept["alike"]],
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return _Memory(compared={}, alike=[])
