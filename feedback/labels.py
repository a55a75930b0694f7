"""From a closed case to a label with its source; a test patient's goes to the errata and never trains."""

from collections.abc import Iterable
from datetime import datetime

from overread.domain.adjudication import FIRST_READS, Case
from overread.domain.datasets import Erratum, Split
from overread.domain.identifiers import derived_id
from overread.domain.labels import StudyLabel
from overread.store.unit_of_work import UnitOfWork


def keep_outcome(work: UnitOfWork, case: Case, *, now: datetime) -> StudyLabel:
    """Append the label that a closed case settles."""
    label, findings, grade = case.outcome
    settled = StudyLabel(
        id=derived_id("label", case.id),
        study=case.study,
        label=label,
        grade=grade,
        source="adjudication",
        at=now,
        findings=findings,
        case=case.id,
    )
    work.labels.add(settled)
    patient = work.studies.get(case.study).patient
    if work.studies.split(patient) is Split.TEST:
        work.labels.add_erratum(Erratum(study=case.study, case=case.id, at=now))
    return settled


def first_reads(cases: Iterable[Case]) -> tuple[list[str], list[str]]:
    """Return the labels of the two first reads of every case that has both, for kappa."""
    pairs = [case.reads[:FIRST_READS] for case in cases if len(case.reads) >= FIRST_READS]
    return [first.label.value for first, _ in pairs], [second.label.value for _, second in pairs]
