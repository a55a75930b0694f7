"""Patients, and pictures that look the same, across splits: found, named, refused."""

from collections.abc import Sequence
from dataclasses import dataclass

from overread.domain.datasets import Split
from overread.domain.identifiers import StudyUid
from overread.domain.studies import Study
from overread.imaging.likeness import Fingerprint, pairs


@dataclass(frozen=True, kw_only=True, slots=True)
class Leak:
    """One picture in two splits."""

    first: StudyUid
    second: StudyUid


def leaks(studies: Sequence[Study], splits: Sequence[Split]) -> list[Leak]:
    """Return the pairs of look-alike pictures whose splits differ."""
    known = [(study, split) for study, split in zip(studies, splits, strict=True) if study.fingerprint]
    fingerprints = [Fingerprint(study.fingerprint) for study, _ in known if study.fingerprint]
    return [
        Leak(first=known[i][0].uid, second=known[j][0].uid)
        for i, j in pairs(fingerprints)
        if known[i][1] is not known[j][1]
    ]
