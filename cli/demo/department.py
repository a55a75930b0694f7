"""The demo's studies: how many of which, and their drawing in child processes."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overread.domain.identifiers import PatientKey
from overread.imaging.likeness import fingerprint
from overread.imaging.rendering import picture
from overread.simulation import scenarios
from overread.simulation.broken import with_broken_pixels
from overread.simulation.pictures import draw, rendered, single_threaded
from overread.simulation.population import Department, SimulatedStudy, cohort
from overread.simulation.studies import to_dicom

CHUNK = 25
ARRIVALS = datetime(2026, 2, 2, tzinfo=UTC)
NEW_SCANNER = datetime(2026, 4, 6, tzinfo=UTC)  # its follow-ups reach into September


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How many studies the demo has of each kind; of the drifted ones so many are read."""

    train: int
    tune: int
    test: int
    arriving: int
    drifted: int
    drifted_read: int
    drawn_at: int = 384


FULL = Sizes(train=1800, tune=600, test=1200, arriving=1400, drifted=200, drifted_read=100)
FAST = Sizes(train=1000, tune=400, test=700, arriving=300, drifted=110, drifted_read=90, drawn_at=256)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cast:
    """All studies of one demo, none drawn yet."""

    train: tuple[SimulatedStudy, ...]
    tune: tuple[SimulatedStudy, ...]
    test: tuple[SimulatedStudy, ...]
    arriving: tuple[SimulatedStudy, ...]
    drifted: tuple[SimulatedStudy, ...]

    @property
    def history(self) -> tuple[SimulatedStudy, ...]:
        """What was reported before the demo begins."""
        return (*self.train, *self.tune, *self.test)


def cast(seed: int, sizes: Sizes, split_of: Callable[[PatientKey], str]) -> Cast:
    """Return the studies of a seed: history by split, then arrivals of other patients, most to train."""
    history = cohort(
        Department(seed=seed), {"train": sizes.train, "tune": sizes.tune, "test": sizes.test}, split_of
    )
    few = max(2, sizes.arriving // 50)
    wanted = {"train": sizes.arriving - 2 * few, "tune": few, "test": few}
    arriving = cohort(_since(seed, 1, ARRIVALS), wanted, split_of)
    later = cohort(_since(seed, 2, NEW_SCANNER), {"train": sizes.drifted}, split_of)
    everyone = [study for part in arriving.values() for study in part]
    return Cast(
        train=history["train"],
        tune=history["tune"],
        test=history["test"],
        arriving=_with_oddities(sorted(everyone, key=lambda study: _turn(seed, study))),
        drifted=scenarios.new_scanner(later["train"], share=1.0, rng=np.random.default_rng(seed)),
    )


def _since(seed: int, part: int, opened: datetime) -> Department:
    """Return the same kind of department with other patients, from a later day on."""
    return Department(seed=1_000_000 * part + seed, opened=opened)


def _turn(seed: int, study: SimulatedStudy) -> tuple[bytes, datetime]:
    """Return when a study arrives: patients in random order, each one's studies in time.

    In the order of acquisition the last studies of so short a period would nearly all be follow-ups, and the
    drift check would be right to see it.
    """
    return hashlib.sha256(f"{seed}|{study.patient.key}".encode()).digest(), study.acquired_at


def _with_oddities(studies: Sequence[SimulatedStudy]) -> tuple[SimulatedStudy, ...]:
    """Return the studies with one in a hundred a child's, a lateral or a bedside one, in turn."""
    odd = (scenarios.of_a_minor, scenarios.lateral, scenarios.bedside)
    return tuple(
        odd[(place // 100) % len(odd)](study) if place % 100 == 50 else study  # noqa: PLR2004 - mid-hundred
        for place, study in enumerate(studies)
    )


@dataclass(frozen=True, slots=True)
class Learned:
    """Pictures at the network's size, (n, size, size), with their fingerprints."""

    pictures: NDArray[np.uint8]
    fingerprints: tuple[bytes, ...]


def draw_learned(studies: Sequence[SimulatedStudy], size: int, drawn_at: int) -> Learned:
    """Draw studies at the network's size only: what is never shown needs no file."""
    single_threaded()
    pictures = np.stack([rendered(study, size, drawn_at=drawn_at) for study in studies])
    return Learned(pictures, tuple(bytes(fingerprint(one)) for one in pictures))


@dataclass(frozen=True, slots=True)
class Filed:
    """A study as a DICOM file on disk; `sight` is what its picture is known by when a reader sees it."""

    study: SimulatedStudy
    path: Path
    sight: str


def draw_files(studies: Sequence[SimulatedStudy], folder: Path, drawn_at: int) -> list[Filed]:
    """Draw studies and write them as DICOM files."""
    single_threaded()
    filed = []
    for study in studies:
        content = to_dicom(study, draw(study, drawn_at))
        path = folder / f"{study.study_uid}.dcm"
        path.write_bytes(content)
        filed.append(Filed(study=study, path=path, sight=sight_of(picture(content))))
    return filed


def sight_of(image: NDArray[np.uint8]) -> str:
    """Return what a picture is known by: the digest of its grey levels."""
    return hashlib.sha256(image.tobytes()).hexdigest()


def chunks(studies: Sequence[SimulatedStudy]) -> list[tuple[SimulatedStudy, ...]]:
    """Return studies in handfuls for the child processes."""
    return [tuple(studies[at : at + CHUNK]) for at in range(0, len(studies), CHUNK)]


def undecodable(file: Filed, folder: Path) -> Path:
    """Return a copy whose header is sound and whose pixels cannot be decoded: it must be quarantined."""
    uid = f"{file.study.study_uid}.9"
    path = folder / f"{uid}.dcm"
    path.write_bytes(with_broken_pixels(file.path.read_bytes(), study_uid=uid))
    return path
