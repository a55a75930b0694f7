"""What a reader sees, in which order."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from overread.domain.findings import Label, Vocabulary
from overread.domain.identifiers import PersonKey, StudyUid
from overread.domain.predictions import Prediction
from overread.domain.studies import Patient, Study, StudyState
from overread.store.studies import Filter
from overread.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the worklist; priority 1 is read first."""

    study: Study
    patient: Patient
    priority: int
    threshold: float | None = None


URGENT, FOUND, REST = PRIORITIES = (1, 2, 3)
AT_ONCE = 200  # studies looked at before the next are asked for


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a page of the list ended: among the studies of which priority, at which study."""

    priority: int
    received_at: datetime
    uid: str


def priority(study: Study, prediction: Prediction | None, vocabulary: Vocabulary) -> int:
    """Return 1 for an urgent finding, 2 for any other, 3 otherwise."""
    if study.label is not Label.HAS_FINDING:
        return REST
    if prediction is not None:
        likely = {code for code, value in prediction.by_finding.items() if value >= prediction.threshold}
        if any(row.urgent and row.code in likely for row in vocabulary.rows):
            return URGENT
    return FOUND


def page(
    work: UnitOfWork,
    wanted: Filter,
    *,
    after: tuple[datetime, str] | None,
    limit: int,
    vocabulary: Vocabulary,
    backwards: bool = False,
) -> list[Row]:
    """Return one page, the latest received first; `backwards` the one that ends before `after`."""
    rows = work.studies.page(wanted, after=after, limit=limit, backwards=backwards)
    answers = work.studies.answers_that_count([study.uid for study, _ in rows])
    return [
        Row(
            study=study,
            patient=patient,
            priority=priority(study, answers.get(study.uid), vocabulary),
            threshold=answers[study.uid].threshold if study.uid in answers else None,
        )
        for study, patient in rows
    ]


def by_priority(
    work: UnitOfWork,
    wanted: Filter,
    *,
    after: Place | None,
    limit: int,
    vocabulary: Vocabulary,
    backwards: bool = False,
) -> list[tuple[Row, Place]]:
    """Return one page: urgent findings that wait to be read, other findings that wait, then the rest.

    Each row comes with its place; `backwards` it is the page that ends before `after`. Studies in
    `wanted.not_so` are among the rest, where their arrival puts them, which tells nothing of an answer.
    """
    found: list[tuple[Row, Place]] = []
    for rank in reversed(PRIORITIES) if backwards else PRIORITIES:
        passed = 0 if after is None else (rank - after.priority if backwards else after.priority - rank)
        if len(found) == limit or passed > 0:
            continue
        start = None if after is None or after.priority != rank else (after.received_at, after.uid)
        rows = page(
            work,
            replace(wanted, priority=rank),
            after=start,
            limit=limit - len(found),
            vocabulary=vocabulary,
            backwards=backwards,
        )
        placed = [
            (row, Place(priority=rank, received_at=row.study.received_at, uid=row.study.uid)) for row in rows
        ]
        found = placed + found if backwards else found + placed
    return found


def next_unread(work: UnitOfWork, wanted: Filter, *, by: PersonKey, left: Study) -> StudyUid | None:
    """Return the study to read after one: an urgent finding, the next of the others, or the next of the rest.

    After the last of a kind comes its first; None at the end.

    Unread is what waits to be read and what the person has not had a word on. Studies in `wanted.not_so`,
    which this person must not read or another one reads or means to, are passed over.
    """
    waiting = replace(wanted, state=StudyState.PREDICTED)
    here = (left.received_at, left.uid)
    among_findings = here if left.label is Label.HAS_FINDING else None
    for rank, after in ((URGENT, None), (FOUND, among_findings), (FOUND, None), (REST, here), (REST, None)):
        for uid in _unsaid(work, replace(waiting, priority=rank), by=by, after=after):
            if uid not in wanted.not_so and uid != left.uid:
                return uid
    return None


def _unsaid(
    work: UnitOfWork, wanted: Filter, *, by: PersonKey, after: tuple[datetime, str] | None
) -> Iterator[StudyUid]:
    """Give the studies that a person has not had a word on, in the order of the list."""
    while rows := work.studies.page(wanted, after=after, limit=AT_ONCE):
        uids = [study.uid for study, _ in rows]
        said = {word.study for word in work.corrections.by_person(by, uids) if word.withdrawn_at is None}
        yield from (uid for uid in uids if uid not in said)
        after = (rows[-1][0].received_at, uids[-1])
