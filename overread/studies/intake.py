"""The one way in: bytes already synced to the objects, then known, new, or a conflict."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from overread.domain.audit import AuditEvent
from overread.domain.datasets import pseudonym, split_of
from overread.domain.errors import ConflictError
from overread.domain.identifiers import Digest, Site, SopInstanceUid, StudyUid
from overread.domain.screening import Outcome, RuleOutcome
from overread.domain.studies import Acquisition, Instance, Patient, Study, StudyState
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork

SPLIT_SALT = "split-salt"
SCREEN = "screen"  # outbox topic
WAITING = frozenset({StudyState.RECEIVED, StudyState.SCREENED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """What the header of one stored object says; `patient_id` is the hospital's own."""

    sop_uid: SopInstanceUid
    study: StudyUid
    digest: Digest
    site: Site
    patient_id: str
    patient_name: str = ""
    birth_date: date | None = None
    sex: str = ""
    study_date: date | None = None
    acquisition: Acquisition = field(default_factory=Acquisition)
    sent_by: str = ""
    source: str = "sent"


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What intake did with an arrival."""

    study: Study
    instance: Instance
    is_new: bool


class OtherBytesError(ConflictError):
    """The SOP Instance UID is known with other content."""

    code = "other-bytes"

    def __init__(self) -> None:
        super().__init__("this SOP Instance UID is stored with other bytes; a UID never changes its content")


def receive(work: UnitOfWork, arrival: Arrival, *, task: Task, now: datetime, queued: bool = True) -> Receipt:
    """Keep an arrival and queue its screening; the same bytes again change nothing.

    Whoever screens it in the same transaction leaves it out of the queue (`queued`).

    Raises
    ------
    OtherBytesError
        Its SOP Instance UID stands for other bytes.
    """
    known = work.studies.instance(arrival.sop_uid)
    if known is not None:
        if known.digest != arrival.digest:
            raise OtherBytesError
        return Receipt(study=work.studies.get(known.study), instance=known, is_new=False)
    study = work.studies.find(arrival.study)
    if study is None:
        study = _new_study(work, arrival, task=task, now=now)
    elif study.state is not StudyState.RECEIVED:
        study = _further_image(work, study)
    instance = Instance(
        sop_uid=arrival.sop_uid,
        study=study.uid,
        digest=arrival.digest,
        received_at=now,
        rows=arrival.acquisition.rows,
        columns=arrival.acquisition.columns,
        sent_by=arrival.sent_by,
    )
    work.studies.add_instance(instance)
    if queued and study.state is StudyState.RECEIVED:
        work.outbox.put(SCREEN, key=study.uid, at=now)
    work.audit.append(
        AuditEvent(
            at=now,
            by=arrival.sent_by,
            action="instance-received",
            subject=arrival.sop_uid,
            study=study.uid,
            details={"digest": arrival.digest},
        )
    )
    return Receipt(study=study, instance=instance, is_new=True)


def keep_patient(work: UnitOfWork, arrival: Arrival, *, task: Task) -> Patient:
    """Keep a patient at first sight, with the split that a salted hash gives for ever."""
    salt = work.people.fact(SPLIT_SALT)
    key = pseudonym(arrival.patient_id, issuer=arrival.site, salt=salt)
    patient = Patient(
        key=key,
        id=arrival.patient_id,
        name=arrival.patient_name,
        birth_date=arrival.birth_date,
        sex=arrival.sex,
    )
    work.studies.keep_patient(patient, split_of(key, salt=salt, shares=task.shares))
    return patient


def _new_study(work: UnitOfWork, arrival: Arrival, *, task: Task, now: datetime) -> Study:
    study = Study(
        uid=arrival.study,
        site=arrival.site,
        patient=keep_patient(work, arrival, task=task).key,
        state=StudyState.RECEIVED,
        received_at=now,
        study_date=arrival.study_date,
        source=arrival.source,
        acquisition=arrival.acquisition,
    )
    work.studies.add(study)
    return study


def _further_image(work: UnitOfWork, study: Study) -> Study:
    """Screen anew what waits for the model; once it has its answer, only cohort eligibility changes."""
    if study.state is StudyState.SCREENED:
        changed = replace(study, state=StudyState.RECEIVED)
    else:
        outcome = RuleOutcome(
            code="R06_IMAGE_COUNT", outcome=Outcome.FAIL, text="a further image arrived after the answer"
        )
        changed = study.screened(study.screening.with_outcome(outcome))
    work.studies.save(changed)
    return changed
