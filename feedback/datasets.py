"""From labels to a frozen dataset version: registered studies and corrections, never a test patient."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from feedback.leaks import Alike, Guard, Leak, leaks, look_alikes, same_people
from overread.domain.adjudication import Grade
from overread.domain.audit import AuditEvent
from overread.domain.corrections import Correction, standing
from overread.domain.datasets import DatasetVersion, Split
from overread.domain.errors import EvidenceError
from overread.domain.findings import Finding, Label
from overread.domain.identifiers import Digest, PatientKey, StudyUid, derived_id
from overread.domain.labels import StudyLabel, prevailing
from overread.domain.studies import Study
from overread.domain.tasks import Task
from overread.store.objects import Objects
from overread.store.records import parsed, plain
from overread.store.unit_of_work import UnitOfWork

MOST_MANIFESTS = 64  # whose corrected studies a process remembers: some hundred bytes a study
_CLAIM = "claim"  # the source of a label that nobody has adjudicated


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetRow:
    """One study of a dataset; boxes of `findings` are shares of the picture's width and height (0 to 1)."""

    study: StudyUid
    patient: PatientKey
    split: Split
    label: Label
    grade: Grade
    correction: bool
    complete: bool
    findings: tuple[tuple[str, tuple[float, float, float, float] | None], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """Which studies go in: the registered set always, adjudicated corrections, or claims as filed."""

    corrections: bool = True
    registered: bool = True
    unadjudicated: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """What a dataset version will hold, and which look-alikes leave it; not kept yet."""

    task: str
    recipe: Recipe
    rows: tuple[DatasetRow, ...]
    leaks: tuple[Leak, ...]


def gather(
    work: UnitOfWork,
    *,
    task: Task,
    recipe: Recipe,
    compare: Callable[[Sequence[Study]], Alike] = look_alikes,
    guard: Guard = same_people,
) -> Gathered:
    """Return the training and tuning studies as they are labelled now, without what leaks into the test set.

    Looking for look-alikes among thousands of studies takes seconds: gather in a reading unit, so that no
    writer waits; `compare` may remember what it has seen. `guard` names what else must not be learned beside
    the studies of the test split: of one person, or of one exposure under another name.

    Raises
    ------
    EvidenceError
        There is nothing to train on, or one class only.
    """
    studies, splits = work.studies.all(cohort=True), work.studies.splits()
    found = leaks(compare(studies), {study.uid: splits[study.patient] for study in studies})
    leaving = {leak.leaves for leak in found}
    rows = [row for row in _rows(work, recipe, studies, splits) if row.study not in leaving]
    by_uid = {study.uid: study for study in studies}
    tested = {study.uid: study.patient for study in studies if splits[study.patient] is Split.TEST}
    hidden = guard(work, by_uid, {row.study: row.patient for row in rows}, tested)
    leaving = {leak.leaves for leak in hidden}
    rows = [row for row in rows if row.study not in leaving]
    classes = Counter(row.label for row in rows if row.split is Split.TRAIN)
    if len(classes) < len(Label):
        raise EvidenceError(
            "a dataset needs training studies of both classes; import or adjudicate some first"
        )
    return Gathered(task=task.name, recipe=recipe, rows=tuple(rows), leaks=(*found, *hidden))


def keep(work: UnitOfWork, objects: Objects, gathered: Gathered, *, by: str, now: datetime) -> DatasetVersion:
    """Freeze what was gathered as a dataset version; the same content gives the same version."""
    rows, recipe = gathered.rows, gathered.recipe
    digest = frozen(objects, gathered)
    version = derived_id("dataset", gathered.task, digest)[:16]
    before = work.datasets.all()
    known = [dataset for dataset in before if dataset.version == version]
    if known:
        return known[0]
    counts = Counter(f"{row.split}.{row.label}" for row in rows)
    dataset = DatasetVersion(
        version=version,
        digest=digest,
        task=gathered.task,
        created_at=now,
        counts=dict(sorted(counts.items())),
        corrections=sum(row.correction for row in rows),
        parent=before[-1].version if before else None,
        registered=recipe.registered,
    )
    work.datasets.add(dataset)
    work.audit.append(
        AuditEvent(
            at=now,
            by=by,
            action="dataset-built",
            subject=f"dataset:{version}",
            details={
                "digest": digest,
                "corrections": dataset.corrections,
                "counts": dict(dataset.counts),
                "left_out": [
                    {"study": leak.leaves, "because_of": leak.stays, "kind": leak.kind}
                    for leak in gathered.leaks
                ],
            },
        )
    )
    return dataset


def frozen(objects: Objects, gathered: Gathered) -> Digest:
    """Store what was gathered as it is, and return by which digest `load` finds it."""
    rows = [plain(row) for row in gathered.rows]
    manifest = {"task": gathered.task, "recipe": plain(gathered.recipe), "rows": rows}
    return objects.put(json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode())


def load(objects: Objects, digest: Digest) -> list[DatasetRow]:
    """Return the rows of a frozen dataset."""
    return [parsed(DatasetRow, row) for row in json.loads(objects.get(digest))["rows"]]


@lru_cache(maxsize=MOST_MANIFESTS)
def corrected(objects: Objects, digest: Digest) -> Mapping[StudyUid, Split]:
    """Return the studies whose label in a frozen dataset is a correction, and what each is there for.

    What a digest names never changes, so it is read once a process.
    """
    rows = json.loads(objects.get(digest))["rows"]
    return {StudyUid(row["study"]): Split(row["split"]) for row in rows if row["correction"]}


def _rows(
    work: UnitOfWork, recipe: Recipe, studies: Iterable[Study], splits: Mapping[PatientKey, Split]
) -> list[DatasetRow]:
    labels = work.labels.by_study()
    claims = _claims(work) if recipe.unadjudicated else {}
    rows = []
    for study in sorted(studies, key=lambda study: study.uid):  # databases sort text differently
        split = splits[study.patient]
        if split is Split.TEST:
            continue
        label = prevailing(_admitted(labels.get(study.uid, []), recipe, split))
        label = claims.get(study.uid, label) if split is Split.TRAIN else label
        if label is not None:
            rows.append(_row(study, split, label))
    return rows


def _admitted(labels: Iterable[StudyLabel], recipe: Recipe, split: Split) -> list[StudyLabel]:
    """Keep registered labels (they came in with a collection) and what cases settled; never thin tuning."""
    registered = recipe.registered or split is Split.TUNE
    return [
        label
        for label in labels
        if (registered and label.registered) or (recipe.corrections and label.adjudicated)
    ]


def _claims(work: UnitOfWork) -> dict[StudyUid, StudyLabel]:
    """Return what was claimed, as filed, before anybody adjudicated it; the latest word counts."""
    words: dict[StudyUid, list[Correction]] = {}
    for word in work.corrections.all():
        words.setdefault(word.study, []).append(word)
    return {
        claim.study: StudyLabel(
            id=claim.id,
            study=claim.study,
            label=claim.label,
            grade=Grade.SINGLE,
            source=_CLAIM,
            at=claim.at,
            findings=claim.findings,
        )
        for said in words.values()
        for claim in standing(said)
        if claim.disagrees
    }


def _row(study: Study, split: Split, label: StudyLabel) -> DatasetRow:
    return DatasetRow(
        study=study.uid,
        patient=study.patient,
        split=split,
        label=label.label,
        grade=label.grade,
        correction=label.adjudicated or label.source == _CLAIM,
        complete=label.complete,
        findings=tuple(unit_boxes(label.findings, study)),
    )


def unit_boxes(
    findings: Iterable[Finding], study: Study
) -> list[tuple[str, tuple[float, float, float, float] | None]]:
    """Return each finding's code and its box as shares of the picture, None where it was not marked."""
    return [(finding.code, _share(finding, study)) for finding in findings]


def _share(finding: Finding, study: Study) -> tuple[float, float, float, float] | None:
    rows, columns = study.acquisition.rows, study.acquisition.columns
    if finding.box is None or not rows or not columns:
        return None
    x0, y0, x1, y1 = finding.box.corners
    return (x0 / columns, y0 / rows, x1 / columns, y1 / rows)
