"""What the department had before: reported studies, and ones with their truth to tune and test on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bootstrap.storage import Storage
from cli.demo.department import Cast
from overread.domain.adjudication import Grade
from overread.domain.audit import AuditEvent
from overread.domain.findings import Finding, Label
from overread.domain.identifiers import Digest, Site, SopInstanceUid, derived_id
from overread.domain.labels import StudyLabel
from overread.domain.screening import Outcome, RuleOutcome, Screening
from overread.domain.studies import Acquisition, Instance, Study, StudyState
from overread.domain.tasks import Task
from overread.simulation.pictures import boxes_in_pixels, draw
from overread.simulation.population import SimulatedStudy
from overread.simulation.readers import historical, look
from overread.simulation.studies import sop_instance_uid, to_dicom
from overread.store.unit_of_work import UnitOfWork
from overread.studies.arrivals import arrival_of
from overread.studies.intake import Arrival, keep_patient

DECLARED = Screening(
    outcomes=tuple(
        RuleOutcome(code=code, outcome=Outcome.DECLARED, text="declared by the simulated department")
        for code in ("R01", "R02", "R03", "R04", "R05", "R06", "R07", "R08")
    )
)
REPORTER = historical("old-reports")


@dataclass(frozen=True, kw_only=True)
class History:
    """Where the past is kept: the task, the site, and each maker's acquisition as its files state it."""

    task: Task
    site: Site
    drawn_at: int
    tags: Mapping[str, Acquisition]


def tags_of(makers: Iterable[str], example: SimulatedStudy, drawn_at: int) -> dict[str, Acquisition]:
    """Return what each maker's DICOM files say of the acquisition, read from a file of each."""
    found = {}
    for maker in makers:
        study = replace(example, maker=maker)
        content = to_dicom(study, draw(study, drawn_at))
        arrival = arrival_of(content, digest=Digest("0" * 64), site=Site("demo"), sent_by="")
        found[maker] = arrival.acquisition
    return found


def keep_history(
    work: UnitOfWork, cast: Cast, fingerprints: Iterable[bytes], history: History, *, now: datetime
) -> None:
    """Keep the past: training studies as they were reported, the others with their truth.

    The truth stands for what two careful readers would agree on, and is kept as that (grade: double).
    """
    for place, (study, fingerprint) in enumerate(zip(cast.history, fingerprints, strict=True)):
        work.studies.add(_study(work, study, fingerprint, history))
        as_reported = place < len(cast.train)
        read = _reported if as_reported else _true
        findings = tuple(read(study, history.drawn_at))
        work.labels.add(
            StudyLabel(
                id=derived_id("history", study.study_uid),
                study=study.study_uid,
                label=Label.HAS_FINDING if findings else Label.NO_FINDING,
                grade=Grade.REPORT if as_reported else Grade.DOUBLE,
                source="import:old-reports" if as_reported else "import:double-read",
                at=study.acquired_at,
                findings=findings,
            )
        )
    event = AuditEvent(
        at=now,
        by="operator",
        action="collection-imported",
        subject="import:history",
        details={"studies": len(cast.history)},
    )
    work.audit.append(event)


def _study(work: UnitOfWork, study: SimulatedStudy, fingerprint: bytes, history: History) -> Study:
    arrival = Arrival(
        sop_uid=SopInstanceUid(f"{study.study_uid}.1"),
        study=study.study_uid,
        digest=Digest("0" * 64),
        site=history.site,
        patient_id=str(study.patient.key),
        patient_name=f"Simulated^{study.patient.key}",
        birth_date=study.patient.born,
        sex=study.patient.sex,
    )
    made = Study(
        uid=study.study_uid,
        site=history.site,
        patient=keep_patient(work, arrival, task=history.task).key,
        state=StudyState.REPORTED,
        received_at=study.acquired_at,
        study_date=study.acquired_at.date(),
        source="import",
        acquisition=replace(history.tags[study.maker], age=study.age, sex=study.patient.sex),
        fingerprint=fingerprint,
    )
    return made.screened(DECLARED)


def _reported(study: SimulatedStudy, drawn_at: int) -> Sequence[Finding]:
    return [seen.finding(drawn_at) for seen in look(REPORTER, study).findings]


def _true(study: SimulatedStudy, drawn_at: int) -> Sequence[Finding]:
    return [Finding(code=code, box=box) for code, box in boxes_in_pixels(study, drawn_at)]


def keep_files(storage: Storage, studies: Iterable[SimulatedStudy], drawn_at: int, *, now: datetime) -> int:
    """Make DICOM files of old studies that reviewers will be shown; return how many were made."""
    made = 0
    for study in studies:
        content = to_dicom(study, draw(study, drawn_at))
        instance = Instance(
            sop_uid=sop_instance_uid(study),
            study=study.study_uid,
            digest=storage.objects.put(content),
            received_at=now,
            rows=drawn_at,
            columns=drawn_at,
        )
        with storage.work() as work:
            if work.studies.instance(instance.sop_uid) is None:
                work.studies.add_instance(instance)
                made += 1
            work.commit()
    return made
