"""Patients, their studies and what is truly there: a department without end, every part found by its number.

`patient(department, n)` and `studies_of(department, n)` depend on the department's seed and `n` alone, so
any part can be made anywhere, in any order. A study says everything about itself: `pictures.draw` needs
nothing else. Its findings have seeds of their own: the same study without them is
`study.without_findings()`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from overread.domain.findings import Box, Label
from overread.domain.identifiers import FindingCode, PatientKey, StudyUid
from overread.simulation.chest import Chest, chest_of
from overread.simulation.lesions import plan
from overread.simulation.seeds import derived, happens, stream, uid

# Share of studies with a finding that have it as their first one.
MIX: Mapping[str, float] = {
    "fibrous_strand": 0.25,
    "calcification": 0.23,
    "nodule": 0.10,
    "effusion": 0.08,
    "consolidation": 0.08,
    "full_heart": 0.07,
    "aortic_knob": 0.05,
    "heavy_hilum": 0.04,
    "lung_markings": 0.04,
    "pacemaker": 0.04,
    "rib_variant": 0.02,
}
PASSING = frozenset({"effusion", "consolidation", "heavy_hilum", "lung_markings"})  # gone by the next study
SECOND_FINDING = 0.18
MOST_SUBTLE = 0.8
VISITS = (0.78, 0.16, 0.06)  # chance of one, two, three studies of a patient
LASTING = sum(share for code, share in MIX.items() if code not in PASSING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Patient:
    """One synthetic person; `key` is salted by the department and is the PatientID of the files."""

    key: PatientKey
    seed: int
    sex: str  # "F" or "M"
    born: date

    def age_on(self, day: date) -> int:
        """Return the age in whole years."""
        return day.year - self.born.year - ((day.month, day.day) < (self.born.month, self.born.day))


@dataclass(frozen=True, kw_only=True, slots=True)
class TrueFinding:
    """One thing that is there: `box` in fractions of the picture, `subtlety` 0 plain to 1 hardly visible."""

    code: FindingCode
    box: Box
    subtlety: float
    seed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulatedStudy:
    """One frontal chest study and its truth; everything that a drawing or a file of it needs."""

    seed: int
    study_uid: StudyUid
    patient: Patient
    maker: str
    acquired_at: datetime
    findings: tuple[TrueFinding, ...] = ()
    prior: StudyUid | None = None  # the patient's study before this one
    view: str = "PA"  # ViewPosition; another one is for the screening rules to refuse
    description: str = "CHEST PA"

    @property
    def age(self) -> int:
        """The patient's age at this study, in whole years."""
        return self.patient.age_on(self.acquired_at.date())

    @property
    def label(self) -> Label:
        """The true answer."""
        return Label.HAS_FINDING if self.findings else Label.NO_FINDING

    @property
    def codes(self) -> frozenset[str]:
        """What is truly there."""
        return frozenset(finding.code for finding in self.findings)

    @property
    def chest(self) -> Chest:
        """The patient's chest in this study's pose, without its findings."""
        return chest_of(patient_seed=self.patient.seed, pose_seed=self.seed, female=self.patient.sex == "F")

    def without_findings(self) -> "SimulatedStudy":
        """Return the very same study of a patient who has nothing."""
        return replace(self, findings=())

    def with_finding(self, code: str, *, subtlety: float, seed: int = 0) -> "SimulatedStudy":
        """Return the very same study with one finding more."""
        finding = _finding(
            self.chest, code, subtlety=subtlety, seed=derived("finding", self.seed, code, seed)
        )
        return replace(self, findings=(*self.findings, finding))


@dataclass(frozen=True, kw_only=True, slots=True)
class Department:
    """What is fixed about one department; shares of `makers` add up to 1."""

    seed: int
    prevalence: float = 0.5
    makers: tuple[tuple[str, float], ...] = (("A", 0.4), ("B", 0.3), ("C", 0.3))
    opened: datetime = datetime(2023, 1, 2, tzinfo=UTC)
    patients_per_day: float = 40.0


