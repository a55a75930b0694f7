"""A signed report that contradicts the model is a correction without a click."""

from feedback.cases import bar_signer
from feedback.corrections import file_correction
from overread.domain.corrections import Correction, Kind, Origin, Verdict, contradicts, standing
from overread.domain.findings import Label
from overread.domain.identifiers import derived_id
from overread.domain.reports import Report, ReportStatus
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork


def file_if_contradicted(
    work: UnitOfWork, report: Report, *, task: Task, answer_shown: bool
) -> Correction | None:
    """File a correction where the signed class differs from the model's answer.

    Nothing is filed where the signer's own latest word on the study says the same already, and a report
    files once: it is asked at its signing and, where the answer came later, when the answer is kept. Whoever
    signs has reported the study, and is barred from its open case, contradiction or not.
    """
    if report.status is not ReportStatus.SIGNED or report.signed_by is None or report.signed_at is None:
        return None
    bar_signer(work, report)
    prediction = work.studies.answer(report.study)
    if prediction is None or not contradicts(prediction, report.label):
        return None
    filed = derived_id("signed-report", report.study, str(report.version))
    words = work.corrections.of_study(report.study)
    if any(word.id == filed for word in words):
        return None
    if any(word.by == report.signed_by and word.label is report.label for word in standing(words)):
        return None
    missed = report.label is Label.HAS_FINDING
    return file_correction(
        work,
        Correction(
            id=filed,
            study=report.study,
            by=report.signed_by,
            at=report.signed_at,
            verdict=Verdict.DISAGREE,
            label=report.label,
            kind=Kind.MISSED_FINDING if missed else Kind.FALSE_ALARM,
            findings=report.findings if missed else (),
            model_version=prediction.model_version,
            model_digest=prediction.model_digest,
            model_label=prediction.label,
            answer_shown=answer_shown,
            origin=Origin.SIGNED_REPORT,
        ),
        task=task,
    )
