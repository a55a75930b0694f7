"""Which way to learn from corrections is best: every strategy of a training file, side by side.

All start from one released version, learn from one dataset version, and are measured on the tuning set; the
frozen test set is not asked, and nothing is registered. Sensitivities are at the specificity that the recipe
asks of a first model, each network at its own threshold.
"""

import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from feedback.datasets import DatasetRow, load
from model_registry.evaluation import DRAWS, score
from model_registry.packaging import open_package
from overread.domain.datasets import DatasetVersion, Split
from overread.domain.errors import EvidenceError
from overread.domain.estimates import Estimate
from overread.domain.identifiers import Digest
from overread.domain.models import ModelVersion
from overread.learning.forgetting import fallen, sensitivity_by_finding
from overread.learning.recipes import VARIANTS, Recipe, read_recipe
from overread.learning.scoring import threshold_at_specificity
from overread.measures.counted_resampling import auc_bootstrap
from overread.measures.proportion import clustered_proportion
from overread.measures.resampling import BootstrapEstimate
from pipeline.candidates import Plan, find_recipe, jobs_of, train_side_by_side
from pipeline.cases import baseline_beside, cases_of_rows
from pipeline.labelling import columns_of, rows_as_labels, truth_of
from pipeline.services import PipelineServices
from pipeline.training import Trained

CORRECTED_AT_LEAST = 10  # corrections that name a finding
TWICE = 2.0  # as often as older labels name it: what the corrections are about
FALL = 0.05  # of a finding's sensitivity, that is worth a line

Truth = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class Strategy:
    """How one way of learning did on the tuning set, patients as the unit of all limits.

    `lost` is a share of what the parent had right.
    """

    name: str
    auc: BootstrapEstimate
    sensitivity: Estimate
    corrected: Estimate
    lost: Estimate
    falls: dict[str, float]
    cpu_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """All strategies on one dataset version, the parent first; `codes` are the corrected findings.

    `grey_levels` is the AUC of a model that sees the histogram alone, None where patients are too few for it;
    `note` says where the tuning set is too small for a verdict.
    """

    parent: str
    dataset: str
    corrections: int
    codes: tuple[str, ...]
    specificity: float
    strategies: tuple[Strategy, ...]
    grey_levels: Estimate | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tuning:
    """The tuning set as every strategy meets it, and which of its studies the parent has right."""

    rows: Sequence[DatasetRow]
    pictures: NDArray[np.uint8]
    specificity: float
    shows_corrected: Truth

    @property
    def truth(self) -> Truth:
        """Which studies have a finding."""
        shown: Truth = truth_of(self.rows) == 1
        return shown

    @property
    def patients(self) -> NDArray[np.str_]:
        """Whose study each is."""
        return np.array([str(row.patient) for row in self.rows], str)

    def share(self, hits: Truth, among: Truth) -> Estimate:
        """Return the share of `hits` among some studies."""
        return clustered_proportion(hits[among], self.patients[among])

    def called(self, probability: NDArray[np.float32]) -> Truth:
        """Which studies a network calls at the common specificity."""
        threshold = threshold_at_specificity(self.truth, probability, self.specificity)
        return probability >= threshold


def compare_strategies(
    services: PipelineServices,
    *,
    training: str = "corrections",
    seed: int = 1,
    on_progress: Callable[[float], None] = lambda _: None,
) -> Comparison:
    """Train every variant of a training file from the first released version, and measure them all.

    Raises
    ------
    EvidenceError
        No version was released, or no dataset version holds corrections.
    """
    parent, dataset = _material(services)
    path = find_recipe(training)
    names = list(tomllib.loads(path.read_text(encoding="utf-8")).get(VARIANTS, {}))
    plans = [
        Plan(dataset=dataset.version, recipe=training, variant=name, seed=seed, parent=parent.version)
        for name in names
    ]
    trained = train_side_by_side(services, jobs_of(services, plans), on_progress=on_progress)
    recipe = read_recipe(path)
    rows = load(services.storage.objects, dataset.digest)
    codes = corrected_codes([row for row in rows if row.split is Split.TRAIN])
    tuning = _tuning(services, rows, recipe, codes)
    before = _probability(services, parent.digest, tuning)
    answers = [_probability(services, one.package, tuning) for one in trained]
    return Comparison(
        parent=parent.version,
        dataset=dataset.version,
        corrections=dataset.corrections,
        codes=codes,
        specificity=tuning.specificity,
        strategies=(
            _measured("(parent)", before, before, tuning, cpu_seconds=0.0),
            *(
                _measured(name, before, after, tuning, cpu_seconds=_cost(one))
                for name, after, one in zip(names, answers, trained, strict=True)
            ),
        ),
        grey_levels=_grey_levels(tuning),
        note=_note(tuning.truth, services.task.minimum_verdict_class),
    )


