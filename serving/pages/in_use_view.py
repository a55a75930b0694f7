"""What the review page shows of use: second reads of answers given, readers without and with the model."""

from typing import Any

from feedback.reader_analysis import analyse
from model_registry.recording import recorded
from monitoring.performance import live_performance
from overread.domain.findings import Label
from overread.domain.identifiers import VersionKey
from overread.domain.reader_studies import CrossoverStudy
from overread.store.unit_of_work import UnitOfWork
from serving.pages.formats import grouped
from serving.pages.performance_view import performance_row
from serving.pages.shadow_view import signed_limits
from serving.pages.visits import Visit


def in_use_view(visit: Visit, version: VersionKey, beside: VersionKey | None) -> dict[str, Any]:
    """Return the section's facts of a version; `beside` is the one it was compared with, if any."""
    versions = [version] if beside is None or beside == version else [version, beside]
    with visit.web.look() as work:
        return {
            "audits": [
                {**performance_row(visit, row), "when": f"v{row.version}"}
                for each in versions
                for row in live_performance(work, each, months=0)
            ],
            "reader_studies": [
                _reader_study(visit, work, study) for study in work.reader_studies.aided_by(version)
            ],
        }


def _reader_study(visit: Visit, work: UnitOfWork, study: CrossoverStudy) -> dict[str, Any]:
    """Return a study's design and progress; before the last read nothing of what it shows."""
    words, reads = visit.words, work.reader_studies.reads(study.id)
    whole = len(reads) == study.reads_planned
    changes: Any = recorded(analyse(study, reads).changes) if whole else {}
    return {
        "name": study.name,
        "counts": words.text(
            "reader_study.counts",
            readers=len(study.readers),
            cases=grouped(len(study.cases)),
            positive=grouped(sum(case.truth is Label.HAS_FINDING for case in study.cases)),
        ),
        "progress": words.text(
            "reader_study.whole" if whole else "reader_study.reads",
            reads=grouped(len(reads)),
            planned=grouped(study.reads_planned),
        ),
        "changes": [
            (words.text(f"reader_study.change.{name}"), signed_limits(change, 3))
            for name, change in changes.items()
        ],
    }
