"""What became of what a person said: claim, case, label, dataset version, model version."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from feedback.datasets import corrected
from overread.domain.adjudication import Case, CaseState
from overread.domain.corrections import Correction
from overread.domain.datasets import DatasetVersion, Split
from overread.domain.identifiers import PersonKey, StudyUid
from overread.domain.labels import StudyLabel
from overread.domain.models import ModelState, ModelVersion
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork


class Fate(StrEnum):
    """Where a claim stands: taken back, kept, being read, or settled one way or the other."""

    WITHDRAWN = "withdrawn"
    NOTED = "noted"
    IN_READ = "in_read"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Learned:
    """The first dataset version that holds what was settled; the models trained on it or on a later one."""

    dataset: DatasetVersion
    split: Split
    models: tuple[ModelVersion, ...]

    @property
    def model(self) -> ModelVersion | None:
        """The model to name: the one that serves, otherwise the latest; None while there is none."""
        serving = [model for model in self.models if model.state is ModelState.PRODUCTION]
        return next(iter(serving or self.models[::-1]), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One correction and how far it came; what is not reached yet is None."""

    said: Correction
    fate: Fate
    label: StudyLabel | None = None
    learned: Learned | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Holding:
    """A dataset version, what of it was corrected, and the models trained on it, the oldest first."""

    dataset: DatasetVersion
    corrected: Mapping[StudyUid, Split]
    models: tuple[ModelVersion, ...]


def outcomes_of(
    work: UnitOfWork, objects: Objects, person: PersonKey, *, limit: int | None = None
) -> list[Outcome]:
    """Return what became of a person's corrections, the latest first."""
    words = work.corrections.latest_by(person, limit=limit)
    cases = work.cases.some({word.case for word in words if word.case is not None})
    labels = _settled(work, cases.values())
    holdings = holdings_since(work, objects, min((label.at for label in labels.values()), default=None))
    return [_outcome(word, cases, labels, holdings) for word in words]


def _outcome(
    said: Correction,
    cases: Mapping[str, Case],
    labels: Mapping[str, StudyLabel],
    holdings: Sequence[Holding],
) -> Outcome:
    case = None if said.case is None else cases.get(said.case)
    if said.withdrawn_at is not None or case is None:
        return Outcome(said=said, fate=Fate.NOTED if said.withdrawn_at is None else Fate.WITHDRAWN)
    label = labels.get(case.id)
    if label is None:
        return Outcome(said=said, fate=Fate.IN_READ)
    fate = Fate.ACCEPTED if label.label is said.label else Fate.NOT_ACCEPTED
    return Outcome(said=said, fate=fate, label=label, learned=learned(label.study, label.at, holdings))


def _settled(work: UnitOfWork, cases: Iterable[Case]) -> dict[str, StudyLabel]:
    """Return the labels that closed cases settled, by case."""
    studies = sorted({case.study for case in cases if case.state is CaseState.CLOSED})
    found = work.labels.of_studies(studies).values()
    return {label.case: label for labels in found for label in labels if label.case is not None}


def holdings_since(work: UnitOfWork, objects: Objects, since: datetime | None) -> list[Holding]:
    """Return the dataset versions since an instant, in order; none without one."""
    if since is None:
        return []
    models = work.models.all()
    return [
        Holding(
            dataset=dataset,
            corrected=corrected(objects, dataset.digest),
            models=tuple(model for model in models if model.lineage.dataset_version == dataset.version),
        )
        for dataset in work.datasets.all()
        if dataset.created_at >= since
    ]


def learned(study: StudyUid, at: datetime, holdings: Iterable[Holding]) -> Learned | None:
    """Return where a label settled at `at` went; None while no dataset holds it, and for a test patient's."""
    found = [each for each in holdings if each.dataset.created_at >= at and study in each.corrected]
    if not found:
        return None
    models = sorted(
        (model for each in found for model in each.models),
        key=lambda model: (model.trained_at, model.version),
    )
    first = found[0]
    return Learned(dataset=first.dataset, split=first.corrected[study], models=tuple(models))
