"""Splits by patient, dataset versions and the frozen test set; a patient never crosses a split."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from overread.domain.errors import InputError
from overread.domain.identifiers import Digest, PatientKey, StudyUid, VersionKey


class Split(StrEnum):
    """What a patient's studies are used for, for ever."""

    TRAIN = "train"
    TUNE = "tune"
    TEST = "test"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shares:
    """Shares of patients in each split; the rest is the test set's."""

    train: float = 0.70
    tune: float = 0.20

    def __post_init__(self) -> None:
        """Refuse shares that are no shares."""
        if not (0 < self.train < 1 and 0 < self.tune < 1 and self.train + self.tune < 1):
            raise InputError("the shares of train and tune are above 0 and leave something for the test set")


def split_of(patient: PatientKey, *, salt: str, shares: Shares) -> Split:
    """Return a patient's split: a salted hash, the same on every machine and for ever."""
    digest = hashlib.sha256(f"{salt}|{patient}".encode()).digest()
    position = int.from_bytes(digest[:8], "big") / 2**64
    if position < shares.train:
        return Split.TRAIN
    return Split.TUNE if position < shares.train + shares.tune else Split.TEST


def pseudonym(patient_id: str, *, issuer: str, salt: str) -> PatientKey:
    """Return our key of a hospital's patient number; without the salt it leads nowhere."""
    digest = hashlib.blake2b(f"{issuer}|{patient_id}".encode(), key=salt.encode()[:64], digest_size=16)
    return PatientKey(digest.hexdigest())


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetVersion:
    """A frozen list of studies with labels and weights, addressed by the digest of its manifest."""

    version: str
    digest: Digest
    task: str
    created_at: datetime
    counts: Mapping[str, int] = field(default_factory=dict)
    corrections: int = 0
    parent: str | None = None
    registered: bool = True  # contains the registered training set; without it: outside the protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class TestSet:
    """The held-out studies, frozen once built; corrections of its patients go to an erratum list.

    One that refreshes another names it as its `parent`; `bridge` holds what the change alone does to numbers.
    """

    __test__ = False

    version: str
    digest: Digest
    task: str
    frozen_at: datetime
    n_positive: int
    n_negative: int
    looks: int
    parent: str | None = None
    bridge: Digest | None = None

    @property
    def unbridged(self) -> bool:
        """Whether it refreshes another and nobody has measured yet what that alone changes."""
        return self.parent is not None and self.bridge is None


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """One use of a test set, written before anything is scored; the verdict is added to the same row once."""

    id: str
    test_set: str
    look: int
    alpha: float
    candidate: VersionKey
    production: VersionKey | None
    by: str
    at: datetime
    why: str
    verdict: str | None = None


class Purpose(StrEnum):
    """Why a test set is scored where no verdict is asked for."""

    BRIDGE = "bridge"
    DRIFT_REFERENCE = "drift-reference"
    READER_STUDY = "reader-study"


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """One use of a test set without a verdict, written before anything is scored; it spends no look."""

    id: str
    test_set: str
    purpose: Purpose
    model: VersionKey
    by: str
    at: datetime
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Erratum:
    """A correction that touches a test patient: noted, never trained on."""

    study: StudyUid
    case: str
    at: datetime
