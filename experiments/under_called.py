"""A data folder for the experiment from a collection that was imported: reports that miss, then two readers.

What is known of the training studies is taken as the truth. Their reports are written anew without some
findings, as old reports leave them out; a first model learns from those and is put in production unreviewed;
then two readers who know the truth read every study whose report missed something. What is short cut: no
model's answer is disagreed with, nobody presses a button, and each miss is found. Cases, reads, labels and
datasets are the product's own. Tuning and test studies keep their labels.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from feedback.adjudication import take_read
from feedback.cases import open_case
from feedback.datasets import Recipe
from overread.domain.adjudication import Case, Grade, Read
from overread.domain.audit import AuditEvent
from overread.domain.corrections import Origin
from overread.domain.datasets import Split
from overread.domain.errors import ConflictError, EvidenceError, NotFoundError
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey, derived_id
from overread.domain.labels import StudyLabel
from overread.domain.people import Person, Role
from overread.store.unit_of_work import UnitOfWork
from pipeline.candidates import Plan, jobs_of, register_candidate, train_side_by_side
from pipeline.retraining import build_dataset
from pipeline.services import PipelineServices

BY = "experiment"
HIDDEN = "experiment-hides"  # the fact that marks a data folder
REPORTS = "import:under-called"
READERS = tuple(Person(key=PersonKey(name), role=Role.READER) for name in ("truth-a", "truth-b"))


def prepare(
    services: PipelineServices,
    *,
    hidden: Sequence[str],
    training: str,
    seed: int = 1,
    on_progress: Callable[[float], None] = lambda _: None,
) -> str:
    """Make reports that miss the hidden findings, a first model, and corrections; return their dataset.

    Run again with the same findings, it goes on where it stopped.

    Raises
    ------
    ConflictError
        The data folder is a department's, or another experiment's.
    InputError
        A hidden finding is not in the task's vocabulary.
    EvidenceError
        No training study shows a hidden finding.
    """
    for code in hidden:
        services.task.vocabulary.row(code)
    with services.storage.look() as work:
        missed = _missed(work, hidden)
    if not missed:
        raise EvidenceError(f"no training study shows {' or '.join(hidden)}; hide what the collection has")
    _begin(services, hidden)
    with services.storage.work() as work:
        for truth in missed:
            _report(work, truth, hidden, services)
        work.commit()
    _first_model(services, training, seed, on_progress)
    for truth in missed:
        with services.storage.work() as work:
            _correct(work, truth, services)
            work.commit()
    return build_dataset(services, Recipe(), by=BY)


def _begin(services: PipelineServices, hidden: Sequence[str]) -> None:
    """Mark the data folder, once; what is written here must never be mistaken for a department's."""
    said, marked = ",".join(sorted(hidden)), False
    with services.storage.work() as work:
        with suppress(NotFoundError):
            marked = work.people.fact(HIDDEN) == said
        if marked:
            return
        if work.models.all() or work.cases.count_by_state():
            raise ConflictError(
                "this data folder is in use, and the experiment writes reports that miss on purpose; "
                "make a new one with `overread init` and `overread import`"
            )
        work.people.keep_fact(HIDDEN, said)
        event = AuditEvent(
            at=services.now(), by=BY, action="experiment-begun", subject="experiment", details={"hides": said}
        )
        work.audit.append(event)
        work.commit()


def _missed(work: UnitOfWork, hidden: Sequence[str]) -> list[StudyLabel]:
    """Return the imported labels of the training studies that show a hidden finding."""
    splits, labels = work.studies.splits(), work.labels.by_study()
    return [
        label
        for study in work.studies.all(cohort=True)
        if splits[study.patient] is Split.TRAIN
        for label in labels.get(study.uid, [])
        if label.registered and label.source != REPORTS
        if any(finding.code in hidden for finding in label.findings)
    ]


def _report(work: UnitOfWork, truth: StudyLabel, hidden: Sequence[str], services: PipelineServices) -> None:
    """Write the report that misses the hidden findings; where nothing else is left, it is no finding."""
    if any(label.source == REPORTS for label in work.labels.of_study(truth.study)):
        return
    left = tuple(finding for finding in truth.findings if finding.code not in hidden)
    shows = bool(left) or not truth.complete  # the collection names more than the vocabulary has
    work.labels.add(
        replace(
            truth,
            id=derived_id("under-called", truth.study),
            label=Label.HAS_FINDING if shows else Label.NO_FINDING,
            findings=left,
            source=REPORTS,
            grade=Grade.REPORT,
            at=services.now(),
        )
    )


def _first_model(
    services: PipelineServices, training: str, seed: int, on_progress: Callable[[float], None]
) -> None:
    """Train on the reports and put the model in production, where there is none; no verdict, no review."""
    with services.storage.look() as work:
        if work.models.production(services.task.name) is not None:
            return
    dataset = build_dataset(services, Recipe(corrections=False), by=BY)
    jobs = jobs_of(services, [Plan(dataset=dataset, recipe=training, seed=seed)])
    (trained,) = train_side_by_side(services, jobs, on_progress=on_progress)
    version = register_candidate(services, trained)
    with services.storage.work() as work:
        work.models.put_in_production(
            services.task.name,
            version,
            at=services.now(),
            by=(BY,),
            reason="where the compared strategies start from; nobody reviewed it",
            rollback=False,
        )
        work.commit()


def _correct(work: UnitOfWork, truth: StudyLabel, services: PipelineServices) -> None:
    """Let two readers say what is true, in a case of its own."""
    now, case_id = services.now(), derived_id("case", BY, truth.study)
    if work.cases.of_study(truth.study):
        return
    case = open_case(
        work,
        Case(
            id=case_id,
            study=truth.study,
            task=services.task.name,
            opened_at=now,
            origin=Origin.IMPORT,
        ),
    )
    for person in READERS:
        read = Read(
            id=derived_id("read", case_id, person.key),
            case=case_id,
            by=person.key,
            at=now,
            stage=case.stage,
            label=truth.label,
            findings=truth.findings,
        )
        case = take_read(work, read, person, task=services.task)
