"""A reader study of which every read is given is told to MLflow, in a run of its own that names nobody."""

from feedback.reader_analysis import CrossoverAnalysis, analyse, nameless
from feedback.reader_studies import TELL_READER_STUDY
from feedback.reader_table import table
from model_registry.logbook import limited, shown
from model_registry.recording import recorded
from model_registry.tracking import Record
from overread.domain.reader_studies import CrossoverStudy
from pipeline.parcels import claimed
from pipeline.services import PipelineServices

EXPERIMENT = "reader-study"


def tell_reader_studies(services: PipelineServices) -> int:
    """Tell of the reader studies that are whole; return how many were told of."""
    done = 0
    for parcel in claimed(services, TELL_READER_STUDY):
        with services.storage.look() as work:
            study = work.reader_studies.get(parcel.key)
            reads, aid = work.reader_studies.reads(study.id), work.models.get(study.model_version)
        if len(reads) < study.reads_planned:
            continue  # others still read: before the end nothing is told
        now, found = services.now(), nameless(analyse(study, reads), name=study.id)
        name = f"aided by version {study.model_version}"
        with services.tracking.run(EXPERIMENT, name, key=study.id, now=now) as record:
            record.tags({"overread.reader_study": study.id, "overread.aid.run": aid.lineage.run})
            _tell(record, study, found)
            record.metrics(_metrics(found), at=now)
        done += 1
    return done


def _tell(record: Record, study: CrossoverStudy, found: CrossoverAnalysis) -> None:
    """Keep the design, every change as a person reads it, and the analysis whole."""
    record.params(
        {
            "model": study.model_version,
            "source": study.source,
            "readers": len(found.readers),
            "cases": found.n_cases,
            "cases_with_finding": found.n_positive,
            "washout_days": study.washout_days,
        }
    )
    record.tags({f"overread.change.{name}": shown(change) for name, change in found.changes.items()})
    record.table("reader-study.json", recorded(found))
    record.document("reader-study.md", "\n".join(table(found)) + "\n")


def _metrics(found: CrossoverAnalysis) -> dict[str, float]:
    numbers = {f"seconds.{arm}": time.median for arm, time in found.seconds.items()}
    for name, change in found.changes.items():
        numbers |= limited(f"change.{name}", change)
    return numbers
