"""A crossover played by simulated readers on a department's own test set: what such a study can show.

Everything goes the way of a real one (plan, registration, reads one at a time, washout, analysis), in one
transaction that is undone; the row that says the test set was used stays, and the maps among the objects. How
the readers see and how often they give way to the model is assumed: the table tells of such a study, and of
the model's use only under that assumption.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import numpy as np

from bootstrap.clock import new_id
from feedback.reader_analysis import CrossoverAnalysis, analyse
from feedback.reader_studies import register, standing_in, take_read
from model_registry.test_set import cases_of
from overread.domain.errors import NotFoundError
from overread.domain.findings import Box, Label
from overread.domain.identifiers import FindingCode, PersonKey, StudyUid
from overread.domain.people import Person, Role
from overread.domain.reader_studies import (
    HIGHEST_RATING,
    Arm,
    CrossoverCase,
    CrossoverName,
    CrossoverRead,
    CrossoverStudy,
)
from overread.simulation.population import MOST_SUBTLE, TrueFinding
from overread.simulation.readers import Reader, historical, perceive, resident
from overread.simulation.seeds import happens, stream
from overread.store.unit_of_work import UnitOfWork
from pipeline.reader_studies import Design, plan
from pipeline.services import PipelineServices

CASES, WASHOUT_DAYS = 40, 14
READERS = (  # two of old habits, who leave strands and calcifications unsaid, and two of today
    historical("simulated-1"),
    historical("simulated-2"),
    resident("simulated-3"),
    resident("simulated-4"),
)
GIVES_WAY = 0.5  # how often a reader takes over a model's answer that differs from their own
UNSURE = HIGHEST_RATING // 2  # ratings of a call lie above it, the others below
_UNNAMED = (FindingCode("nodule"),)
_ANYWHERE = Box(x0=0.4, y0=0.4, x1=0.6, y1=0.6)  # no place is asked of these readers

Truth = Mapping[StudyUid, tuple[TrueFinding, ...]]


def play(
    services: PipelineServices,
    *,
    seed: int = 1,
    cases: int = CASES,
    on_progress: Callable[[float], None] = lambda _: None,
) -> CrossoverAnalysis:
    """Let simulated readers read a crossover aided by the version in production, and analyse it.

    Raises
    ------
    NotFoundError
        Nothing is in production, or no test set is frozen.
    EvidenceError
        The test set has too few stored pictures of a class.
    """
    with services.storage.look() as work:
        production = work.models.production(services.task.name)
    if production is None:
        raise NotFoundError("no model is in production to aid the readers; promote one first")
    study = plan(
        services,
        Design(
            name=CrossoverName(f"simulated readers (seed {seed})"),
            n_cases=cases,
            readers=tuple(reader.key for reader in READERS),
            version=production.version,
            washout_days=WASHOUT_DAYS,
            seed=seed,
            by=PersonKey("experiment"),
        ),
    )
    with services.storage.work() as work:  # never committed: these readers and reads are undone
        for reader in READERS:
            work.people.add(reader.key, Role.READER, password=None, at=study.created_at)
        register(work, study)
        truth = _truth(services, work, seed)
        for done, reader in enumerate(READERS, start=1):
            _read_all(services, work, study, reader, truth)
            on_progress(done / len(READERS))
        return analyse(study, work.reader_studies.reads(study.id))


def _truth(services: PipelineServices, work: UnitOfWork, seed: int) -> Truth:
    """Return what is there to see: the test set's findings, each of a subtlety that is the same for all.

    A study of which only the label is known shows a nodule.
    """
    test_set = work.datasets.test_set()
    if test_set is None:
        raise NotFoundError("no test set is frozen")
    return {
        case.study: tuple(
            _true(code, case.study, seed) for code in case.findings or _UNNAMED[: int(case.positive)]
        )
        for case in cases_of(services.storage.objects, test_set)
    }


def _true(code: FindingCode, study: StudyUid, seed: int) -> TrueFinding:
    subtlety = float(stream("subtlety", seed, study, code).uniform(0, MOST_SUBTLE))
    return TrueFinding(code=code, box=_ANYWHERE, subtlety=subtlety, seed=seed)


def _read_all(
    services: PipelineServices, work: UnitOfWork, study: CrossoverStudy, reader: Reader, truth: Truth
) -> None:
    """Let one reader read both arms, a minute a case, and wait between them."""
    person, now = Person(key=reader.key, role=Role.READER), study.created_at
    while not (where := standing_in(work, study, reader.key, now=now)).finished:
        if where.opens_at is not None:
            now = where.opens_at
            continue
        if where.case is None or where.arm is None:
            raise ValueError("a reader who has not finished and does not wait has a case")
        case = study.case(where.case)
        read = _given(study, case, where.arm, reader, truth[case.study], at=now)
        take_read(work, read, person, task=services.task)
        now += timedelta(minutes=1)


def _given(
    study: CrossoverStudy,
    case: CrossoverCase,
    arm: Arm,
    reader: Reader,
    truth: tuple[TrueFinding, ...],
    *,
    at: datetime,
) -> CrossoverRead:
    """Return what a reader says of a case: what they see, or in the aided arm at times the model's answer."""
    rng = stream("reader study", study.seed, reader.key, case.study, arm)
    label = perceive(reader, truth, rng).label
    if arm is Arm.AIDED and study.called(case) is not label and happens(rng, GIVES_WAY):
        label = study.called(case)
    return CrossoverRead(
        id=new_id(),
        reader_study=study.id,
        case=case.key,
        reader=reader.key,
        arm=arm,
        at=at,
        label=label,
        rating=_rating(label, rng),
    )


def _rating(label: Label, rng: np.random.Generator) -> int:
    lowest = UNSURE if label is Label.HAS_FINDING else 0
    return int(rng.integers(lowest, lowest + UNSURE))
