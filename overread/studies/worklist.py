"""What a reader sees, in which order."""

from dataclasses import dataclass
from datetime import datetime

from overread.domain.findings import Label, Vocabulary
from overread.domain.predictions import Prediction
from overread.domain.studies import Patient, Study
from overread.store.studies import Filter
from overread.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the worklist; priority 1 is read first."""

    study: Study
    patient: Patient
    priority: int


def priority(study: Study, prediction: Prediction | None, vocabulary: Vocabulary) -> int:
    """Return 1 for an urgent finding, 2 for any other, 3 otherwise."""
    if study.label is not Label.HAS_FINDING:
        return 3
    if prediction is not None:
        likely = {code for code, value in prediction.by_finding.items() if value >= prediction.threshold}
        if any(row.urgent and row.code in likely for row in vocabulary.rows):
            return 1
    return 2


def page(
    work: UnitOfWork,
    wanted: Filter,
    *,
    after: tuple[datetime, str] | None,
    limit: int,
    vocabulary: Vocabulary,
) -> list[Row]:
    """Return one page, the latest received first."""
    rows = work.studies.page(wanted, after=after, limit=limit)
    answers = work.studies.first_predictions([study.uid for study, _ in rows])
    return [
        Row(study=study, patient=patient, priority=priority(study, answers.get(study.uid), vocabulary))
        for study, patient in rows
    ]
