"""A study and its life, from received to reported, or set aside with reasons."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from overread.domain.errors import InputError
from overread.domain.findings import Finding, Label
from overread.domain.identifiers import Digest, PatientKey, Site, SopInstanceUid, StudyUid
from overread.domain.screening import Outcome, RuleOutcome, Screening


class StudyState(StrEnum):
    """Where a study stands; `excluded` and `quarantined` are answers too, never dropped."""

    RECEIVED = "received"
    SCREENED = "screened"
    PREDICTED = "predicted"
    REPORTED = "reported"
    EXCLUDED = "excluded"
    QUARANTINED = "quarantined"


FINAL = frozenset({StudyState.PREDICTED, StudyState.REPORTED, StudyState.EXCLUDED, StudyState.QUARANTINED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why a study was set aside: a rule's code and one plain line."""

    code: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Patient:
    """The hospital's own identity of a patient; kept apart and shown only where a reader needs it."""

    key: PatientKey
    id: str
    name: str = ""
    birth_date: date | None = None
    sex: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Acquisition:
    """How a picture was taken: what drift and slices look at; no identity."""

    manufacturer: str = ""
    model: str = ""
    station: str = ""
    view: str = ""
    spacing_mm: float | None = None
    bits_stored: int | None = None
    photometric: str = ""
    rows: int = 0
    columns: int = 0
    age: int | None = None
    sex: str = ""

    def require_inside(self, findings: Iterable[Finding]) -> None:
        """Raise `InputError` where a finding's box lies outside the picture, if its size is known."""
        if not (self.rows and self.columns):
            return
        if any(f.box is not None and not f.box.within(self.rows, self.columns) for f in findings):
            raise InputError(f"a box lies outside the picture of {self.columns} by {self.rows} pixels")


@dataclass(frozen=True, kw_only=True, slots=True)
class Instance:
    """One stored object of a study, addressed by the digest of its bytes."""

    sop_uid: SopInstanceUid
    study: StudyUid
    digest: Digest
    received_at: datetime
    rows: int
    columns: int
    sent_by: str = ""


DELETED = "DELETED"  # the reason code of a study a person deleted


@dataclass(frozen=True, kw_only=True, slots=True)
class Study:
    """One radiographic examination as we hold it; `urgent` says that its answer names an urgent finding."""

    uid: StudyUid
    site: Site
    patient: PatientKey
    state: StudyState
    received_at: datetime
    study_date: date | None = None
    source: str = "sent"
    acquisition: Acquisition = field(default_factory=Acquisition)
    outcomes: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # rule code -> (outcome, text)
    reasons: tuple[Reason, ...] = ()
    cohort: bool = False
    label: Label | None = None
    probability: float | None = None
    fingerprint: bytes | None = None
    urgent: bool = False

    @property
    def deleted(self) -> bool:
        """Whether a person took it out of use for good; only the record of it stays."""
        return any(reason.code == DELETED for reason in self.reasons)

    @property
    def set_aside(self) -> bool:
        """Whether nobody is to read it: excluded, or quarantined."""
        return self.state in {StudyState.EXCLUDED, StudyState.QUARANTINED}

    @property
    def screening(self) -> Screening:
        """The outcome of every screening rule so far."""
        return Screening(
            outcomes=tuple(
                RuleOutcome(code=code, outcome=Outcome(outcome), text=text)
                for code, (outcome, text) in sorted(self.outcomes.items())
            )
        )

    def screened(self, screening: Screening) -> "Study":
        """Return the study with these outcomes; they decide whether it may train or test."""
        return replace(
            self,
            outcomes={o.code: (o.outcome.value, o.text) for o in screening.outcomes},
            cohort=not screening.cohort_reasons,
        )
