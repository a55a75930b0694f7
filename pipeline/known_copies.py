"""Which learned pictures are copies of tested ones, remembered: only new pictures are searched for."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from feedback.leaks import Alike
from overread.domain.identifiers import StudyUid
from overread.imaging.copies import copies
from overread.imaging.likeness import Fingerprint
from pipeline.remembered import remember, remembered

Prints = Mapping[StudyUid, bytes]


@dataclass(frozen=True, slots=True)
class _Memory:
    """All learned pictures were compared with all tested ones; a digest of each, and the pairs found."""

    learned: dict[StudyUid, str]
    tested: dict[StudyUid, str]
    found: list[tuple[StudyUid, StudyUid]]


@dataclass(frozen=True, slots=True)
class KnownCopies:
    """Finds copies with the help of a file that may be deleted at any time."""

    place: Path

    def between(self, learned: Prints, tested: Prints) -> Alike:
        """Return the pairs (learned, tested) that show one exposure, each once."""
        memory = self._read()
        ours, theirs = _digests(learned), _digests(tested)
        old_tested = {uid for uid in tested if memory.tested.get(uid) == theirs[uid]}
        old_learned = {uid for uid in learned if memory.learned.get(uid) == ours[uid]}
        new_tested, new_learned = sorted(tested.keys() - old_tested), sorted(learned.keys() - old_learned)
        found = {pair for pair in memory.found if pair[0] in old_learned and pair[1] in old_tested}
        found |= _searched(learned, new_learned, tested, sorted(tested))
        found |= _searched(learned, sorted(old_learned), tested, new_tested)
        if new_tested:  # what is remembered beyond these was not searched for among them
            remember(self.place, asdict(_Memory(learned=ours, tested=theirs, found=sorted(found))))
        elif new_learned:
            kept = {uid: digest for uid, digest in memory.learned.items() if uid not in learned}
            beyond = {pair for pair in memory.found if pair[0] in kept and pair[1] in tested}
            remember(
                self.place, asdict(_Memory(learned=kept | ours, tested=theirs, found=sorted(found | beyond)))
            )
        return sorted(found)

    def _read(self) -> _Memory:
        kept = remembered(self.place) or {}
        try:
            return _Memory(
                learned={StudyUid(uid): digest for uid, digest in kept["learned"].items()},
                tested={StudyUid(uid): digest for uid, digest in kept["tested"].items()},
                found=[(StudyUid(one), StudyUid(other)) for one, other in kept["found"]],
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return _Memory(learned={}, tested={}, found=[])


def _digests(prints: Prints) -> dict[StudyUid, str]:
    return {uid: hashlib.sha256(content).hexdigest() for uid, content in prints.items()}


def _searched(
    learned: Prints, ours: list[StudyUid], tested: Prints, theirs: list[StudyUid]
) -> set[tuple[StudyUid, StudyUid]]:
    found = copies([Fingerprint(learned[uid]) for uid in ours], [Fingerprint(tested[uid]) for uid in theirs])
    return {(ours[i], theirs[j]) for i, j in found}