def corrected_codes(training: Sequence[DatasetRow]) -> tuple[str, ...]:
    """Return what corrections are about: findings they name twice as often as older labels do, or more."""
    counts = {
        corrected: Counter(
            code
            for row in training
            if row.correction is corrected
            for code in {code for code, _ in row.findings}
        )
        for corrected in (False, True)
    }
    n = Counter(row.correction for row in training)
    return tuple(
        sorted(
            code
            for code, count in counts[True].items()
            if count >= CORRECTED_AT_LEAST
            and count / n[True] >= TWICE * counts[False][code] / max(1, n[False])
        )
    )


def _material(services: PipelineServices) -> tuple[ModelVersion, DatasetVersion]:
    """Return the first released version, and the newest dataset version that holds corrections."""
    with services.storage.look() as work:
        released = work.models.successions(services.task.name)
        parent = work.models.get(released[0].version) if released else None
        datasets = [one for one in work.datasets.all() if one.corrections and one.registered]
    if parent is None:
        raise EvidenceError("no version has been released to start from; promote a first one")
    if not datasets:
        raise EvidenceError(
            "no dataset version holds corrections; adjudicate some, then `overread dataset build`"
        )
    return parent, datasets[-1]


def _tuning(
    services: PipelineServices, rows: Sequence[DatasetRow], recipe: Recipe, codes: Sequence[str]
) -> _Tuning:
    source = services.pictures(recipe.contract.size)
    readable = set(source.readable([row.study for row in rows if row.split is Split.TUNE]))
    kept = [row for row in rows if row.study in readable]
    return _Tuning(
        rows=kept,
        pictures=source.gather([row.study for row in kept]),
        specificity=recipe.threshold.specificity,
        shows_corrected=np.array([any(code in codes for code, _ in row.findings) for row in kept]),
    )


def _probability(services: PipelineServices, package: Digest, tuning: _Tuning) -> NDArray[np.float32]:
    return score(open_package(services.storage.objects.get(package)), tuning.pictures).probability[:, 0]


def _grey_levels(tuning: _Tuning) -> Estimate | None:
    baseline = baseline_beside(cases_of_rows(tuning.rows), tuning.pictures)
    return None if baseline is None else baseline.auc


def _note(truth: Truth, needed: int) -> str:
    fewest = min(int(truth.sum()), int((~truth).sum()))
    return f"No verdict: {fewest} of one class, fewer than {needed}." if fewest < needed else ""


def _cost(trained: Trained) -> float:
    return sum(float(leg.get("cpu_seconds", 0.0)) for leg in trained.history)


def _measured(
    name: str,
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    tuning: _Tuning,
    *,
    cpu_seconds: float,
) -> Strategy:
    truth, called = tuning.truth, tuning.called(after)
    was_right, is_right = tuning.called(before) == truth, called == truth
    columns = columns_of(tuning.rows)
    labels = rows_as_labels(tuning.rows, columns).labels
    by_finding = [
        sensitivity_by_finding(scores, labels, columns, specificity=tuning.specificity)
        for scores in (before, after)
    ]
    return Strategy(
        name=name,
        auc=auc_bootstrap(truth, after, cluster=tuning.patients, draws=DRAWS),
        sensitivity=tuning.share(called, truth),
        corrected=tuning.share(called, tuning.shows_corrected),
        lost=tuning.share(~is_right, was_right),
        falls=fallen(*by_finding, tolerance=FALL),
        cpu_seconds=cpu_seconds,
    )
