"""A reader study set up: cases of the frozen test set, what the aided arm shows, everybody's order."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bootstrap.clock import new_id
from feedback.reader_studies import register, require_free, require_readers, sequences
from model_registry.evaluation import score
from model_registry.kept_scores import Scores
from model_registry.ledger import Occasion, note_use
from model_registry.packaging import open_package
from model_registry.test_set import TestCase, cases_of
from overread.domain.datasets import Purpose, TestSet
from overread.domain.errors import EvidenceError, InputError, NotFoundError, RuleError
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey, StudyUid, VersionKey
from overread.domain.models import ModelState, ModelVersion
from overread.domain.reader_studies import CrossoverCase, CrossoverName, CrossoverStudy
from overread.domain.studies import StudyState
from overread.store.unit_of_work import UnitOfWork
from pipeline.leaks import refuse_leaks
from pipeline.services import PipelineServices

FEWEST = 2  # one case of each class


class UntriedError(RuleError):
    """A candidate's answers on test cases would be told before its verdict."""

    code = "untried"

    def __init__(self, version: str) -> None:
        super().__init__(
            f"version {version} is a candidate without a verdict on this test set; compare it first, so that "
            "readers' results cannot choose it"
        )
        self.version = version


@dataclass(frozen=True, kw_only=True, slots=True)
class Design:
    """What somebody asks for; `seed` decides the cases, every order, and who begins with which arm."""

    name: CrossoverName
    n_cases: int
    readers: tuple[PersonKey, ...]
    version: VersionKey
    washout_days: int
    seed: int
    by: PersonKey


def set_up(services: PipelineServices, design: Design) -> CrossoverStudy:
    """Plan a study and register it.

    Raises
    ------
    InputError, NameTakenError
        The design names nobody, somebody who may not read, or a study that stands; and as `plan` does.
    """
    with services.storage.look() as work:
        require_free(work, design.name)
        require_readers(work, design.readers)
    study = plan(services, design)
    with services.storage.work() as work:
        register(work, study)
        work.commit()
    return study


def plan(services: PipelineServices, design: Design) -> CrossoverStudy:
    """Draw the cases, score them once with the fixed version, and draw the orders; nobody reads before more.

    Raises
    ------
    NotFoundError
        No test set is frozen, or there is no such version.
    UntriedError
        The version is a candidate that has not had its verdict on this test set.
    EvidenceError
        Too few cases of a class have a picture that none of the readers knows.
    LeakError
        The version learned from a patient or a picture of the cases.
    """
    if design.n_cases < FEWEST:
        raise InputError("a reader study needs at least two cases, one with a finding and one without")
    rng = np.random.default_rng(design.seed)
    with services.storage.look() as work:
        model = work.models.get(design.version)
        test_set = work.datasets.test_set()
        if test_set is None:
            raise NotFoundError("no test set is frozen yet; `overread compare` freezes one")
        _require_verdict(work, test_set, model)
        found = cases_of(services.storage.objects, test_set)
        drawn = draw(work, found, n=design.n_cases, readers=design.readers, rng=rng)
    refuse_leaks(services, design.version, drawn)
    _note(services, test_set, design)
    scores, maps = _scored(services, model, drawn), io.BytesIO()
    np.save(maps, scores.map)
    cases = tuple(
        CrossoverCase(key=new_id(), study=case.study, truth=case.label, probability=float(probability))
        for case, probability in zip(drawn, scores.probability[:, 0], strict=True)
    )
    return CrossoverStudy(
        id=new_id(),
        name=design.name,
        task=services.task.name,
        created_at=services.now(),
        created_by=design.by,
        source=f"test-set:{test_set.version}",
        model_version=model.version,
        model_digest=model.digest,
        threshold=model.threshold,
        washout_days=design.washout_days,
        seed=design.seed,
        maps=services.storage.objects.put(maps.getvalue()),
        cases=cases,
        sequences=sequences(design.readers, [case.key for case in cases], rng),
    )


def _require_verdict(work: UnitOfWork, test_set: TestSet, model: ModelVersion) -> None:
    asked = {look.candidate for look in work.datasets.looks(test_set.version)}
    if model.state not in {ModelState.PRODUCTION, ModelState.RETIRED} and model.version not in asked:
        raise UntriedError(model.version)


def _note(services: PipelineServices, test_set: TestSet, design: Design) -> None:
    """Write into the ledger that the test set is scored, before it is."""
    occasion = Occasion(
        purpose=Purpose.READER_STUDY, model=design.version, by=design.by, why=f"reader study {design.name}"
    )
    with services.storage.work() as work:
        note_use(work, test_set, occasion, now=services.now())
        work.commit()


def _scored(services: PipelineServices, model: ModelVersion, cases: Sequence[TestCase]) -> Scores:
    pictures = services.pictures(model.image_size).gather([case.study for case in cases])
    package = open_package(services.storage.objects.get(model.digest))
    return score(package, pictures, threads=services.settings.inference_threads)


def draw(
    work: UnitOfWork,
    cases: Sequence[TestCase],
    *,
    n: int,
    readers: Sequence[PersonKey],
    rng: np.random.Generator,
) -> list[TestCase]:
    """Return `n` cases in random order, half of them (of an odd number one more) with a finding.

    A study that nobody can be shown is left out, and one that a reader has reported, corrected or read.
    """
    shown = _shown(work, [case.study for case in cases])
    drawn: list[TestCase] = []
    for label, wanted in ((Label.HAS_FINDING, (n + 1) // 2), (Label.NO_FINDING, n // 2)):
        among = [case for case in cases if case.label is label and case.study in shown]
        fit = [case for case in among if not _is_known(work, case.study, readers)]
        if len(fit) < wanted:
            raise EvidenceError(
                f"{wanted} studies with the label {label} are asked for, and {len(fit)} of the test set have "
                "a stored picture that none of these readers has reported, corrected or read; ask for fewer"
            )
        drawn += [fit[place] for place in rng.permutation(len(fit))[:wanted]]
    return [drawn[place] for place in rng.permutation(n)]


def _shown(work: UnitOfWork, uids: Sequence[StudyUid]) -> set[StudyUid]:
    """Return the studies whose picture is stored and may be shown."""
    pictures = work.studies.first_instances(uids)
    held = {study.uid for study in work.studies.in_state(StudyState.QUARANTINED)}
    return {uid for uid, instance in pictures.items() if instance.rows > 0 and uid not in held}


def _is_known(work: UnitOfWork, study: StudyUid, readers: Sequence[PersonKey]) -> bool:
    report = work.reports.latest(study)
    seen: set[PersonKey | None] = {correction.by for correction in work.corrections.of_study(study)}
    seen |= {read.by for case in work.cases.of_study(study) for read in case.reads}
    seen |= set() if report is None else {report.signed_by, report.edited_by}
    return not seen.isdisjoint(readers)
