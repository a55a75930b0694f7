"""From a closed case to a label with its source; a test patient's goes to the errata and never trains."""

from datetime import datetime

from overread.domain.adjudication import Case
from overread.domain.datasets import Erratum, Split
from overread.domain.identifiers import derived_id
from overread.domain.labels import ADJUDICATION, StudyLabel
from overread.store.unit_of_work import UnitOfWork


def keep_outcome(work: UnitOfWork, case: Case, *, now: datetime) -> StudyLabel:
    """Append the label that a closed case settles."""
    label, findings, grade = case.outcome
    settled = StudyLabel(
        id=derived_id("label", case.id),
        study=case.study,
        label=label,
        grade=grade,
        source=ADJUDICATION,
        at=now,
        findings=findings,
        case=case.id,
    )
    work.labels.add(settled)
    patient = work.studies.get(case.study).patient
    if work.studies.split(patient) is Split.TEST:
        work.labels.add_erratum(Erratum(study=case.study, case=case.id, at=now))
    return settled