def patient(department: Department, number: int) -> Patient:
    """Return the patient with this number; the key does not show the number."""
    seed = derived("patient", department.seed, number)
    rng = np.random.default_rng(seed)
    age = float(np.clip(rng.normal(54, 17), 18.5, 93))
    return Patient(
        key=PatientKey(f"SIM{derived('key', department.seed, number):016x}"),
        seed=seed,
        sex="F" if happens(rng, 0.5) else "M",
        born=(_first_visit(department, number) - timedelta(days=age * 365.25)).date(),
    )


def studies_of(department: Department, number: int) -> tuple[SimulatedStudy, ...]:
    """Return all studies of one patient in time; lasting findings return in the later ones."""
    person = patient(department, number)
    rng = stream("visits", person.seed)
    at, made = _first_visit(department, number), list[SimulatedStudy]()
    for visit in range(1 + int(rng.choice(len(VISITS), p=VISITS))):
        if visit:
            at += timedelta(days=float(rng.uniform(2, 90)), minutes=float(rng.uniform(0, 400)))
        seed = derived("study", person.seed, visit)
        own = stream("acquisition", seed)
        names, shares = zip(*department.makers, strict=True)
        study = SimulatedStudy(
            seed=seed,
            study_uid=StudyUid(uid("study", seed)),
            patient=person,
            maker=str(own.choice(names, p=shares)),
            acquired_at=at.replace(microsecond=0),
            prior=made[-1].study_uid if made else None,
        )
        kept = _kept(made[-1], study.chest) if made else ()
        chance = department.prevalence
        if made:  # so that later studies are positive as often as first ones
            chance = (1 - LASTING) * chance / (1 - LASTING * chance)
        findings = kept or _drawn(study.chest, chance, stream("findings", seed))
        made.append(replace(study, findings=findings))
    return tuple(made)


def studies(department: Department, *, first: int = 0) -> Iterator[SimulatedStudy]:
    """Yield studies without end, patient by patient from number `first` on."""
    number = first
    while True:
        yield from studies_of(department, number)
        number += 1


def cohort(
    department: Department,
    wanted: Mapping[str, int],
    split_of: Callable[[PatientKey], str],
    *,
    first: int = 0,
) -> dict[str, tuple[SimulatedStudy, ...]]:
    """Return the wanted number of studies of each split, each in the order of acquisition.

    Patient numbers are tried from `first` on until every split has enough, so the shares in which `split_of`
    deals out patients need not fit the wanted numbers; studies beyond them are never drawn. `split_of` must
    give each split in `wanted` a share of patients. Another `first` or seed gives studies of other patients.
    """
    found: dict[str, list[SimulatedStudy]] = {split: [] for split in wanted}
    missing = sum(wanted.values())
    for study in studies(department, first=first):
        if missing <= 0:
            break
        split = split_of(study.patient.key)
        if len(found.get(split, ())) < wanted.get(split, 0):
            found[split].append(study)
            missing -= 1
    return {split: tuple(sorted(some, key=lambda study: study.acquired_at)) for split, some in found.items()}


def _first_visit(department: Department, number: int) -> datetime:
    """Return when a patient first comes: in order of number, on some day between eight and six."""
    day, order = divmod(number, department.patients_per_day)
    share = (order + stream("arrival", department.seed, number).random()) / department.patients_per_day
    return department.opened + timedelta(days=day, hours=8 + 10 * float(share))


def _drawn(chest: Chest, chance: float, rng: np.random.Generator) -> tuple[TrueFinding, ...]:
    if rng.random() >= chance:
        return ()
    count = 2 if happens(rng, SECOND_FINDING) else 1
    codes = rng.choice(list(MIX), size=count, replace=False, p=list(MIX.values()))
    return tuple(
        _finding(
            chest, str(code), subtlety=float(rng.uniform(0, MOST_SUBTLE)), seed=int(rng.integers(1 << 62))
        )
        for code in codes
    )


def _kept(before: SimulatedStudy, chest: Chest) -> tuple[TrueFinding, ...]:
    """Return the findings that last, seen again in the new pose."""
    return tuple(
        _finding(chest, finding.code, subtlety=finding.subtlety, seed=finding.seed)
        for finding in before.findings
        if finding.code not in PASSING
    )


def _finding(chest: Chest, code: str, *, subtlety: float, seed: int) -> TrueFinding:
    box = plan(code, chest, subtlety=subtlety, seed=seed).box(chest.tilt)
    return TrueFinding(code=FindingCode(code), box=box, subtlety=subtlety, seed=seed)
