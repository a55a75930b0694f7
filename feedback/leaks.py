"""Patients, and pictures that look the same, across splits: found, named, refused."""

from collections.abc import Sequence
from dataclasses import dataclass

from overread.domain.datasets import Split
from overread.domain.identifiers import StudyUid
from overread.domain.studies import Study
from overread.imaging.likeness import Fingerprint, pairs

_ORDER = (Split.TRAIN, Split.TUNE, Split.TEST)


@dataclass(frozen=True, kw_only=True, slots=True)
class Leak:
    """One picture in two splits: training gives way to tuning, and both to the test set."""

    leaves: StudyUid
    stays: StudyUid


def leaks(studies: Sequence[Study], splits: Sequence[Split]) -> list[Leak]:
    """Return the pairs of look-alike pictures whose splits differ."""
    known = [(study, split) for study, split in zip(studies, splits, strict=True) if study.fingerprint]
    fingerprints = [Fingerprint(study.fingerprint) for study, _ in known if study.fingerprint]
    found = []
    for alike in pairs(fingerprints):
        both = sorted((known[i] for i in alike), key=lambda one: _ORDER.index(one[1]))
        (leaves, lower), (stays, upper) = both
        if lower is not upper:
            found.append(Leak(leaves=leaves.uid, stays=stays.uid))
    return found
