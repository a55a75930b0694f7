"""Crossover reader studies: who reads what in which order, registered before the first read; reads taken."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from overread.domain.audit import AuditEvent
from overread.domain.errors import ConflictError, InputError, NotFoundError
from overread.domain.findings import require_consistent
from overread.domain.identifiers import PersonKey
from overread.domain.people import Permission, Person
from overread.domain.reader_studies import Arm, CrossoverRead, CrossoverStudy, ReaderSequence, Standing
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork

TELL_READER_STUDY = "tell-reader-study"  # outbox topic; its key is a study that a reader has finished


class NameTakenError(ConflictError):
    """A reader study of this name is registered; a registered one is never changed."""

    code = "name-taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"a reader study named {name} is registered already; choose another name")


def sequences(
    readers: Sequence[PersonKey], keys: Sequence[str], rng: np.random.Generator
) -> tuple[ReaderSequence, ...]:
    """Return a sequence for each reader; one generator state gives one answer.

    Of every two readers in the order named one begins unaided and the other aided (blocks of two); the order
    of the cases is drawn anew for each reader and arm.
    """
    arms = list(Arm)
    firsts = [int(first) for _ in range(0, len(readers), 2) for first in rng.permutation(2)]
    return tuple(
        ReaderSequence(
            reader=reader,
            arms=(arms[first], arms[1 - first]),
            orders=(_shuffled(keys, rng), _shuffled(keys, rng)),
        )
        for reader, first in zip(readers, firsts, strict=False)  # the last block may be half used
    )


def _shuffled(keys: Sequence[str], rng: np.random.Generator) -> tuple[str, ...]:
    return tuple(keys[place] for place in rng.permutation(len(keys)))


def register(work: UnitOfWork, study: CrossoverStudy) -> None:
    """Keep a reader study before anybody reads.

    Raises
    ------
    NameTakenError
        A study of this name stands.
    InputError
        Somebody named is not known here, or may not read cases.
    """
    require_free(work, study.name)
    require_readers(work, study.readers)
    work.reader_studies.add(study)
    details = {
        "name": study.name,
        "source": study.source,
        "cases": len(study.cases),
        "readers": list(study.readers),
        "first_arms": [sequence.arms[0] for sequence in study.sequences],
        "model": study.model_version,
        "washout_days": study.washout_days,
        "seed": study.seed,
    }
    event = AuditEvent(
        at=study.created_at,
        by=study.created_by,
        action="reader-study-registered",
        subject=study.id,
        details=details,
    )
    work.audit.append(event)


def require_free(work: UnitOfWork, name: str) -> None:
    """Raise `NameTakenError` where a study of this name stands."""
    if name in work.reader_studies.names():
        raise NameTakenError(name)


def require_readers(work: UnitOfWork, readers: Sequence[PersonKey]) -> None:
    """Raise `InputError` unless everybody named is known and may read cases."""
    for name in readers:
        person = work.people.find(name)
        if person is None:
            raise InputError(f"nobody here is named {name}; add them with `overread user add`")
        if not person.may(Permission.READ_CASE):
            raise InputError(f"{name} is {person.role}; only a reader or a senior reads cases")


def open_to(work: UnitOfWork, person: PersonKey, *, now: datetime) -> list[tuple[CrossoverStudy, Standing]]:
    """Return the studies in which a person has reads left, each with where they stand in it."""
    found = map(work.reader_studies.get, work.reader_studies.unfinished_of(person))
    return [(study, standing_in(work, study, person, now=now)) for study in found]


def standing_in(work: UnitOfWork, study: CrossoverStudy, person: PersonKey, *, now: datetime) -> Standing:
    """Return where a reader stands in a study; raise `NotFoundError` for anybody else."""
    return study.standing(person, work.reader_studies.reads(study.id, person), now=now)


def take_read(work: UnitOfWork, read: CrossoverRead, person: Person, *, task: Task) -> Standing:
    """Keep one read and return where its reader stands then.

    Raises
    ------
    NotFoundError, AlreadyReadError, WashoutError, NotDueError
        It is not this read that is due.
    InputError
        A finding is unknown, its box lies outside the picture, or the label contradicts the findings.
    """
    if read.reader != person.key:
        raise NotFoundError("no such reader study, or it is not yours to read")
    study = work.reader_studies.get(read.reader_study)
    given = work.reader_studies.reads(study.id, person.key)
    study.require_due(read, given)
    case = study.case(read.case)
    require_consistent(read.label, read.findings)
    task.vocabulary.check(read.findings)
    work.studies.get(case.study).acquisition.require_inside(read.findings)
    work.reader_studies.add_read(read)
    work.audit.append(
        AuditEvent(
            at=read.at,
            by=read.reader,
            action="reader-study-read",
            subject=read.id,
            study=case.study,
            details={"reader_study": study.id, "case": case.key, "arm": read.arm, "label": read.label},
        )
    )
    where = study.standing(person.key, [*given, read], now=read.at)
    if where.finished:
        work.outbox.put(TELL_READER_STUDY, key=study.id, at=read.at)
    return where
