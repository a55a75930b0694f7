"""A candidate on the frozen test set: the look is written first, all are scored on the same studies."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial

from feedback.datasets import unit_boxes
from model_registry.baseline import histogram_baseline
from model_registry.comparison import Contender, truth_of
from model_registry.evaluation import score
from model_registry.gate import Field, Judgement, judge, ledger_record, settle
from model_registry.kept_scores import Scores, keep_scores, kept_scores
from model_registry.ledger import Question, take_look
from model_registry.logbook import log_judgement
from model_registry.packaging import open_package
from model_registry.recording import recorded
from model_registry.test_set import TestCase, cases_of, freeze
from overread.domain.datasets import Look, Split, TestSet, Use
from overread.domain.errors import EvidenceError, RuleError
from overread.domain.findings import Label
from overread.domain.identifiers import Digest, VersionKey
from overread.domain.labels import StudyLabel, prevailing
from overread.domain.models import ModelVersion
from overread.store.records import plain
from overread.store.unit_of_work import UnitOfWork
from pipeline.cards import keep_cards
from pipeline.leaks import refuse_leaks
from pipeline.remembered import remember, remembered
from pipeline.services import PipelineServices

EXPERIMENT = "comparison"


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """A finished comparison, kept among the objects as JSON."""

    version: VersionKey
    verdict: str
    record: Digest
    run: str


class UnbridgedError(RuleError):
    """The test set was refreshed, and nobody has measured yet what that alone does to the numbers."""

    code = "unbridged"

    def __init__(self, version: str) -> None:
        super().__init__(
            f"test set {version} has no bridge to the one before yet; run "
            "`overread dataset refresh-test-set` again, it goes on where it stopped"
        )
        self.version = version


def frozen_test_set(services: PipelineServices) -> TestSet:
    """Return the frozen test set, frozen now from registered labels if there is none yet.

    Raises
    ------
    UnbridgedError
        It was refreshed, and its bridge was not finished.
    """
    with services.storage.work() as work:
        known = work.datasets.test_set()
        if known is not None:
            if known.unbridged:
                raise UnbridgedError(known.version)
            return known
        made = freeze(
            work,
            services.storage.objects,
            test_cases(work),
            task=services.task.name,
            policy=services.policy,
            now=services.now(),
        )
        work.commit()
        return made


def test_cases(work: UnitOfWork) -> list[TestCase]:
    """Return the labelled studies of the test split as they are labelled now.

    A study comes in by a registered label alone: one that was read because somebody disputed it is harder
    than the rest. Its erratum, where readers settled one, then says what is true of it.

    Raises
    ------
    EvidenceError
        There is none.
    """
    labels, splits = work.labels.by_study(), work.studies.splits()
    settled = {erratum.study for erratum in work.labels.errata()}
    cases = []
    for study in work.studies.all(cohort=True):
        label = prevailing(_admitted(labels.get(study.uid, []), settled=study.uid in settled))
        if splits[study.patient] is not Split.TEST or label is None:
            continue
        cases.append(
            TestCase(
                study=study.uid,
                patient=study.patient,
                label=label.label,
                findings=tuple(f.code for f in label.findings) if label.label is Label.HAS_FINDING else (),
                maker=study.acquisition.manufacturer,
                sex=study.acquisition.sex,
                age=study.acquisition.age,
                boxes=tuple(box for _, box in unit_boxes(label.findings, study) if box is not None),
            )
        )
    if not cases:
        raise EvidenceError("no labelled study belongs to the test split; import more studies first")
    return cases


def _admitted(labels: Sequence[StudyLabel], *, settled: bool) -> list[StudyLabel]:
    registered = [label for label in labels if label.registered]
    read = [label for label in labels if label.adjudicated]
    return [*registered, *read] if settled and registered else registered


def compare(
    services: PipelineServices, version: str, *, by: str, why: str, beside: Mapping[str, str] | None = None
) -> Compared:
    """Put a candidate before the gate with production and anchor; `beside` names others shown.

    Raises
    ------
    LeakError
        The candidate learned from a patient or a picture of the test set; no look is spent.
    LooksSpentError
        The test set answers no more questions.
    """
    test_set = frozen_test_set(services)
    cases = cases_of(services.storage.objects, test_set)
    refuse_leaks(services, version, cases)
    with services.storage.work() as work:
        candidate = work.models.get(version)
        production = work.models.production(services.task.name)
        history = work.models.successions(services.task.name)
        anchor = work.models.get(history[0].version) if history else None
        shown = {name: work.models.get(other) for name, other in (beside or {}).items()}
        question = Question(
            candidate=candidate.version, production=production.version if production else None, by=by, why=why
        )
        look = take_look(work, test_set, question, policy=services.policy, now=services.now())
        work.commit()
    scored = partial(contender, services, test_set=test_set, cases=cases, entry=look)
    field = Field(
        candidate=scored(candidate),
        production=None if production is None else scored(production),
        anchor=None if anchor is None else scored(anchor),
        beside=tuple((name, scored(other)) for name, other in shown.items()),
    )
    judgement = judge(
        cases, field, policy=services.policy, look=look, baseline=baseline_of(services, test_set, cases)
    )
    run, cards = _log(services, judgement, look, test_set)
    with services.storage.work() as work:
        settle(work, look, judgement, now=services.now())
        work.commit()
    record = {
        **judgement.record,
        "policy_values": plain(services.policy),
        "ledger": ledger_record(look, test_set),
        "mlflow_run": run,
        "model_card": cards.get(candidate.version),
    }
    digest = services.storage.objects.put(json.dumps(record, sort_keys=True, allow_nan=False).encode())
    return Compared(version=candidate.version, verdict=judgement.verdict, record=digest, run=run)


def contender(
    services: PipelineServices,
    model: ModelVersion,
    *,
    test_set: TestSet,
    cases: Sequence[TestCase],
    entry: Look | Use,
) -> Contender:
    """Return a model with its scores on the test set, under its row in the ledger."""
    scores = test_scores(services, model, test_set, cases, entry=entry)
    return Contender(
        version=model.version,
        digest=model.digest,
        threshold=model.threshold,
        scores=scores.probability[:, 0],
        maps=scores.map,
    )


def test_scores(
    services: PipelineServices,
    model: ModelVersion,
    test_set: TestSet,
    cases: Sequence[TestCase],
    *,
    entry: Look | Use,
) -> Scores:
    """Return a model's scores on the test set, computed once; `entry` is the ledger's row that says why.

    There is no other way to score the test set, and none without a row: who wants scores, writes one first.
    """
    if entry.test_set != test_set.version:
        raise ValueError(f"the ledger's row is of test set {entry.test_set}, not of {test_set.version}")
    objects = services.storage.objects
    with services.storage.look() as work:
        known = kept_scores(work, objects, model=model.digest, dataset=test_set.digest)
    if known is not None:
        return known
    pictures = services.pictures(model.image_size).gather([case.study for case in cases])
    scores = score(
        open_package(objects.get(model.digest)), pictures, threads=services.settings.inference_threads
    )
    with services.storage.work() as work:
        keep_scores(work, objects, scores, model=model.digest, dataset=test_set.digest, now=services.now())
        work.commit()
    return scores


def baseline_of(
    services: PipelineServices, test_set: TestSet, cases: Sequence[TestCase]
) -> Mapping[str, object] | None:
    """Return what grey levels alone say of the test set, computed once; None where patients are too few."""
    place = services.settings.caches / f"baseline-{test_set.version}.json"
    if (known := remembered(place)) is not None:
        return known
    pictures = services.pictures().gather([case.study for case in cases])
    try:
        baseline = histogram_baseline(pictures, truth_of(cases), [case.patient for case in cases])
    except EvidenceError:
        return None
    found = {name: recorded(value) for name, value in asdict(baseline).items()}
    remember(place, found)
    return found


def _log(
    services: PipelineServices, judgement: Judgement, look: Look, test_set: TestSet
) -> tuple[str, dict[str, Digest]]:
    """Log everyone side by side in one run, and the cards of those who are new to the test set."""
    now = services.now()
    with services.tracking.run(EXPERIMENT, f"look-{look.look}", key=look.id, now=now) as record:
        log_judgement(record, judgement, look=look, test_set=test_set, at=now)
        cards = keep_cards(services, judgement, test_set)
        for version, card in cards.items():
            content = services.storage.objects.get(card).decode()
            record.document(f"model_card_{version}.html", content)
        return record.id, cards


def record_of(services: PipelineServices, digest: Digest) -> dict[str, object]:
    """Return the record of a comparison."""
    found: dict[str, object] = json.loads(services.storage.objects.get(digest))
    return found
