"""Patients, and pictures that look the same, across splits: found, named, refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from overread.domain.datasets import Split
from overread.domain.identifiers import StudyUid
from overread.domain.studies import Study
from overread.imaging.likeness import Fingerprint, pairs

Alike = Sequence[tuple[StudyUid, StudyUid]]

_ORDER = (Split.TRAIN, Split.TUNE, Split.TEST)


@dataclass(frozen=True, kw_only=True, slots=True)
class Leak:
    """One picture in two splits: training gives way to tuning, and both to the test set."""

    leaves: StudyUid
    stays: StudyUid


def look_alikes(studies: Sequence[Study]) -> Alike:
    """Return the pairs of studies whose pictures look the same; one without a fingerprint is in none."""
    known = [study for study in studies if study.fingerprint]
    found = pairs([Fingerprint(study.fingerprint) for study in known if study.fingerprint])
    return [(known[i].uid, known[j].uid) for i, j in found]


def leaks(alike: Alike, splits: Mapping[StudyUid, Split]) -> list[Leak]:
    """Return the look-alikes whose splits differ; a study that `splits` does not name is in none."""
    found = []
    for pair in alike:
        if not all(uid in splits for uid in pair):
            continue
        leaves, stays = sorted(pair, key=lambda uid: _ORDER.index(splits[uid]))
        if splits[leaves] is not splits[stays]:
            found.append(Leak(leaves=leaves, stays=stays))
    return found
